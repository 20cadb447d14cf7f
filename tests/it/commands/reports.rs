//! `tenantry plan --markdown` and `--html`

use serde_json::{Value as Json, json};

use crate::support::Project;

/// The most characters of a comment on GitHub.
const COMMENT: usize = 65_536;

const HOSTILE: [&str; 9] = [
    "```\n````\n</details>\n@acme/security please look",
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "<!-- <script>",
    "| a | b |\n|---|---|",
    "@everyone #1 !2 acme/x#3",
    "\u{1b}[2J\u{7}\u{202e}\u{2028}",
    "[a](https://evil.example) www.evil.example",
    "line\n- forged\n+ forged\n@@ -1 +1 @@",
];

fn deploying(resources: &Json) -> Project {
    let project = Project::deploy_cli(&resources.to_string());
    let config = json!({ "AUTH0_DOMAIN": "acme.eu.auth0.com", "AUTH0_ALLOW_DELETE": true });
    project.file("config.json", &config.to_string())
}

fn markdown(project: &Project) -> String {
    let ran = project.run(&Project::deploying("plan --markdown"));
    let text = ran.stdout().to_owned();
    assert!(text.chars().count() <= COMMENT && text.len() <= COMMENT, "{} bytes", text.len());
    text
}

/// Returns the lines outside of fenced blocks, as a reader of Markdown finds them.
fn outside(text: &str) -> Vec<&str> {
    let mut open: Option<usize> = None;
    let mut lines = Vec::new();
    for line in text.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match open {
            Some(length) if ticks >= length && line.trim_matches('`').is_empty() => open = None,
            Some(_) => {}
            None if ticks >= 3 => open = Some(ticks),
            None => lines.push(line),
        }
    }
    assert_eq!(open, None, "a block stays open:\n{text}");
    lines
}

#[track_caller]
fn inert(text: &str) {
    let own = ["<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>", "<b>", "</b>"];
    for line in outside(text) {
        let rest = own.iter().fold(line.to_owned(), |rest, tag| rest.replace(tag, ""));
        for sign in ["<", "@", "`", "](http", "://", "| a"] {
            let ours = sign == "`" && rest.contains("`tenantry plan` shows all of it");
            assert!(!rest.contains(sign) || ours, "{sign} in {line}");
        }
    }
    assert!(text.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}' && c != '\u{2028}')));
}

fn roles(texts: &[&str]) -> Json {
    let role = |text: &&str| json!({ "name": format!("r {text}").replace('\n', " "), "description": text });
    Json::Array(texts.iter().map(role).collect())
}

