//! Wrong command lines, help, and where a run may be started.

use crate::support::Project;

#[test]
fn a_misspelt_flag_is_suggested() {
    let ran = Project::new().run_binary("plan --dry_rum").code(64);
    assert!(ran.stderr().contains("unexpected argument '--dry_rum'"), "{}", ran.screen());
    let ran = Project::new().run("plan dev --targt x").code(64);
    assert!(ran.stderr().contains("'--target'"), "{}", ran.screen());
    let ran = Project::new().run("aply dev").code(64);
    assert!(ran.stderr().contains("'apply'"), "{}", ran.screen());
}

#[test]
fn help_and_version_are_answers() {
    let ran = Project::bare().run("--help").ok();
    assert!(ran.stdout().starts_with("Deploys the configuration") && ran.stderr().is_empty(), "{}", ran.screen());
    let ran = Project::bare().run("--version").ok();
    assert_eq!(ran.stdout(), concat!("tenantry ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_folder_that_is_no_workspace_says_what_to_do() {
    insta::assert_snapshot!(Project::bare().run("plan dev").screen(), @r"
    $ tenantry plan dev
    --- stderr ---
    error: no `tenantry.yaml` here or in a folder above
    help: Change to a workspace, name one with `--workspace`, or a Deploy CLI project with `--deploy-cli`.
    --- exit 64 ---
    ");
    insta::assert_snapshot!(Project::bare().run("plan dev --workspace elsewhere").screen(), @r"
    $ tenantry plan dev --workspace elsewhere
    --- stderr ---
    error: `[DIR]/elsewhere` is no workspace
    help: A workspace is a folder with a `tenantry.yaml`.
    --- exit 64 ---
    ");
    insta::assert_snapshot!(Project::bare().run("plan --deploy-cli tenant.yaml").screen(), @r"
    $ tenantry plan --deploy-cli tenant.yaml
    --- stderr ---
    error: `[DIR]/tenant.yaml` does not exist
    help: `--deploy-cli` takes a project's tenant.yaml or its folder.
    --- exit 64 ---
    ");
}

#[test]
fn writing_needs_a_terminal_or_yes() {
    insta::assert_snapshot!(Project::new().run("apply dev").screen(), @r"
    $ tenantry apply dev
    --- stderr ---
    error: there is no terminal to ask before writing
    help: Give `--yes` to apply without being asked; it opens no gate.
    --- exit 64 ---
    ");
}

#[test]
fn failures_are_json_too_when_json_is_asked_for() {
    let ran = Project::bare().run("plan dev --json").code(64);
    let answer = ran.json();
    assert_eq!((&answer["format"], &answer["exit"]), (&"tenantry-failure".into(), &64.into()));
}

#[test]
fn the_help_of_a_command_shows_the_flags_that_mean_something_to_it() {
    let help = |command: &str| Project::bare().run(&format!("{command} --help")).ok().stdout().to_owned();
    for command in ["kinds", "check", "schema", "scopes", "history", "ci init", "completions"] {
        let text = help(command);
        for flag in ["--journal", "--lock-wait", "--log"] {
            assert!(!text.contains(flag), "{command} {flag}: {text}");
        }
        assert!(text.contains("--json"), "{text}");
    }
    let text = help("apply");
    assert!(text.contains("--journal") && text.contains("--lock-wait") && text.contains("--log"), "{text}");
    assert!(help("plan").contains("--log") && !help("plan").contains("--lock-wait"));
    assert!(help("sandbox reset").contains("--lock-wait") && !help("sandbox reset").contains("--journal"));
    // They are taken before the command, too.
    let roles = "roles: [{ name: Reader }]\n";
    let project = Project::new().tenant("dev", "domain: sandbox\n").template("roles", roles);
    project.run("--journal a.jsonl apply dev --yes").ok();
    project.write("templates/roles.yaml", "roles: [{ name: Writer }]\n");
    project.run("apply dev --yes --journal b.jsonl").ok();
    assert!(project.read("a.last.jsonl").contains("Reader") && project.read("b.last.jsonl").contains("Writer"));
    project.run("--lock-wait 1 check dev --log -").ok();
}

#[test]
fn a_file_that_the_command_line_names_and_that_is_not_there_is_wrong_usage() {
    let project = Project::new().tenant("dev", "domain: sandbox\n").file("tenant.yaml", "roles: []\n");
    for command in [
        "plan --deploy-cli tenant.yaml --config no.json",
        "init x --from-deploy-cli tenant.yaml --config a=no.json",
        "apply no.plan --yes",
        "apply --plan no --yes",
        "restore dev no.json --plan-only",
        "sandbox serve dev --faults no.json",
    ] {
        let ran = project.run(command).code(64);
        assert!(ran.stderr().contains("does not exist") && ran.stderr().contains("help:"), "{}", ran.screen());
    }
    let ran = project.run("plan --deploy-cli tenant.yaml --config tenants").code(64);
    assert!(ran.stderr().contains("is a directory"), "{}", ran.screen());
}

#[test]
fn completions_name_every_command() {
    let ran = Project::bare().run("completions bash").ok();
    for command in ["check", "plan", "apply", "export", "kinds", "sandbox"] {
        assert!(ran.stdout().contains(command), "{command}");
    }
}
