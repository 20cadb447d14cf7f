//! Several edits in one file: where they meet, where they move one another, and where they do not go together.

use serde_json::Value as Json;

use super::{hand, planned, sample, stat, told, wants};
use crate::support::Project;

/// Entries of an overlay that end on the same line are extended, each by something.
#[test]
fn edits_that_meet_in_an_overlay_are_all_written() {
    let project = sample("prod");
    let edits = r##"attackProtection:
  suspiciousIpThrottling: { stage: { pre-user-registration: { max_attempts: 51, rate: 1201 } } }
  bruteForceProtection: { shields: [user_notification] }
roles:
  - name: Pilot
    description: Pilots
"##;
    let others: Vec<Json> = ["dev", "test"].iter().map(|tenant| wants(&project, tenant)).collect();
    hand(&project, "prod", edits);
    let drifted = planned(&project, "plan prod --json");
    let ran = project.run("export prod --into --yes --json").ok();
    assert_eq!(told(&ran, "written"), drifted, "{}", ran.screen());
    assert!(planned(&project, "plan prod --json").is_empty());
    assert_eq!(stat(&project).len(), 1, "{:?}", stat(&project));
    let now: Vec<Json> = ["dev", "test"].iter().map(|tenant| wants(&project, tenant)).collect();
    assert_eq!(now, others);
}

/// Actions, and the order in which they are bound.
fn bound(names: &[&str]) -> String {
    let action = |name: &&str| {
        format!(
            "  - name: {name}\n    code: exports.onExecutePostLogin = async () => {{}};\n    runtime: node22\n    supported_triggers: [{{ id: post-login, version: v3 }}]\n    deployed: true\n"
        )
    };
    let actions: String = ["One", "Two", "Three"].iter().map(action).collect();
    let binding = |name: &&str| format!("    - {{ action_name: {name}, display_name: {name} }} # about {name}\n");
    let bindings: String = names.iter().map(binding).collect();
    format!("actions:\n{actions}# What runs.\ntriggers:\n  post-login:\n    # in this order\n{bindings}# The end.\n")
}

/// The order in which bound actions run is theirs to keep.
#[test]
fn members_in_another_order_are_moved() {
    let project = Project::new()
        .file(".gitignore", ".tenantry/\n")
        .tenant("dev", "domain: sandbox\n")
        .template("all", &bound(&["One", "Two", "Three"]));
    project.commit("one");
    project.run("apply dev --yes").ok();
    hand(&project, "dev", &bound(&["Three", "One", "Two"]));
    assert!(!planned(&project, "plan dev --json").is_empty());
    let ran = project.run("export dev --into --yes --json").ok();
    assert!(!told(&ran, "written").is_empty(), "{}", ran.screen());
    assert_eq!(project.read("templates/all.yaml"), bound(&["Three", "One", "Two"]));
    assert!(planned(&project, "plan dev --json").is_empty());
}

/// The second overlay leaves out an item of a list that the first one would say anew: such files cannot be read.
#[test]
fn of_edits_that_files_cannot_be_read_with_only_these_are_left() {
    let roles = "roles:\n  - name: Reader\n    description: reads\n  - name: Writer\n    description: writes\n";
    let template = format!("{roles}{}", bound(&["One", "Two", "Three"]));
    let project = Project::new()
        .file(".gitignore", ".tenantry/\n")
        .tenant("dev", "domain: sandbox\n")
        .tenant("test", "domain: sandbox\n")
        .file(
            "tenants/dev/last.yaml",
            "triggers:\n  post-login: { $without: [{ action_name: Three, display_name: Three }] }\n",
        )
        .template("all", &template);
    project.commit("one");
    project.run("apply dev --yes").ok();
    hand(
        &project,
        "dev",
        &format!("{}{}", roles.replace("reads", "reads on").replace("writes", "writes on"), bound(&["Two", "One"])),
    );
    let ran = project.run("export dev --into --yes --json").code(2);
    let left = told(&ran, "conflicts");
    assert!(!left.is_empty() && left.iter().all(|name| name.starts_with("triggers/post-login:")), "{}", ran.screen());
    let reason = ran.json()["conflicts"][0]["reason"].clone();
    assert_eq!(reason, "what was written did not read as the tenant has it");
    assert_eq!(told(&ran, "written"), ["roles/Reader:description", "roles/Writer:description"]);
    assert_eq!(planned(&project, "plan dev --json"), left);
    assert_eq!(project.read("templates/all.yaml"), template);
}

/// What nobody changed stays byte by byte, in a file of another system, too.
#[test]
fn a_file_with_other_line_ends_and_a_byte_order_mark_keeps_them() {
    let text = "\u{feff}# Rôles 🚢\nroles:\n  - name: Reader # größer\n    description: |- # why\n      one\n      two\n\n  - name: Writer\n    description: >-\n      folded\n      text\n# The end.\n";
    for text in [text.to_owned(), text.replace('\n', "\r\n"), text.trim_start_matches('\u{feff}').to_owned()] {
        let project =
            Project::new().file(".gitignore", ".tenantry/\n").tenant("dev", "domain: sandbox\n").template("all", &text);
        project.run("apply dev --yes").ok();
        hand(&project, "dev", "roles:\n  - name: Reader\n    description: \"one\\nthree\"\n");
        project.run("export dev --into --yes").ok();
        assert_eq!(project.read("templates/all.yaml"), text.replacen("two", "three", 1));
    }
}
