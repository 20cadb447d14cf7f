//! Closed gates: all of them together, with one command that opens exactly these.

use super::style::{REMOVED, STRONG, paint};
use super::value::harmless;
use crate::model::plan::Gate;

/// The most addresses that are listed under one gate.
pub const LISTED: usize = 20;

/// Returns the closed gates as text, empty if there are none.
///
/// `command` is the apply command of this run without consent switches, ready to copy.
pub fn text(gates: &[Gate], command: &str) -> String {
    let mut out = String::new();
    for gate in &together(gates) {
        out.push_str(&format!(
            "{} {}\n",
            paint(REMOVED.bold(), format!("gate closed[{}]:", gate.name)),
            harmless(&gate.reason)
        ));
        for address in gate.addresses.iter().take(LISTED) {
            out.push_str(&format!("  {}\n", harmless(address.as_str())));
        }
        if gate.addresses.len() > LISTED {
            out.push_str(&format!("  and {} more\n", gate.addresses.len() - LISTED));
        }
        match &gate.switch {
            Some(switch) => out.push_str(&format!("  opens with {}\n", harmless(switch))),
            None => out.push_str("  no switch opens it\n"),
        }
    }
    if let Some(words) = opening(gates, command) {
        out.push_str(&format!("\nThis opens exactly these gates:\n\n    {}\n", paint(STRONG, words)));
    }
    out
}

/// Returns the command that opens all of these gates, if there are any and switches open all of them.
pub fn opening(gates: &[Gate], command: &str) -> Option<String> {
    let switches: Option<Vec<&str>> = gates.iter().map(|gate| gate.switch.as_deref()).collect();
    let mut distinct: Vec<&str> = Vec::new();
    for switch in switches? {
        if !distinct.contains(&switch) {
            distinct.push(switch);
        }
    }
    (!gates.is_empty()).then(|| harmless(&format!("{command} {}", distinct.join(" "))))
}

/// Joins the gates that differ in their addresses alone: a kind that cannot be read closes one for each resource.
pub fn together(gates: &[Gate]) -> Vec<Gate> {
    let mut joined: Vec<Gate> = Vec::new();
    for gate in gates {
        let same =
            |other: &&mut Gate| (other.name, &other.reason, &other.switch) == (gate.name, &gate.reason, &gate.switch);
        match joined.iter_mut().find(same) {
            Some(known) => known.addresses.extend(gate.addresses.iter().cloned()),
            None => joined.push(gate.clone()),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::address::Address;

    fn gate(name: &'static str, switch: Option<&str>) -> Gate {
        let addresses = vec![Address::typed("things/A")];
        Gate { name, reason: "a reason".into(), addresses, switch: switch.map(str::to_owned) }
    }

    #[test]
    fn one_command_opens_all_gates_and_names_each_switch_once() {
        let gates = [
            gate("one", Some("--max-deletes 7")),
            gate("two", Some("--allow-dirty")),
            gate("three", Some("--allow-dirty")),
        ];
        let text = anstream::adapter::strip_str(&text(&gates, "tenantry apply prod")).to_string();
        assert!(text.ends_with("    tenantry apply prod --max-deletes 7 --allow-dirty\n"), "{text}");
    }

    #[test]
    fn no_command_is_offered_where_one_gate_stays_closed() {
        let gates = [gate("one", Some("--max-deletes 7")), gate("two", None)];
        let text = text(&gates, "tenantry apply prod");
        assert!(text.contains("no switch opens it") && !text.contains("tenantry apply"), "{text}");
    }
}
