//! Changes of a scanned text, collected as replacements of bytes and made all at once.

use std::cmp::Reverse;

use serde_json::Value as Json;

use super::lines;
use super::list;
use super::phrase::{self, Around};
use super::scan::{Form, Id, Member, Scan};

/// Why a change cannot be made in place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Layout {
    #[error("it stands behind an anchor, which may stand for more than this value")]
    Anchored,
    #[error("it is laid out in a way that cannot be edited line by line")]
    Unusual,
    #[error("two changes meet in one place")]
    Overlapping,
}

/// What a list is to hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Slot {
    /// An item that stays, by its index.
    Keep(usize),
    New(Json),
    /// An item that stood elsewhere in the list, letter by letter.
    Moved(String),
}

/// The changes of one file.
#[derive(Debug)]
pub struct Edits<'t> {
    pub scan: Scan<'t>,
    json: bool,
    eol: &'static str,
    splices: Vec<Splice>,
}

#[derive(Debug, PartialEq)]
struct Splice {
    start: usize,
    end: usize,
    text: String,
    /// What lines are added to: where the ends of several meet, those of the innermost come first.
    inside: Option<Id>,
}

impl<'t> Edits<'t> {
    pub fn new(scan: Scan<'t>, json: bool) -> Self {
        let eol = if scan.text.contains("\r\n") { "\r\n" } else { "\n" };
        Self { scan, json, eol, splices: Vec::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.splices.is_empty()
    }

    /// Returns how many changes there are, for [`Edits::back_to`].
    pub fn mark(&self) -> usize {
        self.splices.len()
    }

    /// Forgets the changes since a mark.
    pub fn back_to(&mut self, mark: usize) {
        self.splices.truncate(mark);
    }

    /// Makes the changes.
    ///
    /// # Errors
    /// If two of them are about the same bytes.
    pub fn text(&self) -> Result<String, Layout> {
        let mut splices: Vec<&Splice> = self.splices.iter().collect();
        splices.sort_by_key(|splice| (splice.start, splice.end, Reverse(splice.inside)));
        let mut out = String::with_capacity(self.scan.text.len());
        let mut at = 0;
        for splice in splices {
            out.push_str(self.scan.text.get(at..splice.start).ok_or(Layout::Overlapping)?);
            out.push_str(&splice.text);
            at = splice.end;
        }
        out.push_str(self.scan.text.get(at..).ok_or(Layout::Overlapping)?);
        Ok(out)
    }

    pub fn splice(&mut self, start: usize, end: usize, text: impl Into<String>) {
        self.splices.push(Splice { start, end, text: text.into(), inside: None });
    }

    fn around(&self, flow: bool, indent: usize) -> Around<'static> {
        Around { flow, json: self.json, indent, eol: self.eol, spread: 0 }
    }

    /// Writes a value in the place of another: a scalar in its style.
    ///
    /// # Errors
    /// If there is no telling what else would change.
    pub fn set(&mut self, id: Id, value: &Json) -> Result<(), Layout> {
        self.own(id)?;
        self.silent(id)?;
        let (start, end) = (self.scan.bits[id].start, self.scan.bits[id].end);
        if start == end {
            let sign = self.scan.bits[id].key.map_or_else(
                || lines::dash(self.scan.text, start).map(|_| ()),
                |key| self.scan.text.get(self.scan.bits[key].end..start)?.contains(':').then_some(()),
            );
            sign.ok_or(Layout::Unusual)?;
        }
        let flow = self.in_flow(id);
        let indent = match self.scan.bits[id].key {
            Some(key) => self.scan.bits[key].column,
            None => lines::dash(self.scan.text, start).map_or(0, |(_, column)| column),
        };
        let around = self.around(flow, indent);
        let is_whole = matches!(value, Json::Array(_) | Json::Object(_));
        let mut text = match &self.scan.bits[id].form {
            Form::Scalar { .. } if is_whole => phrase::flow(value, around),
            Form::Scalar { style, .. } => phrase::scalar(value, *style, around),
            Form::List { flow: true, .. } | Form::Map { flow: true, .. } => phrase::flow(value, around),
            _ => return Err(Layout::Unusual),
        };
        if text.starts_with('|') && !lines::is_last_on_line(self.scan.text, end) {
            text = phrase::flow(value, around);
        }
        if let Some(note) = self.scan.note(id) {
            text.insert_str(text.find(['\r', '\n']).unwrap_or(text.len()), &format!(" {note}"));
        }
        // A text that ends in a line break says so by one, at the end of the file, too.
        let is_last = end == self.scan.text.len() && text.starts_with('|');
        if is_last || self.scan.source(id).ends_with('\n') {
            text.push_str(self.eol);
        }
        if start == end && !self.scan.text[..start].ends_with([' ', '\t', '\n']) {
            text.insert(0, ' ');
        }
        self.splice(start, end, text);
        Ok(())
    }

