//! The root key of the customer's own: begun, told how to wrap, imported, destroyed; and every odd turn on the way.

use base64::Engine as _;
use serde_json::{Value as Json, json};

use crate::support::Project;

const BEGUN: &str = "encryptionKey: { type: customer-provided-root-key }\n";
const IMPORT: &str = "encryptionKey: { type: customer-provided-root-key, wrapped_key: '{{secret \"root\"}}' }\n";
const GONE: &str = "encryptionKey: null\n";
const STORE: &str = ".tenantry/sandbox/dev.json";

fn material(byte: u8) -> String {
    base64::engine::general_purpose::STANDARD.encode([byte; 424])
}

fn project() -> Project {
    let project = Project::new()
        .tenant("dev", "domain: sandbox\nsecrets: { root: { env: ROOT } }\n")
        .template("key", BEGUN)
        .file(".gitignore", ".tenantry\nout\n")
        .env("ROOT", &material(7));
    project.commit("first");
    project
}

/// A project whose key is in use.
fn in_use() -> Project {
    let project = project();
    project.run("apply dev --yes").ok();
    project.write("templates/key.yaml", IMPORT);
    project.run("apply dev --yes --allow-replace encryptionKey").ok();
    project
}

/// All keys of the tenant, the oldest first.
fn keys(project: &Project) -> Vec<Json> {
    let store: Json = serde_json::from_str(&project.read(STORE)).unwrap();
    store["collections"]["/keys/encryption"].as_object().unwrap().values().cloned().collect()
}

/// The states of the customer's own keys.
fn states(project: &Project) -> Vec<String> {
    let own = keys(project).into_iter().filter(|key| key["type"] == "customer-provided-root-key");
    own.map(|key| key["state"].as_str().unwrap().to_owned()).collect()
}

/// Somebody changes the keys by other means.
fn edit(project: &Project, change: impl Fn(&mut serde_json::Map<String, Json>)) {
    let mut store: Json = serde_json::from_str(&project.read(STORE)).unwrap();
    change(store["collections"]["/keys/encryption"].as_object_mut().unwrap());
    project.write(STORE, &store.to_string());
}

#[test]
fn the_ceremony_goes_step_by_step() {
    let project = project();
    let ran = project.run("apply dev --yes").ok();
    assert!(ran.stdout().contains("+ encryptionKey") && ran.stdout().contains("-----BEGIN PUBLIC KEY-----\n"));
    assert!(ran.stdout().contains("this public key (CKM_RSA_AES_KEY_WRAP), write it as `wrapped_key`"));
    assert!(ran.stdout().contains("Applied: 1 created, 0 updated, 0 deleted. 2 writes."), "{}", ran.screen());
    assert_eq!(states(&project), ["pre-activation"]);
    // Who lost the screen finds it in the record.
    let pem = ran.stdout().lines().skip_while(|line| !line.starts_with("-----BEGIN")).nth(1).unwrap().to_owned();
    assert!(project.run("history dev last").ok().stdout().contains(&pem));
    let ran = project.run("plan dev --exit-code").ok();
    assert!(ran.stdout().contains("note: encryptionKey waits for its material"), "{}", ran.screen());
    project.run("drift dev").ok();

    project.write("templates/key.yaml", IMPORT);
    let ran = project.run("apply dev --yes").code(4);
    assert!(ran.stdout().contains("gate closed[rotate]: an import destroys the root key in use"), "{}", ran.screen());
    assert!(!ran.stdout().contains("gate closed[protected]"), "{}", ran.screen());
    assert_eq!(states(&project), ["pre-activation"]);
    let ran = project.run("apply dev --yes --allow-replace encryptionKey").ok();
    assert!(ran.stdout().contains("1 write."), "{}", ran.screen());
    assert_eq!(states(&project), ["active"]);
    let ran = project.run("plan dev --exit-code").ok();
    assert!(!ran.stdout().contains("note:"), "{}", ran.screen());
    project.run("drift dev").ok();
    // Once it is in use, nothing needs the material any more.
    project.write("templates/key.yaml", BEGUN);
    project.run("plan dev --exit-code").ok();
    for command in ["get dev encryptionKey --json", "history dev last --json", "export dev --to out"] {
        let ran = project.run(command).ok();
        assert!(!ran.screen().contains(&material(7)) && !ran.screen().contains("BwcHBwcHBwcH"), "{}", ran.screen());
    }

    project.write("templates/key.yaml", GONE);
    let ran = project.run("apply dev --yes").code(4);
    assert!(ran.stdout().contains("gate closed[protected]"), "{}", ran.screen());
    project.run("apply dev --yes --allow-delete encryptionKey").ok();
    assert_eq!(states(&project), ["destroyed"]);
    project.run("plan dev --exit-code").ok();

    // A destroyed key is none: the same file begins another, and what was wrapped for the old one fits no new one.
    project.write("templates/key.yaml", IMPORT);
    let ran = project.run("plan dev").code(65);
    assert!(ran.stderr().contains("error[no-key-to-import]") && ran.stderr().contains("key.yaml:1:52"));
    project.write("templates/key.yaml", BEGUN);
    project.run("apply dev --yes").ok();
    // That the same material was imported once says nothing about the new key.
    project.write("templates/key.yaml", IMPORT);
    project.run("apply dev --yes --allow-replace encryptionKey").ok();
    assert_eq!(states(&project), ["destroyed", "active"]);
}

