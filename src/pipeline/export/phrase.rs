//! A tidy body (API names) -> pieces by the names of the files, every string knowing what it is.

use indexmap::IndexMap;
use percent_encoding::percent_decode_str;

use crate::catalogue::kind::Kind;
use crate::catalogue::place::Step;
use crate::catalogue::shape::Shape;
use crate::model::address::Address;
use crate::model::live::Object;
use crate::model::path::{FieldPath, FieldPattern, Segment};
use crate::model::value::Value;
use crate::pipeline::diff::{label, list_key};
use crate::pipeline::members::key_of;

use super::piece::{FileField, Piece, SecretPlace, Text};

/// Says an object's body as files do: members in the list's own form, fields renamed, the identity first.
pub(super) fn phrase(object: &Object, name: &str, address: &Address, body: &Value) -> Piece {
    let phraser = Phraser { kind: object.kind, name, address, renames: renames(object) };
    match body {
        Value::List(members) if object.kind.shape == Shape::Membership => phraser.members(members),
        body => {
            let mut piece = phraser.piece(&FieldPath::default(), body);
            if let Some(map) = piece.as_map_mut() {
                identify(object, map);
                arrange(object.kind, map);
            }
            piece
        }
    }
}

/// Sorts a map: what tells things apart first, the rest by name.
pub(super) fn arrange(kind: &Kind, map: &mut IndexMap<String, Piece>) {
    let identity: Vec<String> = kind
        .identity
        .iter()
        .map(|field| kind.fields.rename.iter().find(|(_, api)| *api == field).map_or(field, |(file, _)| file).clone())
        .collect();
    let rank = |key: &String| identity.iter().position(|field| field == key).unwrap_or(identity.len());
    map.sort_by(|a, _, b, _| (rank(a), a).cmp(&(rank(b), b)));
}

/// Says whether a kind's objects stand under map keys, which then hold their identity.
fn is_keyed_by_place(kind: &Kind) -> bool {
    kind.place.iter().any(|step| matches!(step, Step::Each(_)))
}

/// Writes the identity that only the path of the request knew, or takes it out where map keys say it.
fn identify(object: &Object, map: &mut IndexMap<String, Piece>) {
    for field in &object.kind.identity {
        if is_keyed_by_place(object.kind) {
            map.shift_remove(field);
        } else if !map.contains_key(field)
            && let Some(value) = object.key.get(field)
            && object.kind.shape == Shape::Keyed
        {
            map.insert(field.clone(), Piece::text(value));
        }
    }
}

/// Returns API field -> file field.
fn renames(object: &Object) -> IndexMap<&str, &str> {
    let own = object.kind.key_path(&object.key).map(|own| &own.rename);
    let pairs = object.kind.fields.rename.iter().chain(own.into_iter().flatten());
    pairs.map(|(file, api)| (api.as_str(), file.as_str())).collect()
}

struct Phraser<'a> {
    kind: &'static Kind,
    name: &'a str,
    address: &'a Address,
    renames: IndexMap<&'a str, &'a str>,
}

