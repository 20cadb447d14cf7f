//! Lists: filters, pages, envelopes. The limits are the real ones, so that a client that ignores them fails here too.

use serde_json::{Map, Value as Json, json};

use super::refusal::Refusal;
use super::spot;
use super::tenant::Answer;
use crate::api::paging::OFFSET_BOUND;
use crate::api::request::Request;
use crate::api::response::Response;
use crate::catalogue::kind::{Kind, Paging};
use crate::catalogue::server::Envelope;

/// How many items a page holds when nobody says.
const DEFAULT_PAGE: usize = 50;
/// The largest page of kinds that say nothing else.
const LARGEST_PAGE: usize = 100;

/// One entry of a list before it is shown: its id and what the store holds.
pub type Entry<'s> = (&'s str, &'s Json);

/// Returns the value of a query parameter.
pub fn param<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// Answers a list of a kind: filters, cuts out the page, shows its items, wraps them.
pub fn answer<'s>(
    kind: &Kind,
    entries: impl Iterator<Item = Entry<'s>>,
    request: &Request,
    show: &dyn Fn(Entry<'s>) -> Json,
) -> Answer {
    let items = kind.list.as_ref().map_or("items", |list| list.items.as_str());
    answer_as(kind, items, entries, request, show)
}

/// The same with another name for the items.
pub fn answer_as<'s>(
    kind: &Kind,
    items: &str,
    entries: impl Iterator<Item = Entry<'s>>,
    request: &Request,
    show: &dyn Fn(Entry<'s>) -> Json,
) -> Answer {
    let mut filtered: Vec<Entry<'s>> = entries.filter(|(_, object)| passes(kind, object, request)).collect();
    if kind.server.by_id {
        filtered.sort_by_key(|(id, _)| *id);
    }
    let page = Page::asked(kind, request)?;
    let (from, to) = page.range(&filtered)?;
    let shown: Vec<Json> = filtered.get(from..to).unwrap_or_default().iter().map(|entry| show(*entry)).collect();
    let next = (to < filtered.len()).then(|| filtered.get(to.wrapping_sub(1)).map(|(id, _)| cursor(id))).flatten();
    Ok(Response::new(200, page.wrap(items, shown, filtered.len(), next)))
}

/// Answers a list that holds nothing.
pub fn empty(kind: &Kind, items: &str, request: &Request) -> Answer {
    let page = Page::asked(kind, request)?;
    Ok(Response::new(200, page.wrap(items, Vec::new(), 0, None)))
}

fn passes(kind: &Kind, object: &Json, request: &Request) -> bool {
    is_found(kind, object, request) && is_of(kind, object, request)
}

/// Says whether a search by a field that may be searched finds the object; what else is asked finds nothing.
fn is_found(kind: &Kind, object: &Json, request: &Request) -> bool {
    let Some(query) = param(request, "q").filter(|_| !kind.server.searched.is_empty()) else { return true };
    let Some((field, text)) = query.split_once(':') else { return false };
    let has = kind.server.searched.iter().any(|searched| searched == field);
    let value = spot::get(object, field).and_then(Json::as_str).filter(|_| has);
    let text = text.trim_matches('"');
    value.is_some_and(|value| match text.strip_suffix('*') {
        Some(head) => value.to_lowercase().starts_with(&head.to_lowercase()),
        None => value.eq_ignore_ascii_case(text),
    })
}

fn is_of(kind: &Kind, object: &Json, request: &Request) -> bool {
    kind.server.filters.iter().all(|(name, field)| {
        let mut wanted =
            request.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).peekable();
        if wanted.peek().is_none() {
            return true;
        }
        let (field, part) = field.strip_prefix('~').map_or((field.as_str(), false), |field| (field, true));
        let has = match spot::get(object, field) {
            Some(Json::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => return false,
        };
        wanted.any(|want| if part { has.to_lowercase().contains(&want.to_lowercase()) } else { has == want })
    })
}

/// Keeps the fields that the query names, or drops them.
pub fn pick_fields(kind: &Kind, shown: &mut Json, request: &Request) {
    let named: Vec<&str> = param(request, "fields").map(|text| text.split(',').collect()).unwrap_or_default();
    let Json::Object(map) = shown else { return };
    for field in &kind.server.fields_if_named {
        if !named.contains(&field.as_str()) {
            map.shift_remove(field);
        }
    }
    if named.is_empty() {
        return;
    }
    let include = param(request, "include_fields") != Some("false");
    map.retain(|key, _| {
        named.contains(&key.as_str()) == include || kind.server.fields_always.iter().any(|always| always == key)
    });
}

