//! What changes for the people who use the project, said once when it is translated.

use super::walk::Walk;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::pipeline::load::native::settings_file;
use crate::pipeline::report::style::count;

/// Tells what is different now though every plan is the same.
pub fn tell(walk: &Walk<'_>, found: &mut Diagnostics) {
    for (index, side) in walk.sides.iter().enumerate() {
        let file = settings_file(&side.name);
        let variables = walk.secrets.of_environment(side, index);
        if let Some(first) = variables.first() {
            let said = match variables.len() {
                1 => format!("`{file}` takes a secret from the environment: {first}"),
                more => format!("`{file}` takes {} from the environment: {first} and others", count(more, "secret")),
            };
            let help = "Its `secrets` name them all; set them before an apply, or name another source there.";
            found.push(Diagnostic::note("secrets-outside", said).help(help));
        }
        let said = if side.profile.deletes {
            "AUTH0_ALLOW_DELETE became `policy.manage: exact`: whatever the files do not describe is deleted"
        } else {
            "without AUTH0_ALLOW_DELETE it is `policy.manage: additive`: nothing is deleted, whatever the files lose"
        };
        let help = "Consider `owned`, the usual rule of a workspace: what was taken out of the files is deleted, and \
                    nothing that never was in them.";
        found.push(Diagnostic::note("policy-carried-over", format!("`{file}`: {said}")).help(help));
    }
    if !walk.literals.is_empty() {
        let names = walk.literals.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let said = format!("these values stood in the project's files and are secrets now: {names}");
        let help = "They remain in the project's history; make new ones where that matters.";
        found.push(Diagnostic::note("literal-secret", said).help(help));
    }
}