#[test]
fn the_answer_for_programs_holds_the_public_key() {
    let project = project();
    let result = project.run("apply dev --yes --json").ok().json();
    let told = &result["steps"][1]["told"];
    assert_eq!((&told["algorithm"], &result["steps"][1]["result"]), (&json!("CKM_RSA_AES_KEY_WRAP"), &json!("begun")));
    assert!(told["public_key"].as_str().unwrap().starts_with("-----BEGIN PUBLIC KEY-----\n"), "{result}");
    assert_eq!(result["steps"][0].get("told"), None);
}

#[test]
fn a_key_in_use_takes_no_other_material() {
    let project = in_use();
    let before = keys(&project);
    let project = project.env("ROOT", &material(8));
    let ran = project.run("plan dev").code(65);
    assert!(ran.stderr().contains("error[key-in-use]") && ran.stderr().contains("destroy this one first"));
    project.run("apply dev --yes --allow-replace encryptionKey").code(65);
    assert_eq!(keys(&project), before);
    // What another tool has imported cannot be judged, which is said.
    std::fs::remove_dir_all(project.path(".git")).unwrap();
    for (path, _) in project.files(".tenantry").into_iter().filter(|(path, _)| !path.starts_with("sandbox/dev.json")) {
        std::fs::remove_file(project.path(&format!(".tenantry/{path}"))).unwrap();
    }
    let ran = project.run("plan dev --exit-code").ok();
    assert!(ran.stdout().contains("note: encryptionKey:wrapped_key was not compared"), "{}", ran.screen());
    assert!(!ran.screen().contains(&material(8)));
}

#[test]
fn odd_states_are_told_and_nothing_is_written() {
    let project = in_use();
    let set = |state: &str| {
        edit(&project, |keys| {
            let own = keys.values_mut().find(|key| key["type"] == "customer-provided-root-key").unwrap();
            own["state"] = json!(state);
        });
    };
    set("deactivated");
    for text in [BEGUN, IMPORT] {
        project.write("templates/key.yaml", text);
        let ran = project.run("apply dev --yes").code(65);
        assert!(ran.stderr().contains("error[odd-key-state]: the tenant's key is `deactivated`"), "{}", ran.screen());
    }
    let ran = project.run("export dev --to out");
    assert!(ran.screen().contains("encryption key: it is `deactivated`"), "{}", ran.screen());
    assert!(!project.files("out").values().any(|bytes| String::from_utf8_lossy(bytes).contains("encryptionKey")));
    // A second one, begun by somebody else.
    set("active");
    let second = json!({ "kid": "other", "type": "customer-provided-root-key", "state": "pre-activation" });
    edit(&project, |keys| drop(keys.insert("other".to_owned(), second.clone())));
    for text in [BEGUN, IMPORT, GONE] {
        project.write("templates/key.yaml", text);
        let ran = project.run("apply dev --yes --allow-replace encryptionKey --allow-delete encryptionKey").code(4);
        assert!(ran.stdout().contains("the tenant has 2 keys where files mean one"), "{}", ran.screen());
        assert!(ran.stdout().contains("other (pre-activation)"), "{}", ran.screen());
    }
    let ran = project.run("export dev --to out2");
    assert_eq!(ran.screen().matches("the tenant has 2 keys").count(), 1, "{}", ran.screen());
    assert_eq!(states(&project), ["active", "pre-activation"]);
    // Who says nothing of keys is not concerned.
    project.write("templates/key.yaml", "roles: []\n");
    project.run("plan dev --exit-code").ok();
}