#[test]
fn a_comment_has_counts_gates_and_changes() {
    let gone: Vec<Json> = (0..6).map(|n| json!({ "name": format!("old {n}"), "description": "x" })).collect();
    let project = deploying(&json!({ "roles": gone }));
    project.run(&Project::deploying("apply --yes")).ok();
    project.write("tenant.yaml", &json!({ "roles": [{ "name": "new", "description": "New" }] }).to_string());
    let text = markdown(&project);
    insta::assert_snapshot!(text.split("#### role").next().unwrap_or_default(), @r"
    ### Plan for <code>acme</code>

    <code>acme.eu.auth0.com</code> (sandbox)

    **1 to create, 0 to update, 0 to replace, 6 to delete.** 0 unchanged, 0 unmanaged objects left alone.
    Read with 1 request; applying sends at least 7.

    #### 1 gate closed

    - **max&#95;deletes**: 6 deletions (6 of 6 roles), and the policy allows 5; opens with <code>--max-deletes 6</code>
      - <code>roles/old 0</code>
      - <code>roles/old 1</code>
      - <code>roles/old 2</code>
      - <code>roles/old 3</code>
      - <code>roles/old 4</code>
      - <code>roles/old 5</code>

    This opens exactly these gates:

    ```sh
    tenantry apply --deploy-cli tenant.yaml --config config.json --sandbox --max-deletes 6
    ```
    ");
    assert!(text.contains("\n#### role: 1 to create, 6 to delete\n"), "{text}");
    assert!(text.contains("\n<b>delete</b> <code>roles/old 0</code>"), "{text}");
    let same = project.run(&Project::deploying("plan --json --markdown=plan.md --html plan.html")).code(4);
    assert_eq!(same.json()["summary"]["delete"], 6);
    let file = project.read("plan.md");
    let without_fingerprint: String =
        file.split_inclusive('\n').filter(|line| !line.starts_with("Fingerprint ")).collect();
    assert_eq!(without_fingerprint, text);
    project.run(&Project::deploying("plan --json --markdown")).code(64);
}

#[test]
fn hostile_text_cannot_leave_its_place_in_a_comment() {
    let project = deploying(&json!({ "roles": roles(&HOSTILE) }));
    inert(&markdown(&project));
    project.run(&Project::deploying("apply --yes")).ok();
    let turned: Vec<Json> = HOSTILE
        .iter()
        .map(|text| json!({ "name": format!("r {text}").replace('\n', " "), "description": format!("{text}\nmore\n```") }))
        .collect();
    project.write("tenant.yaml", &json!({ "roles": turned }).to_string());
    let text = markdown(&project);
    inert(&text);
    // A text cannot pass for a line of the difference: what is equal begins with a blank.
    assert!(text.contains("\n      - forged\n") && !text.contains("\n-     forged"), "{text}");
    project.write("tenant.yaml", &json!({ "roles": roles(&["kept"]) }).to_string());
    inert(&markdown(&project));
}

#[test]
fn what_a_comment_cannot_hold_is_counted_and_deletions_are_kept() {
    let old: Vec<Json> = (0..60).map(|n| json!({ "name": format!("zz old {n}"), "description": "x" })).collect();
    let project = deploying(&json!({ "roles": old }));
    project.run(&Project::deploying("apply --yes")).ok();
    let new = |n: usize| json!({ "name": format!("new {n} {}", "é".repeat(60)), "description": "words ".repeat(40) });
    for number in [300, 3_000] {
        let many: Vec<Json> = (0..number).map(new).collect();
        project.write("tenant.yaml", &json!({ "roles": many }).to_string());
        let text = markdown(&project);
        assert_eq!(text.matches("<b>delete</b> <code>").count(), 60);
        let shown = text.matches("\ncreate <code>").count() + text.matches("<summary>create <code>").count();
        let hidden = format!("{} changes of {} altogether", number - shown, number + 60);
        assert_eq!(text.contains(&hidden), shown < number, "{shown} of {number} shown");
        assert!(text.contains("**Left out, because a comment holds no more: "), "{}", &text[text.len() - 400..]);
        assert!(text.len() > 60_000, "there was room for more: {}", text.len());
    }
}

#[test]
fn the_page_holds_the_plan_and_nothing_of_it_is_markup() {
    let project = deploying(&json!({ "roles": roles(&HOSTILE) }));
    let plan = project.run(&Project::deploying("plan --json --html plan.html")).ok().json();
    let page = project.read("plan.html");
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains("<img") && !page.contains("onerror=alert(1)>"), "markup of the plan in the page");
    let start = page.find("id=\"plan\">").unwrap() + "id=\"plan\">".len();
    let inside: Json = serde_json::from_str(page[start..].split("</script").next().unwrap()).unwrap();
    for member in ["changes", "steps", "summary", "gates", "tenant"] {
        assert_eq!(inside[member], plan[member], "{member}");
    }
    // Over a page of before, but never over what a link leads to.
    project.write("plan.html", "old");
    project.run(&Project::deploying("plan --html plan.html")).ok();
    assert_eq!(project.read("plan.html"), page);
    #[cfg(unix)]
    {
        project.write("precious", "mine");
        std::os::unix::fs::symlink(project.path("precious"), project.path("link.html")).unwrap();
        let ran = project.run(&Project::deploying("plan --html link.html")).code(1);
        assert!(ran.stderr().contains("it is a link, which is not followed"), "{}", ran.screen());
        project.run(&Project::deploying("plan --markdown=link.html")).code(1);
        assert_eq!(project.read("precious"), "mine");
    }
}
