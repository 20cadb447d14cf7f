//! Text of others inside Markdown and HTML, so that it is shown and never obeyed: no markup, no mention, no reference,
//! no link, no quick action of the host.

use super::value::harmless;

/// Follows a character that hosts read as the start of a mention or of a reference, and keeps them from it.
const APART: &str = "&#8203;";
/// What starts a mention or reference on GitHub, GitLab, Azure DevOps or Bitbucket.
const SIGILS: &[char] = &['@', '#', '!', '$', '%', '~', '^', '&'];

/// Returns text for a sentence of Markdown, on one line.
pub fn prose(text: &str) -> String {
    let mut out = String::new();
    // Hosts make links of addresses without being asked.
    let safe = harmless(text).replace("://", ":\u{200b}//").replace("www.", "www\u{200b}.");
    for c in safe.chars() {
        match c {
            c if c.is_ascii_punctuation() => {
                out.push_str(&entity(c));
                if SIGILS.contains(&c) {
                    out.push_str(APART);
                }
            }
            c => out.push(c),
        }
    }
    out
}

/// Returns text as code inside a line: neither HTML nor Markdown nor mentions are looked for in it.
pub fn code(text: &str, most: usize) -> String {
    let mut out = String::from("<code>");
    for c in clipped(&harmless(text), most).chars() {
        // Markdown is read before HTML: what it would take for its own must not be there.
        if c.is_ascii_punctuation() { out.push_str(&entity(c)) } else { out.push(c) }
    }
    out.push_str("</code>");
    out
}

/// Returns lines as a fenced block that nothing in them can close.
pub fn fenced(language: &str, lines: &[String]) -> String {
    let fence = "`".repeat(longest_run(lines).max(2) + 1);
    let mut out = format!("{fence}{language}\n");
    for line in lines {
        out.push_str(line);
        out.push('\n');
    }
    out.push_str(&fence);
    out.push('\n');
    out
}

/// Returns the text, or its beginning with a note of how much was left out.
pub fn clipped(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let head: String = text.chars().take(most).collect();
    format!("{head} … ({} more characters)", count - most)
}

fn longest_run(lines: &[String]) -> usize {
    lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max().unwrap_or_default()
}

fn entity(c: char) -> String {
    match c {
        // These start nothing inside of a line, and text stays readable in a mail.
        ',' | ';' | '?' | '\'' | '-' | '(' | ')' | '+' | '=' => c.to_string(),
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '.' | '/' | ':' | '%' => c.to_string(),
        c => format!("&#{};", u32::from(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_holds_no_markup_mention_or_link() {
        let text = prose("`x` <b>@acme/team</b> [a](http://evil.example) | #12 !3 ~bug www.x\n/close");
        for part in ["`", "<b>", "@", "[", "|", " #12", "&#35;12", "!3", "&#33;3", "~", "http://", "www.x", "\n"] {
            assert!(!text.contains(part), "{part} in {text}");
        }
        assert_eq!(prose("3 clients, it's fine"), "3 clients, it's fine");
    }

    #[test]
    fn code_holds_no_tag_and_no_tick() {
        let text = code("a`</code><img>\u{1b}[2J*b*_c_", 500);
        assert_eq!(
            text,
            "<code>a&#96;&lt;/code&gt;&lt;img&gt;&#92;u&#123;1b&#125;&#91;2J&#42;b&#42;&#95;c&#95;</code>"
        );
        assert_eq!(code("xxxxx", 2), "<code>xx … (3 more characters)</code>");
    }

    #[test]
    fn a_fence_is_longer_than_any_run_inside() {
        let block = fenced("diff", &["+ ```".into(), "+ `````".into()]);
        assert!(block.starts_with("``````diff\n") && block.ends_with("\n``````\n"), "{block}");
        assert_eq!(fenced("", &["plain".into()]), "```\nplain\n```\n");
    }
}