/// The page that a query asks for.
#[derive(Debug)]
struct Page {
    envelope: Envelope,
    style: Style,
    size: usize,
    number: usize,
    page_named: bool,
    from: Option<String>,
}

#[derive(Debug, PartialEq)]
enum Style {
    All,
    Array,
    Totals,
    Checkpoint,
    Counted,
}

impl Page {
    fn asked(kind: &Kind, request: &Request) -> Result<Self, Refusal> {
        let most = kind.server.max_page.map_or(LARGEST_PAGE, |most| most as usize);
        let paging = kind.list.as_ref().map_or(Paging::None, |list| list.paging);
        let take = number(request, "take", 1, most)?;
        let per_page = number(request, "per_page", 0, most)?;
        let page = number(request, "page", 0, usize::MAX)?;
        let from = param(request, "from").map(str::to_owned);
        let totals = param(request, "include_totals") == Some("true");
        let checkpoint = take.is_some() || from.is_some();
        let style = match kind.server.envelope {
            Envelope::Array => Style::All,
            Envelope::ArrayUntilTake if checkpoint || param(request, "q").is_some() => Style::Checkpoint,
            Envelope::ArrayUntilTake => Style::All,
            Envelope::Object => Style::Checkpoint,
            Envelope::Counted | Envelope::CountedPage => Style::Counted,
            Envelope::Auto if paging == Paging::None => Style::All,
            Envelope::Auto if checkpoint && paging == Paging::Checkpoint => Style::Checkpoint,
            Envelope::Auto if totals => Style::Totals,
            Envelope::Auto => Style::Array,
        };
        let size = if style == Style::Checkpoint { take } else { per_page }.unwrap_or(DEFAULT_PAGE);
        let asked = Self {
            envelope: kind.server.envelope,
            style,
            size,
            number: page.unwrap_or(0),
            page_named: page.is_some(),
            from,
        };
        let bounded = matches!(asked.style, Style::Array | Style::Totals);
        if bounded && asked.number.saturating_add(1).saturating_mul(asked.size) > OFFSET_BOUND.max(asked.size) {
            return Err(Refusal::new(
                400,
                "invalid_paging",
                format!("Only the first {OFFSET_BOUND} records can be paged through"),
            ));
        }
        Ok(asked)
    }

