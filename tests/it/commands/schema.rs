//! `tenantry schema`

use crate::support::Project;

#[test]
fn the_schemas_are_listed_printed_and_written() {
    let project = Project::bare();
    insta::assert_snapshot!(project.run("schema").screen(), @r"
    $ tenantry schema
    workspace  tenantry.yaml
    tenant     tenants/*.yaml
    templates  templates/**/*.yaml
    overlay    tenants/*/*.yaml
    answers    what --json prints
    `tenantry schema NAME` prints one, `tenantry schema --to DIR` writes all.
    --- exit 0 ---
    ");
    let printed = project.run("schema templates").ok().json();
    assert_eq!(printed["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(project.run("schema --to out").ok().stdout().lines().count(), 5);
    let written: serde_json::Value = serde_json::from_str(&project.read("out/templates.schema.json")).unwrap();
    assert_eq!(written, printed);
    assert_eq!(project.run("schema tenant --to one --json").ok().json()["schemas"][0]["name"], "tenant");
    assert_eq!(project.files("one").len(), 1);
    let _ = project.run("schema template").code(64);
}

#[test]
fn the_schema_of_answers_refuses_what_is_no_answer() {
    let answers = Project::bare().run("schema answers").ok().json();
    let schema = jsonschema::validator_for(&answers).unwrap();
    let drift =
        |moved: serde_json::Value| serde_json::json!({"format": "tenantry-drift", "version": 1, "tenants": moved});
    assert!(schema.is_valid(&drift(serde_json::json!([]))));
    assert!(!schema.is_valid(&drift(serde_json::json!("none"))), "a list is a list");
    assert!(!schema.is_valid(&serde_json::json!({"format": "tenantry-plan", "version": 1})), "a plan has members");
}
