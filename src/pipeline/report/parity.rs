//! How two tenants will differ, for people.

use std::collections::{BTreeMap, BTreeSet};

use super::style::{FAINT, STRONG, paint};
use super::value::harmless;
use crate::model::address::Address;
use crate::model::names::TenantName;
use crate::pipeline::parity::Differences;

/// The most lines of one sort.
const LISTED: usize = 10;

/// Returns a screen's part.
pub fn text(found: &Differences, first: &TenantName, second: &TenantName) -> String {
    if found.is_empty() {
        return format!("Afterwards {second} differs from {first} in nothing but what the files declare.\n");
    }
    let title = format!("Afterwards {second} differs from {first} in more than the files declare:");
    let mut out = format!("{}\n", paint(STRONG, harmless(&title)));
    out.push_str(&fields(&format!("edited in {first}, and not taken along"), &found.drifted));
    out.push_str(&fields("managed by no file", &found.unmanaged));
    out.push_str(&objects(&format!("only in {first}, declared by nobody"), &found.only_first));
    out.push_str(&objects(&format!("only in {second}, declared by nobody"), &found.only_second));
    out
}

fn fields(what: &str, found: &BTreeMap<Address, Vec<String>>) -> String {
    let line = |(address, paths): (&Address, &Vec<String>)| match paths.as_slice() {
        [] => address.to_string(),
        paths => format!("{address}: {}", paths.join(", ")),
    };
    section(what, found.len(), found.iter().map(line))
}

fn objects(what: &str, found: &BTreeSet<Address>) -> String {
    section(what, found.len(), found.iter().map(ToString::to_string))
}

fn section(what: &str, many: usize, lines: impl Iterator<Item = String>) -> String {
    if many == 0 {
        return String::new();
    }
    let mut out = format!("  {}\n", paint(FAINT, harmless(what)));
    for line in lines.take(LISTED) {
        out.push_str(&format!("    {}\n", harmless(&line)));
    }
    if many > LISTED {
        out.push_str(&format!("    and {} more\n", many - LISTED));
    }
    out
}