    /// Takes a member out of a map, as lines where it is lines.
    ///
    /// # Errors
    /// As for [`Edits::set`].
    pub fn remove(&mut self, map: Id, member: Member) -> Result<(), Layout> {
        self.own(map)?;
        self.silent(map)?;
        let members = self.scan.members(map).to_vec();
        let bytes = |member: &Member| (self.scan.bits[member.key].start, self.scan.bits[member.value].end);
        let position = members.iter().position(|other| other.key == member.key).ok_or(Layout::Unusual)?;
        let (start, end) = bytes(&member);
        let next = members.get(position + 1).map(bytes);
        if members.len() == 1 {
            return self.emptied(map, "{}", &[(start, end)]);
        }
        if self.scan.is_flow(map) {
            match (position.checked_sub(1).and_then(|before| members.get(before)).map(bytes), next) {
                (Some((_, before)), _) => self.splice(before, end, ""),
                (None, Some((next, _))) => self.splice(start, next, ""),
                (None, None) => return Err(Layout::Unusual),
            }
            return Ok(());
        }
        match (lines::line_start(self.scan.text, start), next) {
            (Some(from), _) => self.splice(from, lines::line_after(self.scan.text, end), ""),
            // The first of a map that is an item of a list: the next one moves up beside the dash.
            (None, Some((next, _))) => {
                let behind = lines::line_after(self.scan.text, end).min(next);
                let gap = self.scan.text.get(behind..next).ok_or(Layout::Unusual)?;
                // Comments above the next one stay.
                self.splice(start, next - gap.trim_start().len(), "");
            }
            (None, None) => return Err(Layout::Unusual),
        }
        Ok(())
    }

    /// Adds a member behind the others of a map.
    ///
    /// # Errors
    /// As for [`Edits::set`].
    pub fn add(&mut self, map: Id, key: &str, value: &Json) -> Result<(), Layout> {
        self.add_spread(map, key, value, 0)
    }

    /// The same, with the maps in the outermost lists over several lines.
    ///
    /// # Errors
    /// As for [`Edits::set`].
    pub fn add_spread(&mut self, map: Id, key: &str, value: &Json, spread: usize) -> Result<(), Layout> {
        self.own(map)?;
        self.silent(map)?;
        let last = self.scan.members(map).last().copied();
        let is_flow = self.scan.is_flow(map);
        match last {
            None if is_flow => {
                let text = phrase::member(key, value, self.around(true, 0));
                self.splice(self.scan.bits[map].start + 1, self.scan.bits[map].end - 1, format!(" {text} "));
            }
            None => return Err(Layout::Unusual),
            Some(last) if is_flow => {
                let column = self.scan.bits[last.key].column;
                let text = phrase::member(key, value, self.around(true, column));
                let gap = self.gap(last.key);
                self.splice(self.scan.bits[last.value].end, self.scan.bits[last.value].end, format!("{gap}{text}"));
            }
            Some(last) => {
                let column = self.scan.bits[last.key].column;
                let text = phrase::member(key, value, Around { spread, ..self.around(false, column) });
                self.insert_lines(map, self.scan.bits[last.value].end, column, &text);
            }
        }
        Ok(())
    }

