//! The records of a tenant, checked: those that are here, and against the git remote where they are shared.

use serde_json::json;

use super::commands::history::{Answer, Tenant};
use super::failure::Failure;
use super::locking::sharing;
use super::run::Run;
use crate::edge::records::RecordError;
use crate::pipeline::report::verification as view;

/// Checks the records of a tenant; says whether they are whole.
///
/// # Errors
/// If they cannot be read. A remote that does not answer is a fault: a gap cannot be told from none.
pub fn verify(tenant: &Tenant, answer: &mut Answer, run: &Run<'_>) -> Result<bool, Failure> {
    let mut notes = Vec::new();
    let mut faults = Vec::new();
    let mut unheard = None;
    let mut agrees = None;
    let shared = sharing(&tenant.target.remembrance(), run)?;
    let is_shared = shared.is_some();
    match shared {
        Some(shared) => match tenant.records.check_against(&shared) {
            Ok(found) if found.is_empty() => {
                // What is there goes on from what is here, or is the same.
                tenant.records.take_in(&shared)?;
                agrees = Some(shared.remote.name().to_owned());
            }
            Ok(found) => faults.extend(found),
            Err(RecordError::Remote(error)) => unheard = Some(format!("{error}: a gap cannot be ruled out")),
            Err(error) => return Err(error.into()),
        },
        None if tenant.target.is_sandbox() => {}
        None => {
            notes.push("no git remote is named in `history`, so nothing but this repository says what was".to_owned())
        }
    }
    // At a remote the line may have been put in another order since.
    let seen = run.settings.state.last_record(&tenant.target.remembrance()).filter(|_| !is_shared);
    if let Some(seen) = seen {
        faults.extend(tenant.records.check_seen(&seen)?);
    }
    let checked = tenant.records.check()?;
    if let Some(remote) = agrees {
        notes.push(match checked.records {
            0 => format!("the git remote `{remote}` has none either"),
            _ => format!("the git remote `{remote}` has the same records"),
        });
    }
    if checked.is_cut {
        notes.push("this clone is shallow: older records are not here (`fetch-depth: 0`)".to_owned());
    }
    let bare = checked.records - checked.sealed;
    if bare > 0 && checked.faults.iter().all(|fault| fault.code != "seal") {
        notes.push(format!("{bare} of the records were written before records had seals"));
    }
    faults.extend(checked.faults);
    let unheard_text = unheard.as_deref();
    let wrong = faults.iter().map(|fault| (fault.record, fault.commit.as_deref(), fault.what.as_str()));
    let wrong: Vec<view::Wrong<'_>> = wrong.chain(unheard_text.map(|what| (None, None, what))).collect();
    answer.documents.push(json!({
        "tenant": tenant.settings.tenant,
        "domain": tenant.settings.domain,
        "sandbox": tenant.target.is_sandbox(),
        "records": checked.records,
        "sealed": checked.sealed,
        "shallow": checked.is_cut,
        "faults": faults,
        "remote": unheard,
        "notes": notes,
        "whole": wrong.is_empty(),
    }));
    answer.screens.push(format!("{}\n\n{}", tenant.headline(), view::text(checked.records, &notes, &wrong)));
    Ok(wrong.is_empty())
}
