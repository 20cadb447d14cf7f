//! Reading a list to its end, page by page: pure; the caller sends.

use serde_json::Value as Json;

use super::failure::ApiFailure;
use super::port::Get;
use super::response::Response;
use crate::catalogue::kind::{Kind, List, Paging};

/// The most items that page-wise lists give (`page * per_page + per_page <= 1000`).
pub const OFFSET_BOUND: usize = 1000;

/// A list being read.
#[derive(Debug)]
pub struct Cursor<'k> {
    list: &'k List,
    path: String,
    items: Vec<Json>,
    total: Option<usize>,
    page: usize,
    pages_planned: bool,
}

/// What to do after a page.
#[derive(Debug)]
pub enum Next {
    /// These pages remain and may be asked for in parallel.
    Pages(Vec<Get>),
    Done,
}

impl<'k> Cursor<'k> {
    /// Starts a list at a filled path. Returns `None` for a kind that has no list.
    pub fn start(kind: &'k Kind, path: String) -> Option<(Self, Get)> {
        Some(Self::of(kind.list.as_ref()?, path))
    }

    /// Starts a list at a filled path.
    pub fn of(list: &'k List, path: String) -> (Self, Get) {
        let cursor = Self { list, path, items: Vec::new(), total: None, page: 0, pages_planned: false };
        let first = cursor.get(0, None);
        (cursor, first)
    }

    fn size(&self) -> usize {
        self.list.take.unwrap_or(100) as usize
    }

    fn get(&self, page: usize, from: Option<&str>) -> Get {
        let mut query: Vec<(String, String)> = self.list.query.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        let mut add = |key: &str, value: String| query.push((key.to_owned(), value));
        match self.list.paging {
            Paging::None => {}
            Paging::Offset => {
                add("per_page", self.size().to_string());
                add("page", page.to_string());
                add("include_totals", "true".to_owned());
            }
            Paging::UntilShort => {
                add("per_page", self.size().to_string());
                add("page", page.to_string());
            }
            Paging::Checkpoint => {
                add("take", self.size().to_string());
                if let Some(from) = from {
                    add("from", from.to_owned());
                }
            }
        }
        Get { path: self.path.clone(), query }
    }

    /// Takes a page in (any order for parallel pages) and says what remains.
    ///
    /// # Errors
    /// If the answer is no page. Taken as an empty one, everything would seem to be missing in the tenant.
    pub fn accept(&mut self, response: &Response) -> Result<Next, ApiFailure> {
        let (items, envelope) = match &response.body {
            Json::Array(items) => (items.clone(), None),
            Json::Object(map) => match map.get(&self.list.items) {
                Some(Json::Array(items)) => (items.clone(), Some(map)),
                Some(Json::Null) => (Vec::new(), Some(map)),
                _ => return Err(self.no_page()),
            },
            _ => return Err(self.no_page()),
        };
        let got = items.len();
        self.items.extend(items);
        let number = |key: &str| envelope.and_then(|m| m.get(key)).and_then(Json::as_u64).map(|n| n as usize);
        let next = match self.list.paging {
            Paging::None => Next::Done,
            Paging::Offset => {
                if let Some(total) = number("total") {
                    self.total = Some(total);
                }
                if self.pages_planned || envelope.is_none() {
                    return Ok(Next::Done);
                }
                self.pages_planned = true;
                let reachable = self.total.unwrap_or(got).min(OFFSET_BOUND);
                let pages = reachable.div_ceil(self.size());
                let rest: Vec<Get> = (1..pages).map(|page| self.get(page, None)).collect();
                if rest.is_empty() { Next::Done } else { Next::Pages(rest) }
            }
            Paging::UntilShort => {
                if let Some(total) = number("total") {
                    self.total = Some(total);
                }
                self.page += 1;
                let finished = got < self.size() || self.total.is_some_and(|total| self.items.len() >= total);
                if finished { Next::Done } else { Next::Pages(vec![self.get(self.page, None)]) }
            }
            Paging::Checkpoint => match envelope.and_then(|m| m.get("next")).and_then(Json::as_str) {
                Some(next) if !next.is_empty() && got > 0 => Next::Pages(vec![self.get(0, Some(next))]),
                _ => Next::Done,
            },
        };
        Ok(next)
    }

    fn no_page(&self) -> ApiFailure {
        ApiFailure::Transport {
            request: format!("GET {}", self.path),
            reason: format!("the answer holds no list `{}`", self.list.items),
        }
    }

    /// Returns the items and, if the server named a total that was not reached, that total.
    pub fn finish(self) -> (Vec<Json>, Option<usize>) {
        let short = self.total.filter(|total| *total > self.items.len());
        (self.items, short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn list(paging: Paging) -> List {
        List {
            items: "roles".into(),
            paging,
            take: Some(2),
            query: indexmap::IndexMap::new(),
            incomplete: false,
            optional: false,
        }
    }

    #[test]
    fn offset_pages_are_planned_at_once() {
        let list = list(Paging::Offset);
        let mut cursor =
            Cursor { list: &list, path: "/roles".into(), items: vec![], total: None, page: 0, pages_planned: false };
        let first = Response::new(200, json!({"roles": [1, 2], "total": 5, "start": 0, "limit": 2}));
        let Ok(Next::Pages(rest)) = cursor.accept(&first) else { panic!("more pages") };
        assert_eq!(rest.len(), 2);
        cursor.accept(&Response::new(200, json!({"roles": [3, 4], "total": 5}))).unwrap();
        cursor.accept(&Response::new(200, json!({"roles": [5], "total": 5}))).unwrap();
        assert_eq!(cursor.finish(), (vec![json!(1), json!(2), json!(3), json!(4), json!(5)], None));
    }

    #[test]
    fn a_total_that_is_not_reached_is_said() {
        let list = list(Paging::Offset);
        let mut cursor =
            Cursor { list: &list, path: "/roles".into(), items: vec![], total: None, page: 0, pages_planned: false };
        cursor.accept(&Response::new(200, json!({"roles": [1], "total": 2}))).unwrap();
        assert_eq!(cursor.finish().1, Some(2));
    }

    #[test]
    fn what_is_no_page_is_never_an_empty_one() {
        let list = list(Paging::Offset);
        let mut cursor =
            Cursor { list: &list, path: "/roles".into(), items: vec![], total: None, page: 0, pages_planned: false };
        for body in [json!({}), json!({"total": 1}), json!({"roles": {}}), json!("roles"), Json::Null] {
            let failure = cursor.accept(&Response::new(200, body)).unwrap_err().to_string();
            assert_eq!(failure, "GET /roles got no usable answer: the answer holds no list `roles`");
        }
    }
}
