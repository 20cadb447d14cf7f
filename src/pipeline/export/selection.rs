//! Which live objects an export is about: those of the chosen kinds that belong to the tenant's owner.

use std::collections::BTreeSet;

use crate::catalogue::kind::{Kind, MemberPolicy};
use crate::catalogue::table::catalogue;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::live::{Live, Object, Reading};
use crate::model::value::{Reference, Value};
use crate::pipeline::canonical::{Names, is_builtin};
use crate::pipeline::ceremony;
use crate::pipeline::read::reading_name;

/// What is exported, and what is left where it is.
#[derive(Debug)]
pub(super) struct Selection<'a> {
    live: &'a Live,
    only: &'a [String],
    exclude: &'a [String],
    /// (space, name) of the client that this run's token belongs to.
    own: Option<(String, String)>,
}

impl<'a> Selection<'a> {
    pub fn new(live: &'a Live, names: &Names, only: &'a [String], exclude: &'a [String]) -> Self {
        let own = live.own_client.as_ref().and_then(|id| {
            let object =
                live.objects.iter().find(|object| object.parent.is_none() && object.id.as_ref() == Some(id))?;
            let space = object.kind.space();
            Some((space.to_owned(), names.name(space, &id.0)?.to_owned()))
        });
        Self { live, only, exclude, own }
    }

    /// Says whether a kind is wanted: named by its name or key, or nothing is named; and not excluded.
    pub fn has_kind(&self, kind: &Kind) -> bool {
        let named = |words: &[String]| words.iter().any(|word| word == &kind.name || word == kind.top_key());
        let is_managed = catalogue().kind(&kind.name).is_some();
        is_managed && (self.only.is_empty() || named(self.only)) && !named(self.exclude)
    }

    /// Says whether an object is exported. Not: what Auth0 owns, the tool's own client, and what hangs on that.
    pub fn has(&self, object: &Object) -> bool {
        self.has_kind(object.kind)
            && !is_builtin(object)
            && !self.is_own(object)
            && !self.is_half_of_a_list(object)
            && ceremony::unsayable(object, self.live).is_none()
    }

    /// A list that is all there is must be whole: written in part, it would take the rest away when applied.
    fn is_half_of_a_list(&self, object: &Object) -> bool {
        let is_exact = object.kind.membership.as_ref().is_some_and(|list| list.members == MemberPolicy::Exact);
        let key = (!object.key.is_empty()).then(|| object.kind.name_of_key(&object.key));
        let name = reading_name(object.kind, object.parent.as_ref(), key.as_deref());
        is_exact && matches!(self.live.readings.get(&name), Some(Reading::Incomplete { .. }))
    }

    fn is_own(&self, object: &Object) -> bool {
        let Some(own) = &self.live.own_client else { return false };
        let is_it = object.parent.is_none() && object.id.as_ref() == Some(own);
        let names_it = object.kind.references.iter().any(|reference| {
            let field = reference.field.to_string();
            reference.by == "id"
                && object.kind.identity.contains(&field)
                && object.body.get(&field).and_then(Value::as_str) == Some(own.0.as_str())
        });
        is_it || names_it
    }

    /// Says whether a reference is to the tool's own client.
    pub fn is_to_own(&self, reference: &Reference) -> bool {
        self.own.as_ref().is_some_and(|(space, name)| &reference.space == space && &reference.name == name)
    }

    /// Says which keys files cannot hold as they are.
    pub fn report_unsayable(&self, findings: &mut Diagnostics) {
        let chosen = self.live.objects.iter().filter(|object| self.has_kind(object.kind));
        let mut found: Vec<_> = chosen
            .filter_map(|object| Some(format!("{}: {}", object.kind.title, ceremony::unsayable(object, self.live)?)))
            .collect();
        found.dedup();
        findings.0.extend(found.into_iter().map(|said| Diagnostic::warning("not-exported", said)));
    }

    /// Says what of the chosen kinds could not be read, so that nobody takes the export for the whole tenant.
    pub fn report_unread(&self, findings: &mut Diagnostics) {
        let mut told = BTreeSet::new();
        for (name, reading) in &self.live.readings {
            let kind_name = name.split(['@', '#']).next().unwrap_or(name);
            let Some(kind) = catalogue().kind(kind_name).filter(|kind| self.has_kind(kind)) else { continue };
            match reading {
                Reading::Complete => {}
                Reading::Refused { status, reason, .. } => {
                    if told.insert(kind_name) {
                        let said = format!("{}: the tenant does not show it ({status}, {reason})", kind.title);
                        // A feature that is off or out of the token's reach is no loss; another refusal may be one.
                        findings.push(match status {
                            403 | 404 => Diagnostic::note("not-exported", said),
                            _ => Diagnostic::warning("not-exported", said),
                        });
                    }
                }
                Reading::Incomplete { got, total } => findings.push(
                    Diagnostic::warning("not-exported", format!("{}: only {got} of {total} were read", kind.title))
                        .help("Export again when the tenant is quiet: objects were added or taken away meanwhile."),
                ),
            }
        }
    }
}