    /// Makes a list hold something else; items that stay keep their text.
    ///
    /// # Errors
    /// As for [`Edits::set`].
    pub fn list(&mut self, list_id: Id, slots: &[Slot]) -> Result<(), Layout> {
        self.own(list_id)?;
        self.silent(list_id)?;
        let items: Vec<Id> = self.scan.items(list_id).to_vec();
        if slots.iter().filter_map(list::kept).any(|index| index >= items.len()) {
            return Err(Layout::Unusual);
        }
        let kept = list::unmoved(slots);
        let moved = |slot: &Slot| match slot {
            Slot::Keep(index) if !kept.contains(index) => {
                let item = items[*index];
                self.own(item).map(|()| Slot::Moved(self.with_comment(item, self.scan.is_flow(list_id)).to_owned()))
            }
            other => Ok(other.clone()),
        };
        let slots: &[Slot] = &slots.iter().map(moved).collect::<Result<Vec<_>, _>>()?;
        match self.scan.bits[list_id].form {
            Form::List { flow: true, .. } => self.flow_list(list_id, &items, &kept, slots),
            Form::List { flow: false, .. } => self.block_list(list_id, &items, &kept, slots),
            _ => Err(Layout::Unusual),
        }
    }

    fn flow_list(&mut self, list: Id, items: &[Id], kept: &[usize], slots: &[Slot]) -> Result<(), Layout> {
        let bytes = |index: usize| items.get(index).map(|id| (self.scan.bits[*id].start, self.scan.bits[*id].end));
        let (start, end) = (self.scan.bits[list].start, self.scan.bits[list].end);
        let broken =
            items.first().is_some_and(|id| lines::line_start(self.scan.text, self.scan.bits[*id].start).is_some());
        let column = items.first().map_or(0, |id| self.scan.bits[*id].column);
        let around = self.around(true, column);
        let said = |slot: &Slot| match slot {
            Slot::New(value) if self.json && broken => phrase::pretty(value, around),
            Slot::New(value) => phrase::flow(value, around),
            Slot::Moved(text) => text.clone(),
            Slot::Keep(_) => String::new(),
        };
        let gap = items.first().map_or_else(|| ", ".to_owned(), |first| self.gap(*first));
        let mut splices = Vec::new();
        let Some(first) = kept.first().copied() else {
            let new: Vec<String> = slots.iter().map(said).collect();
            let (from, to) = match (items.first(), items.last()) {
                (Some(first), Some(last)) if broken && !new.is_empty() => {
                    (self.scan.bits[*first].start, self.scan.bits[*last].end)
                }
                _ => (start + 1, end - 1),
            };
            self.splice(from, to, new.join(&gap));
            return Ok(());
        };
        for index in (0..items.len()).filter(|index| !kept.contains(index)) {
            let (own, before, after) = (bytes(index), index.checked_sub(1).and_then(bytes), bytes(index + 1));
            match (own, before, after) {
                (Some((from, _)), _, Some((next, _))) if index < first => splices.push((from, next, String::new())),
                (Some((_, to)), Some((_, before)), _) => splices.push((before, to, String::new())),
                _ => return Err(Layout::Unusual),
            }
        }
        let mut behind = None;
        for slot in slots {
            match (slot, behind) {
                (Slot::Keep(index), _) => behind = Some(*index),
                (slot, None) => {
                    let at = bytes(first).map_or(start + 1, |(at, _)| at);
                    splices.push((at, at, format!("{}{gap}", said(slot))));
                }
                (slot, Some(index)) => {
                    let at = bytes(index).map_or(end, |(_, at)| at);
                    splices.push((at, at, format!("{gap}{}", said(slot))));
                }
            }
        }
        splices.into_iter().for_each(|(start, end, text)| self.splice(start, end, text));
        Ok(())
    }

    fn block_list(&mut self, list: Id, items: &[Id], kept: &[usize], slots: &[Slot]) -> Result<(), Layout> {
        let dash = |id: Id| lines::dash(self.scan.text, self.scan.bits[id].start);
        let (first, column) = items.first().and_then(|id| dash(*id)).ok_or(Layout::Unusual)?;
        // In the manner of the others: a map over several lines, or in braces.
        let is_map = |flow: bool| {
            items.iter().any(|id| matches!(self.scan.bits[*id].form, Form::Map { flow: own, .. } if own == flow))
        };
        let spread = match (is_map(false), is_map(true)) {
            (true, _) => phrase::Layout::Spread,
            (false, true) => phrase::Layout::Braced,
            (false, false) => phrase::Layout::Any,
        };
        let gone: Vec<usize> = (0..items.len()).filter(|index| !kept.contains(index)).collect();
        let mut lost = Vec::new();
        for index in gone {
            let (from, _) = dash(items[index]).ok_or(Layout::Unusual)?;
            lost.push((from, lines::line_after(self.scan.text, self.scan.bits[items[index]].end)));
        }
        if slots.is_empty() {
            return self.emptied_lines(list, "[]", &lost);
        }
        let around = self.around(false, column);
        let mut behind = None;
        for slot in slots {
            let text = match slot {
                Slot::Keep(index) => {
                    behind = Some(self.scan.bits[items[*index]].end);
                    continue;
                }
                Slot::New(value) => phrase::item(value, spread, around),
                Slot::Moved(text) => format!("- {text}"),
            };
            match behind {
                None => self.splice(first, first, format!("{}{text}{}", " ".repeat(column), self.eol)),
                Some(end) => self.insert_lines(list, end, column, &text),
            }
        }
        lost.into_iter().for_each(|(from, to)| self.splice(from, to, ""));
        Ok(())
    }