#[test]
fn an_undo_takes_back_what_can_be_and_names_the_rest() {
    let project = project();
    project.run_binary("apply dev --yes").ok();
    // What is begun goes again, behind the gate of what is protected.
    project.run_binary("apply dev --undo --yes").code(4);
    project.run_binary("apply dev --undo --yes --allow-delete encryptionKey").ok();
    assert_eq!(states(&project), ["destroyed"]);

    let project = in_use();
    let before = keys(&project);
    let lost = "cannot come back: a key of encryptionKey was destroyed, and no key comes back";
    let ran = project.run_binary("apply dev --undo --yes").ok();
    assert!(ran.stdout().contains(lost), "{}", ran.screen());
    assert_eq!(keys(&project), before, "something was written");

    project.write("templates/key.yaml", GONE);
    project.run_binary("apply dev --yes --allow-delete encryptionKey").ok();
    let before = keys(&project);
    let ran = project.run_binary("apply dev --undo --yes").ok();
    assert!(ran.stdout().contains(lost), "{}", ran.screen());
    assert_eq!(keys(&project), before, "a key without material is no way back");
}

#[test]
fn a_public_key_that_got_lost_on_its_way_is_asked_for_again() {
    for (write, what) in [
        (1, r#""die_before""#),
        (1, r#""die_after""#),
        (2, r#""reset_after""#),
        (2, r#""die_before""#),
        (2, r#""die_after""#),
        (2, r#"{"status": {"status": 500}}"#),
        (2, r#"{"partial": {"fields": ["algorithm"]}}"#),
    ] {
        let project = project().env("TENANTRY_SANDBOX_FAULTS", "faults.json");
        project.write("faults.json", &format!(r#"[{{"at": {{"write": {write}}}, "what": {what}}}]"#));
        let mut cut = project.command("apply dev --yes");
        let output = cut.output().unwrap();
        assert!(!output.status.success(), "{what}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("BEGIN PUBLIC KEY"), "{what}");
        project.write("faults.json", "[]");
        let ran = project.run_binary("apply dev --resume --yes").ok();
        assert!(ran.stdout().contains("-----BEGIN PUBLIC KEY-----"), "{what}: {}", ran.screen());
        assert_eq!(states(&project), ["pre-activation"], "no second one is made");
        project.run_binary("plan dev --exit-code").ok();
    }
}

#[test]
fn a_create_whose_answer_is_lost_begins_no_second_key() {
    let project = project().env("TENANTRY_SANDBOX_FAULTS", "faults.json");
    project.write("faults.json", r#"[{"at": {"write": 1}, "what": "reset_after"}]"#);
    let ran = project.run_binary("apply dev --yes").ok();
    assert!(ran.stdout().contains("-----BEGIN PUBLIC KEY-----"), "{}", ran.screen());
    assert_eq!(states(&project), ["pre-activation"]);
}

#[test]
fn an_import_that_did_not_take_is_told() {
    let project = project().env("TENANTRY_SANDBOX_FAULTS", "faults.json").file("faults.json", "[]");
    project.run_binary("apply dev --yes").ok();
    let bad = project.env("ROOT", "bad-key-value");
    bad.write("templates/key.yaml", IMPORT);
    let ran = bad.run_binary("apply dev --yes --allow-replace encryptionKey").code(1);
    assert!(ran.stdout().contains("Wrapped key material is invalid") && !ran.screen().contains("bad-key-value"));
    assert_eq!(states(&bad), ["pre-activation"]);
    // The answer is lost, and the key is in use all the same.
    let project = bad.env("ROOT", &material(7));
    project.write("faults.json", r#"[{"at": {"write": 1}, "what": "reset_after"}]"#);
    project.run_binary("apply dev --yes --allow-replace encryptionKey").code(1);
    assert_eq!(states(&project), ["active"]);
    project.write("faults.json", "[]");
    project.run_binary("apply dev --resume --yes").ok();
    project.run_binary("plan dev --exit-code").ok();
}

#[test]
fn a_backup_brings_no_material_back() {
    let project = in_use();
    project.run("backup dev out/b.json").ok();
    assert!(!project.read("out/b.json").contains(&material(7)));
    project.write("templates/key.yaml", GONE);
    project.run("apply dev --yes --allow-delete encryptionKey").ok();
    let ran = project.run("restore dev out/b.json --plan-only").ok();
    assert!(ran.stderr().contains("encryptionKey, without its key material"), "{}", ran.screen());
}

#[test]
fn no_scope_is_asked_for_that_a_step_does_not_need() {
    let project = project();
    let needed = |text: &str| {
        project.write("templates/key.yaml", text);
        project.run("scopes dev").ok().stdout().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(needed(BEGUN), ["create:encryption_keys", "read:encryption_keys"]);
    assert_eq!(needed(IMPORT), ["create:encryption_keys", "read:encryption_keys", "update:encryption_keys"]);
    assert_eq!(needed(GONE), ["delete:encryption_keys", "read:encryption_keys"]);
}

#[test]
fn a_rollback_destroys_a_key_only_with_consent() {
    let project = Project::new()
        .tenant("dev", "domain: sandbox\n")
        .template("key", "roles: [{ name: Reader }]\n")
        .file(".gitignore", ".tenantry\n");
    project.commit("first");
    project.run("apply dev --yes").ok();
    project.write("templates/key.yaml", &format!("roles: [{{ name: Reader }}]\n{BEGUN}"));
    project.commit("second");
    project.run("apply dev --yes").ok();
    let ran = project.run("rollback dev --to 1 --yes").code(4);
    assert!(ran.screen().contains("encryptionKey: deleted, with its key material"), "{}", ran.screen());
    assert_eq!(states(&project), ["pre-activation"]);
    project.run("rollback dev --to 1 --yes --allow-delete encryptionKey").ok();
    assert_eq!(states(&project), ["destroyed"]);
}

#[test]
fn a_key_that_others_destroyed_is_drift_and_is_begun_again_only_without_old_material() {
    let project = in_use();
    edit(&project, |keys| {
        let own = keys.values_mut().find(|key| key["type"] == "customer-provided-root-key").unwrap();
        own["state"] = json!("destroyed");
    });
    let ran = project.run("drift dev").code(2);
    assert!(ran.stdout().contains("encryptionKey"), "{}", ran.screen());
    let ran = project.run("apply dev --yes").code(65);
    assert!(ran.stderr().contains("error[no-key-to-import]"), "{}", ran.screen());
    project.write("templates/key.yaml", BEGUN);
    project.run("apply dev --yes --accept-drift").ok();
    assert_eq!(states(&project), ["destroyed", "pre-activation"]);
}

#[test]
fn what_a_file_cannot_mean_is_an_error() {
    let project = project();
    let refuses = |text: &str, says: &str| {
        project.write("templates/key.yaml", text);
        let ran = project.run("apply dev --yes").code(65);
        assert!(ran.stderr().contains(says), "{}", ran.screen());
    };
    let other = "error[other-key-type]: files cannot hold an encryption key of the type \"tenant-encryption-key\"";
    refuses("encryptionKey: { type: tenant-encryption-key }\n", other);
    refuses("encryptionKey: { type: customer-provided-root-key, wrapped_key: abcd }\n", "error[literal-secret]");
    refuses("encryptionKey: {}\n", "`type` is needed to create encryptionKey");
    project.write("templates/key.yaml", BEGUN);
    project.run("apply dev --yes").ok();
    refuses("encryptionKey: { type: tenant-encryption-key }\n", other);
    assert_eq!(states(&project), ["pre-activation"]);
}

#[test]
fn an_import_whose_material_is_not_here_is_planned_and_not_applied() {
    let project = project().tenant("dev", "domain: sandbox\nsecrets: { root: { env: ELSEWHERE } }\n");
    project.run("apply dev --yes").ok();
    project.write("templates/key.yaml", IMPORT);
    let ran = project.run("plan dev --exit-code").code(4);
    assert!(ran.stdout().contains("+ wrapped_key: (secret root)"), "{}", ran.screen());
    project.run("apply dev --yes --allow-replace encryptionKey").code(65);
    assert_eq!(states(&project), ["pre-activation"]);
}
