//! Text broken to a terminal's width, below its own start.

/// The least that a column of text is broken to; on narrower terminals lines run over.
const NARROWEST: usize = 24;

/// Returns a line that starts with `head`, `indent` characters wide, and goes on with the text; what does not fit the
/// width stands on further lines below the text. Without a width it is one line.
pub fn wrapped(head: &str, indent: usize, text: &str, width: Option<usize>) -> String {
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(indent).max(NARROWEST));
    let mut out = head.to_owned();
    // A head wider than its column stands alone.
    if width.is_some() && head.chars().count() > indent {
        out = format!("{}\n{}", head.trim_end(), " ".repeat(indent));
    }
    let mut used = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            out.push_str(&format!("\n{}", " ".repeat(indent)));
            used = 0;
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_below_their_start() {
        assert_eq!(
            wrapped("  a:  ", 6, "one two three four five six", Some(30)),
            "  a:  one two three four five\n      six\n"
        );
        assert_eq!(wrapped("  a:  ", 6, "one two three four five six", None), "  a:  one two three four five six\n");
        assert_eq!(wrapped("  a long head:  ", 6, "one", Some(30)), "  a long head:\n      one\n");
        assert_eq!(wrapped("a ", 2, "", Some(30)), "a \n");
    }
}