    /// Puts lines of a list or map below the line that a byte stands on.
    fn insert_lines(&mut self, inside: Id, below: usize, column: usize, text: &str) {
        let at = lines::line_after(self.scan.text, below);
        let pad = " ".repeat(column);
        let text = match self.scan.text[..at].ends_with('\n') || at == 0 {
            true => format!("{pad}{text}{}", self.eol),
            false => format!("{}{pad}{text}", self.eol),
        };
        self.splices.push(Splice { start: at, end: at, text, inside: Some(inside) });
    }

    fn emptied(&mut self, id: Id, empty: &str, members: &[(usize, usize)]) -> Result<(), Layout> {
        if self.scan.is_flow(id) {
            self.splice(self.scan.bits[id].start, self.scan.bits[id].end, empty);
            return Ok(());
        }
        let text = self.scan.text;
        let own =
            |(start, end): &(usize, usize)| Some((lines::line_start(text, *start)?, lines::line_after(text, *end)));
        let lost: Option<Vec<(usize, usize)>> = members.iter().map(own).collect();
        self.emptied_lines(id, empty, &lost.ok_or(Layout::Unusual)?)
    }

    /// Says `[]` or `{}` beside the key, and takes the lines away; comments between them stay.
    fn emptied_lines(&mut self, id: Id, empty: &str, lost: &[(usize, usize)]) -> Result<(), Layout> {
        let key = self.scan.bits[id].key.ok_or(Layout::Unusual)?;
        let behind = self.scan.bits[key].end;
        let colon = self.scan.text[behind..].find(':').ok_or(Layout::Unusual)? + behind + 1;
        self.splice(colon, colon, format!(" {empty}"));
        lost.iter().for_each(|(from, to)| self.splice(*from, *to, ""));
        Ok(())
    }

    /// Returns what stands between two values in `[]` or `{}`: a line break, if one begins its line.
    fn gap(&self, value: Id) -> String {
        let start = self.scan.bits[value].start;
        let indent = lines::line_start(self.scan.text, start).and_then(|from| self.scan.text.get(from..start));
        indent.map_or_else(|| ", ".to_owned(), |indent| format!(",{}{indent}", self.eol))
    }

    /// Returns an item's text; where it has lines of its own with the comment behind it.
    fn with_comment(&self, item: Id, flow: bool) -> &'t str {
        let bit = &self.scan.bits[item];
        let end = if flow { bit.end } else { lines::line_after(self.scan.text, bit.end) };
        self.scan.text.get(bit.start..end).unwrap_or_default().trim_end()
    }

    /// Comments inside `[]` and `{}` are about what stands before or behind them: who knows.
    fn silent(&self, id: Id) -> Result<(), Layout> {
        if self.scan.is_flow(id) && self.scan.has_comment(id) { Err(Layout::Unusual) } else { Ok(()) }
    }

    /// Says whether a value stands inside `[]` or `{}`.
    fn in_flow(&self, id: Id) -> bool {
        let (start, end) = (self.scan.bits[id].start, self.scan.bits[id].end);
        self.scan.bits.iter().any(|bit| {
            matches!(bit.form, Form::List { flow: true, .. } | Form::Map { flow: true, .. })
                && bit.start < start
                && bit.end >= end
                && bit.end > start
        })
    }

    fn own(&self, id: Id) -> Result<(), Layout> {
        if self.scan.is_shared(id) { Err(Layout::Anchored) } else { Ok(()) }
    }
}
