//! Which kind and which of its fields a node of a project file is.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::catalogue::kind::Kind;
use crate::catalogue::place::Step;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;
use crate::model::path::{FieldPath, FieldPattern, Segment};

/// Where a node stands, as far as the catalogue knows.
#[derive(Clone, Debug)]
pub struct Spot {
    /// Kinds whose objects may begin further down, with the steps still to go.
    ahead: Vec<(&'static Kind, &'static [Step])>,
    /// The kind that the node belongs to, and its path in that kind's body.
    inside: Option<(&'static Kind, FieldPath)>,
}

impl Spot {
    /// Returns the spot of what stands under a top-level key.
    pub fn top(key: &str) -> Self {
        let ahead = catalogue().under_key(key).map(|kind| (kind, kind.place.get(1..).unwrap_or_default())).collect();
        Self { ahead, inside: None }.settled()
    }

    /// Returns the spot of a member of this map. What adjusts a list stands where the list does.
    pub fn key(&self, key: &str) -> Self {
        if self.is_adjustment(key) {
            return self.clone();
        }
        let fits = |step: &Step| match step {
            Step::Key(name) => name == key,
            Step::Each(_) => true,
            Step::Items => false,
        };
        self.step(fits, |kind, path| match kind.membership.as_ref().and_then(|own| own.map_value.as_ref()) {
            Some(value) if path.is_root() => path.with(Segment::Item(key.to_owned())).key(value),
            _ if path.is_root() => path.key(kind.fields.rename.get(key).map_or(key, String::as_str)),
            _ => path.key(key),
        })
    }

    /// Returns the spot of an item of this list.
    pub fn item(&self, index: usize) -> Self {
        self.step(|step| matches!(step, Step::Items), |_, path| path.with(Segment::Index(index)))
    }

    /// Returns the kind that the node belongs to.
    pub fn kind(&self) -> Option<&'static Kind> {
        self.inside.as_ref().map(|(kind, _)| *kind)
    }

    /// Returns the node's path in its kind's body.
    pub fn field(&self) -> Option<&FieldPath> {
        self.inside.as_ref().map(|(_, path)| path)
    }

    /// Says whether the node is an object of a kind, not a part of one. Member lists are parts of what they belong to.
    pub fn is_resource(&self) -> bool {
        self.inside.as_ref().is_some_and(|(kind, path)| path.is_root() && kind.shape != Shape::Membership)
    }

    /// Returns the kind whose objects are the items of this list.
    pub fn items_are(&self) -> Option<&'static Kind> {
        self.ahead.iter().find(|(_, steps)| matches!(steps, [Step::Items])).map(|(kind, _)| *kind)
    }

    /// Says whether the node belongs to no kind and leads to none.
    pub fn is_unknown(&self) -> bool {
        self.inside.is_none() && self.ahead.is_empty()
    }

    /// Says whether the field is of these patterns or lies below one.
    pub fn is_any_of(&self, patterns: &[FieldPattern]) -> bool {
        self.field().is_some_and(|path| patterns.iter().any(|pattern| pattern.covers(path)))
    }

    /// Returns the extension of the companion file that the field names a path to.
    pub fn companion(&self) -> Option<&'static str> {
        let (kind, path) = self.inside.as_ref()?;
        if path.is_root() {
            return kind.object_file.as_deref();
        }
        let files = FILES.get(kind.name.as_str())?;
        files.iter().find(|(pattern, _)| pattern.matches(path)).map(|(_, extension)| *extension)
    }

    fn is_adjustment(&self, key: &str) -> bool {
        matches!(key, super::directive::APPEND | super::directive::WITHOUT) && self.field().is_some()
    }

    fn step(&self, fits: impl Fn(&Step) -> bool, go: impl Fn(&Kind, &FieldPath) -> FieldPath) -> Self {
        let onward = |(kind, steps): &(&'static Kind, &'static [Step])| {
            let (first, rest) = steps.split_first()?;
            fits(first).then_some((*kind, rest))
        };
        let ahead = self.ahead.iter().filter_map(onward).collect();
        let inside = self.inside.as_ref().map(|(kind, path)| (*kind, go(kind, path)));
        Self { ahead, inside }.settled()
    }

    /// An object begins where a kind's steps end; from there on its nested kinds are ahead.
    fn settled(mut self) -> Self {
        if let Some((kind, _)) = self.ahead.iter().find(|(_, steps)| steps.is_empty()) {
            let kind = *kind;
            self.ahead.retain(|(_, steps)| !steps.is_empty());
            if let Some(nested) = NESTED.get(kind.name.as_str()) {
                self.ahead.extend(nested.iter().map(|kind| (*kind, kind.place.as_slice())));
            }
            self.inside = Some((kind, FieldPath::default()));
        }
        self
    }
}

