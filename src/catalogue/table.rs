//! Every kind by name.

use std::sync::LazyLock;

use super::kind::{Kind, Marked, ReferenceField};
use super::place::Step;
use super::quirk::Quirk;
use super::shape::Shape;

include!(concat!(env!("OUT_DIR"), "/kinds.rs"));

/// The whole catalogue, in bytewise order of kind names.
#[derive(Debug)]
pub struct Catalogue {
    kinds: Vec<Kind>,
    /// What no file configures: people and what they have, groups. The sandbox answers for them, and those that files
    /// name are looked up.
    unmanaged: Vec<Kind>,
}

static CATALOGUE: LazyLock<Result<Catalogue, String>> =
    LazyLock::new(|| Ok(Catalogue { kinds: read(KIND_FILES)?, unmanaged: read(UNMANAGED_FILES)? }));

fn read(files: &[(&str, &str)]) -> Result<Vec<Kind>, String> {
    let mut kinds = Vec::new();
    for (file, text) in files {
        kinds.push(toml::from_str::<Kind>(text).map_err(|error| format!("{file}: {error}"))?);
    }
    kinds.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(kinds)
}

/// Returns the catalogue that is built into the program.
///
/// # Panics
/// When a kind file is broken, which a test of this module finds before anybody can build a release from it.
#[expect(clippy::panic, reason = "the kind files are part of the program; a test reads them all")]
pub fn catalogue() -> &'static Catalogue {
    match &*CATALOGUE {
        Ok(catalogue) => catalogue,
        Err(error) => panic!("the catalogue is broken: {error}"),
    }
}

impl Catalogue {
    pub fn kinds(&'static self) -> impl Iterator<Item = &'static Kind> {
        self.kinds.iter()
    }

    pub fn kind(&'static self, name: &str) -> Option<&'static Kind> {
        self.kinds.iter().find(|kind| kind.name == name)
    }

    /// Returns everything that the sandbox answers: the kinds, and what is not managed. One part of a list in parts is
    /// such a thing.
    pub fn served(&'static self) -> impl Iterator<Item = &'static Kind> {
        let in_parts = |kind: &&Kind| kind.membership.as_ref().is_some_and(|membership| membership.parts.is_some());
        self.kinds.iter().filter(move |kind| !in_parts(kind)).chain(&self.unmanaged)
    }

    pub fn served_kind(&'static self, name: &str) -> Option<&'static Kind> {
        self.served().find(|kind| kind.name == name)
    }

    /// Returns the kinds nested in this one.
    pub fn nested(&'static self, parent: &str) -> impl Iterator<Item = &'static Kind> {
        let parent = parent.to_owned();
        self.kinds.iter().filter(move |kind| kind.parent.as_deref() == Some(parent.as_str()))
    }

    /// Returns the kinds that files write inside this one though they lie in its parent, with the rest of their places.
    pub fn written_inside(
        &'static self,
        kind: &'static Kind,
    ) -> impl Iterator<Item = (&'static Kind, &'static [Step])> {
        self.kinds.iter().filter(|other| other.parent.is_some() && other.parent == kind.parent).filter_map(|other| {
            let rest = other.place.strip_prefix(kind.place.as_slice())?;
            (!rest.is_empty()).then_some((other, rest))
        })
    }

    /// Returns the top-level kinds that stand under a key of a project file.
    pub fn under_key(&'static self, key: &str) -> impl Iterator<Item = &'static Kind> {
        let key = key.to_owned();
        self.kinds.iter().filter(move |kind| kind.parent.is_none() && kind.marked.is_none() && kind.top_key() == key)
    }

    /// Returns the kinds whose object a flag on one of these objects chooses.
    pub fn marked_in(&'static self, kind: &str) -> impl Iterator<Item = (&'static Kind, &'static Marked)> {
        let kind = kind.to_owned();
        let marked = self.kinds.iter().filter_map(|own| Some((own, own.marked.as_ref()?)));
        marked.filter(move |(_, marked)| marked.kind == kind)
    }

    /// Returns the kinds whose objects a name of this space may mean.
    pub fn in_space(&'static self, space: &str) -> impl Iterator<Item = &'static Kind> {
        let space = space.to_owned();
        self.kinds.iter().chain(self.looked_up()).filter(move |kind| kind.space() == space)
    }

    /// Returns what files refer to and cannot describe: its objects come from elsewhere, and the tenant is asked for them.
    pub fn looked_up(&'static self) -> impl Iterator<Item = &'static Kind> {
        let is_named = |other: &Kind| {
            self.kinds.iter().flat_map(|kind| &kind.references).any(|reference| reference.space == other.space())
        };
        self.unmanaged.iter().filter(move |other| is_named(other))
    }

    /// Says whether what a reference of this space names can only be looked up.
    pub fn is_looked_up(&'static self, space: &str) -> bool {
        self.looked_up().any(|kind| kind.space() == space)
    }

    /// Returns the top-level keys that project files may hold.
    pub fn keys(&'static self) -> Vec<&'static str> {
        let mut keys: Vec<_> = self.kinds.iter().map(Kind::top_key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// Says whether objects of a kind are credentials that files hold inside their parent's authentication methods.
pub fn is_credential(kind: &Kind) -> bool {
    let parent = kind.parent.as_deref().and_then(|name| catalogue().kind(name));
    kind.shape == Shape::Child && parent.is_some_and(|parent| parent.has(Quirk::CredentialsInMethods))
}

/// Returns the reference declared for a concrete field, if any.
pub fn reference_at<'k>(kind: &'k Kind, path: &crate::model::path::FieldPath) -> Option<&'k ReferenceField> {
    kind.references.iter().find(|reference| reference.field.matches(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_file_is_read() {
        assert_eq!(catalogue().kinds().count(), KIND_FILES.len());
        let in_parts: Vec<&Kind> = catalogue()
            .kinds()
            .filter(|kind| kind.membership.as_ref().is_some_and(|membership| membership.parts.is_some()))
            .collect();
        assert_eq!(catalogue().served().count() + in_parts.len(), KIND_FILES.len() + UNMANAGED_FILES.len());
        for kind in in_parts {
            assert!(catalogue().served().any(|part| part.path == kind.path), "nothing answers a part of {}", kind.name);
        }
    }
}