    fn range(&self, entries: &[Entry<'_>]) -> Result<(usize, usize), Refusal> {
        let all = entries.len();
        let from = match (&self.style, &self.from) {
            (Style::All, _) => return Ok((0, all)),
            (Style::Checkpoint, Some(from)) => after(entries, from)?,
            (Style::Checkpoint, None) => 0,
            _ => self.number.saturating_mul(self.size).min(all),
        };
        Ok((from, from.saturating_add(self.size).min(all)))
    }

    fn wrap(&self, items: &str, shown: Vec<Json>, total: usize, next: Option<String>) -> Json {
        let mut map = Map::new();
        let here = shown.len();
        map.insert(items.to_owned(), Json::Array(shown));
        match self.style {
            Style::All if self.envelope == Envelope::Auto => {}
            Style::All | Style::Array => return map.shift_remove(items).unwrap_or_default(),
            Style::Checkpoint => {
                if let Some(next) = next {
                    map.insert("next".to_owned(), Json::String(next));
                }
            }
            Style::Totals => {
                map.insert("start".to_owned(), json!(self.number.saturating_mul(self.size)));
                map.insert("limit".to_owned(), json!(self.size));
                map.insert("total".to_owned(), json!(total));
            }
            Style::Counted => {
                map.insert("per_page".to_owned(), json!(self.size));
                let paged = self.envelope == Envelope::CountedPage;
                let total = if paged { here } else { total };
                // Past its end a list has no total either.
                if paged || (total != 0 && here != 0) {
                    map.insert("total".to_owned(), json!(total));
                }
                if self.page_named && (paged || self.number != 0) {
                    map.insert("page".to_owned(), json!(self.number));
                }
            }
        }
        Json::Object(map)
    }
}

pub fn number(request: &Request, name: &str, least: usize, most: usize) -> Result<Option<usize>, Refusal> {
    let Some(text) = param(request, name) else { return Ok(None) };
    let wrong_type = || Refusal::query("Expected type integer but found type string", name);
    let number = text.parse::<usize>().map_err(|_| wrong_type())?;
    if number > most {
        return Err(Refusal::query(&format!("Value {number} is greater than maximum {most}"), name));
    }
    if number < least {
        return Err(Refusal::query(&format!("Value {number} is less than minimum {least}"), name));
    }
    Ok(Some(number))
}

fn cursor(id: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(id)
}

fn after(entries: &[Entry<'_>], from: &str) -> Result<usize, Refusal> {
    let position = entries.iter().position(|(id, _)| cursor(id) == from);
    position
        .map(|position| position + 1)
        .ok_or_else(|| Refusal::new(400, "invalid_query_string", "Invalid value for the parameter from"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::request::Method;

    fn kind(paging: &str, server: &str) -> Kind {
        toml::from_str(&format!(
            "name = 'things'\ntitle = 'thing'\nsource = ''\nshape = 'collection'\nplace = []\npath = '/things'\nscopes = {{}}\n\
             list = {{ items = 'things', paging = '{paging}' }}\nverbs = {{}}\n[server]\n{server}"
        ))
        .unwrap()
    }

    fn ask(kind: &Kind, count: usize, query: &[(&str, &str)]) -> Result<Json, Refusal> {
        let objects: Vec<(String, Json)> =
            (0..count).map(|n| (format!("id{n}"), json!({"n": n, "name": format!("Thing {n}")}))).collect();
        let mut request = Request::new(Method::Get, "/things".into(), None);
        request.query = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        answer(kind, objects.iter().map(|(id, value)| (id.as_str(), value)), &request, &|(_, value)| value["n"].clone())
            .map(|response| response.body)
    }

    #[test]
    fn totals_count_all_pages() {
        let kind = kind("offset", "");
        let page = ask(&kind, 5, &[("per_page", "2"), ("page", "2"), ("include_totals", "true")]).unwrap();
        assert_eq!(page, json!({"things": [4], "start": 4, "limit": 2, "total": 5}));
        assert_eq!(ask(&kind, 2, &[]).unwrap(), json!([0, 1]));
    }

    #[test]
    fn offsets_stop_at_the_bound_and_pages_have_a_largest_size() {
        let kind = kind("offset", "");
        assert!(ask(&kind, 0, &[("per_page", "100"), ("page", "9")]).is_ok());
        assert_eq!(ask(&kind, 0, &[("per_page", "100"), ("page", "10")]).unwrap_err().status, 400);
        let refusal = ask(&kind, 0, &[("per_page", "101")]).unwrap_err();
        assert_eq!(refusal.code.as_deref(), Some("invalid_query_string"));
    }

    #[test]
    fn checkpoints_lead_through_everything() {
        let kind = kind("checkpoint", "");
        let first = ask(&kind, 3, &[("take", "2")]).unwrap();
        assert_eq!(first["things"], json!([0, 1]));
        let next = first["next"].as_str().unwrap().to_owned();
        assert_eq!(ask(&kind, 3, &[("take", "2"), ("from", &next)]).unwrap(), json!({"things": [2]}));
        assert!(ask(&kind, 3, &[("from", "nonsense")]).is_err());
    }

    #[test]
    fn counted_lists_leave_out_what_is_nothing() {
        let kind = kind("until_short", "envelope = 'counted'");
        assert_eq!(ask(&kind, 0, &[("page", "0"), ("per_page", "50")]).unwrap(), json!({"things": [], "per_page": 50}));
        assert_eq!(ask(&kind, 1, &[("per_page", "50")]).unwrap(), json!({"things": [0], "per_page": 50, "total": 1}));
        let past = ask(&kind, 1, &[("page", "1"), ("per_page", "50")]).unwrap();
        assert_eq!(past, json!({"things": [], "per_page": 50, "page": 1}));
    }

    #[test]
    fn filters_compare_whole_values_or_parts() {
        let kind = kind("offset", "filters = { n = 'n', name_filter = '~name' }");
        assert_eq!(ask(&kind, 3, &[("n", "1")]).unwrap(), json!([1]));
        assert_eq!(ask(&kind, 3, &[("name_filter", "thing 2")]).unwrap(), json!([2]));
    }
}
