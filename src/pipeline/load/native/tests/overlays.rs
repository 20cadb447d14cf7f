//! Overlays and directives.

use super::{TENANT, found, load, shown, shown_entries};

#[test]
fn overlays_merge_by_address() {
    let base = "clients:\n  - $key: Web\n    name: Acme Web\n    callbacks: [a, b]\n    jwt_configuration: { alg: RS256, lifetime_in_seconds: 1 }\n    description: old\n  - name: Api\n    description: x\n  - name: Gone\ntenant: { friendly_name: Base, flags: { one: true } }\n";
    let tenant = "domain: sandbox
overlay:
  clients:
    - name: Web
      callbacks: { $append: [c], $without: [a] }
      jwt_configuration: { alg: PS256 }
      description: { $absent: true }
    - $key: Gone
      $remove: true
    - name: Only here
      $new: true
  tenant: { flags: { two: false } }
";
    let more = "clients:\n  - name: Api\n    description: null\n";
    let files = [("tenants/dev.yaml", tenant), ("tenants/dev/more.yaml", more), ("templates/a.yaml", base)];
    assert_eq!(
        shown(&files),
        r#"{"clients":[{"$key":"Web","name":"Acme Web","callbacks":["b","c"],"jwt_configuration":{"alg":"PS256","lifetime_in_seconds":1}},{"name":"Api","description":null},{"name":"Only here"}],"tenant":{"friendly_name":"Base","flags":{"one":true,"two":false}}}"#
    );
    let removed = load(&files).documents.unwrap().removed;
    assert_eq!(shown_entries(&removed), r#"{"clients":[{"name":"Gone"}]}"#);
}

#[test]
fn overlays_that_go_wrong_say_so() {
    let base = "clients:\n  - name: Web\n    callbacks: [a]\n    description: d\n";
    let overlay = |text: &str| {
        let text = format!("domain: sandbox\noverlay:\n  clients:\n{text}");
        found(&[("tenants/dev.yaml", &text), ("templates/a.yaml", base)])
    };
    assert_eq!(overlay("    - name: Wbe\n"), ["tenants/dev.yaml:4:7 no-such-resource"]);
    assert_eq!(overlay("    - name: Web\n      $new: true\n"), ["tenants/dev.yaml:4:7 not-new"]);
    assert_eq!(overlay("    - callbacks: []\n"), ["tenants/dev.yaml:4:7 missing-identity"]);
    assert_eq!(
        overlay("    - name: Web\n      callbacks: { $apend: [b] }\n"),
        ["tenants/dev.yaml:5:20 unknown-directive"]
    );
    assert_eq!(
        overlay("    - name: Web\n      callbacks: { $without: [b] }\n"),
        ["tenants/dev.yaml:5:31 nothing-to-adjust"]
    );
    assert_eq!(overlay("    - name: Web\n      logo_uri: $absent\n"), ["tenants/dev.yaml:5:7 nothing-to-adjust"]);
    let twice = [
        ("tenants/dev.yaml", "domain: sandbox\noverlay: { tenant: { friendly_name: a } }\n"),
        ("tenants/dev/b.yaml", "tenant: { friendly_name: b, support_url: c }\n"),
        ("templates/a.yaml", "tenant: { friendly_name: base }\n"),
    ];
    assert_eq!(found(&twice), ["tenants/dev/b.yaml:1:11 set-twice"]);
}

#[test]
fn what_another_tenant_has_is_removed_here_and_its_variables_are_not_missed() {
    let base = "clients:\n  - name: '{{company}} Beta'\n    $only: [prod]\n    description: '{{prod_only}}'\n  - name: '{{prod_only}}'\n    $only: prod\n  - name: Web\n    $only: [dev, prod]\ntenant: { $only: [prod], friendly_name: x }\nattackProtection:\n  captcha: { $remove: true, policy: off }\n  botDetection: { challenge_password_policy: never }\n";
    let files = [("tenants/dev.yaml", TENANT), ("tenants/prod.yaml", "domain: sandbox"), ("templates/a.yaml", base)];
    assert_eq!(
        shown(&files),
        r#"{"clients":[{"name":"Web"}],"attackProtection":{"botDetection":{"challenge_password_policy":"never"}}}"#
    );
    let removed = load(&files).documents.unwrap().removed;
    assert_eq!(
        shown_entries(&removed),
        r#"{"clients":[{"name":"Acme Beta"},{}],"tenant":{},"attackProtection":{"captcha":{}}}"#
    );
}

#[test]
fn directives_are_checked() {
    let base = "clients:\n  - name: a\n    $onyl: [dev]\n    $remove: yes\n    $new: true\n    $append: []\n    $only: [dve]\n    client_metadata: { $ref: x }\n    callbacks: { $append: [a] }\n";
    let files = [("templates/a.yaml", base)];
    assert_eq!(
        found(&files),
        [
            "templates/a.yaml:4:14 ambiguous-scalar",
            "templates/a.yaml:3:5 unknown-directive",
            "templates/a.yaml:4:14 wrong-type",
            "templates/a.yaml:5:5 misplaced-directive",
            "templates/a.yaml:6:5 misplaced-directive",
            "templates/a.yaml:7:12 unknown-tenant",
        ]
    );
}
