//! `tenantry kinds`

use crate::support::Project;

#[test]
fn the_table_has_every_kind_once() {
    let ran = Project::bare().run("kinds").ok();
    let (table, closing) = ran.stdout().split_once("\n\n").unwrap();
    assert!(closing.starts_with("80 kinds cover 89 of the API's 90 kinds; 1 is not managed: "), "{closing}");
    let why = Project::bare().run("kinds --excepted").ok();
    assert!(why.stdout().starts_with("organization_template  "), "{}", why.screen());
    assert_eq!(why.stdout().lines().count(), 1);
    let why = Project::bare().run("kinds organization_template").ok();
    assert!(why.stdout().contains("only npm auth0 7.1.0 knows it"), "{}", why.screen());
    let why = Project::bare().run("kinds organization_template --json").ok().json();
    assert!(why["excepted"]["organization_template"]["not_managed"].is_string(), "{why}");
    let other = Project::bare().run("kinds guardian_sms_templates").ok();
    assert!(other.stdout().contains("another name of guardian_phone_templates"), "{}", other.screen());
    Project::bare().run("kinds organization_template --example").code(64);
    let names: Vec<&str> = table.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let known: Vec<&str> = tenantry::catalogue::table::catalogue().kinds().map(|kind| kind.name.as_str()).collect();
    assert_eq!(names, known);
    let json = Project::bare().run("kinds --json").ok().json();
    assert_eq!(json["kinds"].as_array().map(Vec::len), Some(known.len()));
    assert_eq!(json["api"], serde_json::json!({ "kinds": 90, "covered": 89 }));
    assert_eq!(json["excepted"].as_object().map(|all| all.len()), Some(1));
    assert!(json["excepted"]["organization_template"]["not_managed"].is_string());
}

#[test]
fn one_kind_is_shown_in_full() {
    insta::assert_snapshot!(Project::bare().run("kinds roles").screen(), @r"
    $ tenantry kinds roles
    roles: role
      shape:         collection
      API:           /api/v2/roles
      identity:      name
      deletion:      deletes it
      required:      name
      read only:     id, type, owner_id
      scopes:        read:roles, create:roles, update:roles, delete:roles
      source:        https://auth0.com/docs/api/management/v2/roles
      fields:
        description  text
        name         text; required
        owner_id     text; read only
        type         text; read only; one of organization, tenant
    --- exit 0 ---
    ");
}

#[test]
fn a_misspelt_kind_is_suggested() {
    insta::assert_snapshot!(Project::bare().run("kinds role").screen(), @r"
    $ tenantry kinds role
    --- stderr ---
    error: there is no kind `role`
    help: Did you mean `roles`?
    --- exit 64 ---
    ");
}