impl Phraser<'_> {
    fn members(&self, members: &[Value]) -> Piece {
        let Some(membership) = &self.kind.membership else { return Piece::List(Vec::new()) };
        let identity = membership.identity.first().map_or("", String::as_str);
        let phrased = members.iter().map(|member| {
            let path = FieldPath::default().with(Segment::Item(key_of(membership, member)));
            (member.as_map().and_then(|map| map.get(identity)), self.piece(&path, member))
        });
        if let Some(value_field) = &membership.map_value {
            return Piece::Map(
                phrased
                    .map(|(name, mut piece)| {
                        let value = piece.as_map_mut().and_then(|map| map.shift_remove(value_field));
                        (name.map(label).unwrap_or_default(), value.unwrap_or(Piece::Null))
                    })
                    .collect(),
            );
        }
        Piece::List(
            phrased
                .map(|(name, mut piece)| match (membership.scalar, name) {
                    (true, Some(name)) => Piece::text(label(name)),
                    _ => {
                        if let Some(map) = piece.as_map_mut() {
                            self.rename(map);
                            let first: Vec<&str> =
                                membership.identity.iter().map(|field| self.renamed(field)).collect();
                            let rank = |key: &str| first.iter().position(|field| *field == key).unwrap_or(first.len());
                            map.sort_by(|a, _, b, _| (rank(a), a).cmp(&(rank(b), b)));
                        }
                        piece
                    }
                })
                .collect(),
        )
    }

    fn renamed<'f>(&'f self, field: &'f str) -> &'f str {
        self.renames.get(field).copied().unwrap_or(field)
    }

    fn rename(&self, map: &mut IndexMap<String, Piece>) {
        if self.renames.keys().any(|api| map.contains_key(*api)) {
            *map = std::mem::take(map).into_iter().map(|(key, piece)| (self.renamed(&key).to_owned(), piece)).collect();
        }
    }

    fn piece(&self, path: &FieldPath, value: &Value) -> Piece {
        match value {
            Value::Null => Piece::Null,
            Value::Bool(value) => Piece::Bool(*value),
            Value::Number(number) => Piece::Number(number.clone()),
            Value::String(text) => Piece::Text(self.text(path, text)),
            Value::Reference(reference) => Piece::text(&reference.name),
            Value::Secret(_) => Piece::Secret(self.secret(path)),
            // Live values have no holes.
            Value::Template(_) => Piece::Null,
            Value::List(list) => {
                let key = list_key(self.kind, path);
                let item = |(index, value): (usize, &Value)| {
                    let name = key.as_ref().and_then(|key| value.as_map()?.get(key)).map(label);
                    let segment = name.map_or(Segment::Index(index), Segment::Item);
                    let mut piece = self.piece(&path.with(segment), value);
                    if let (Some(key), Some(map)) = (&key, piece.as_map_mut())
                        && let Some(position) = map.get_index_of(key.as_str())
                    {
                        map.move_index(position, 0);
                    }
                    piece
                };
                Piece::List(list.iter().enumerate().map(item).collect())
            }
            Value::Map(map) => {
                let mut pieces: IndexMap<String, Piece> =
                    map.iter().map(|(key, value)| (key.clone(), self.piece(&path.key(key), value))).collect();
                if path.is_root() {
                    self.rename(&mut pieces);
                }
                pieces.sort_unstable_keys();
                Piece::Map(pieces)
            }
        }
    }

    fn text(&self, path: &FieldPath, text: &str) -> Text {
        let fields = &self.kind.fields;
        let hands_off = fields.hands_off.iter().any(|pattern| pattern.covers(path));
        let file =
            fields.files.iter().find_map(|(pattern, extension)| self.file(path, &pattern.to_string(), extension));
        let mut said = Text { hands_off, file, ..Text::plain(text) };
        said.lookalikes.retain(|marker| !fields.own_markers.iter().any(|own| own == marker.trim_matches(['#', '@'])));
        said
    }

    fn file(&self, path: &FieldPath, pattern: &str, extension: &str) -> Option<FileField> {
        pattern.parse::<FieldPattern>().ok().filter(|parsed| parsed.matches(path))?;
        let key = |segment: &Segment| match segment {
            Segment::Key(key) | Segment::Item(key) => key.clone(),
            Segment::Index(index) => index.to_string(),
        };
        let stars = pattern.split('.').zip(&path.0).filter(|(word, _)| *word == "*").map(|(_, segment)| key(segment));
        let mut words: Vec<String> = stars.collect();
        if words.is_empty() {
            words.extend(path.0.last().map(|segment| self.renamed(&key(segment)).to_owned()));
        }
        let pattern = if path.0.len() == 1 { self.renamed(pattern) } else { pattern };
        Some(FileField {
            kind: self.kind,
            owner: self.name.to_owned(),
            pattern: pattern.to_owned(),
            words,
            extension: extension.to_owned(),
        })
    }

    fn secret(&self, path: &FieldPath) -> SecretPlace {
        let of_object =
            self.address.as_str().split('/').map(|word| percent_decode_str(word).decode_utf8_lossy().into_owned());
        let of_field = path.0.iter().map(|segment| match segment {
            Segment::Key(key) | Segment::Item(key) => key.clone(),
            Segment::Index(index) => (index + 1).to_string(),
        });
        SecretPlace { words: of_object.chain(of_field).collect(), name: String::new() }
    }
}