/// Kind -> the kinds nested in it. Asked once for every object.
static NESTED: LazyLock<HashMap<&'static str, Vec<&'static Kind>>> = LazyLock::new(|| {
    let mut nested: HashMap<_, Vec<_>> = HashMap::new();
    for kind in catalogue().kinds() {
        if let Some(parent) = &kind.parent {
            nested.entry(parent.as_str()).or_default().push(kind);
        }
    }
    nested
});

/// A field that names a companion file, and the file's extension.
type FileField = (FieldPattern, &'static str);

/// Kind -> its fields that name companion files.
static FILES: LazyLock<HashMap<&'static str, Vec<FileField>>> = LazyLock::new(|| {
    let fields = |kind: &'static Kind| {
        let files = kind.fields.files.iter();
        files.filter_map(|(field, extension)| Some((field.parse().ok()?, extension.as_str()))).collect()
    };
    catalogue().kinds().map(|kind| (kind.name.as_str(), fields(kind))).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(spot: &Spot) -> String {
        match (spot.kind(), spot.field()) {
            (Some(kind), Some(path)) => format!("{}:{path}", kind.name),
            _ => "-".to_owned(),
        }
    }

    #[test]
    fn nodes_know_their_kind_and_field() {
        assert_eq!(shown(&Spot::top("clients")), "-");
        assert_eq!(Spot::top("clients").items_are().map(|kind| kind.name.as_str()), Some("clients"));
        let client = Spot::top("clients").item(3);
        assert!(client.is_resource());
        assert_eq!(shown(&client.key("callbacks").item(0)), "clients:callbacks[0]");
        assert_eq!(shown(&client.key("callbacks").key("$append").item(0)), "clients:callbacks[0]");
        assert_eq!(shown(&Spot::top("tenant").key("flags")), "tenant:flags");
        assert_eq!(shown(&Spot::top("roles").item(0).key("permissions").item(1)), "roles/permissions:[1]");
        let text = Spot::top("prompts").key("customText").key("en").key("login");
        assert_eq!((shown(&text), text.is_resource()), ("prompts/customText:".to_owned(), true));
        assert!(Spot::top("no such key").is_unknown());
        let secret = Spot::top("hooks").item(0).key("secrets").key("KEY");
        assert!(secret.is_any_of(&secret.kind().unwrap().fields.secret), "{}", shown(&secret));
    }

    #[test]
    fn companion_fields_are_known() {
        assert_eq!(Spot::top("clients").item(0).key("custom_login_page").companion(), Some("html"));
        assert_eq!(Spot::top("clients").item(0).key("name").companion(), None);
        let script = Spot::top("databases").item(0).key("options").key("customScripts").key("login");
        assert_eq!(script.companion(), Some("js"));
    }

    #[test]
    fn every_field_that_names_a_file_is_a_pattern() {
        for kind in catalogue().kinds() {
            assert_eq!(FILES[kind.name.as_str()].len(), kind.fields.files.len(), "{}", kind.name);
        }
    }
}
