//! How the lines of a text end: the part of a difference that no line shows.

use std::borrow::Cow;

/// Returns what is to be said of the line ends of two texts, if they differ.
pub fn difference(old: &str, new: &str) -> Option<String> {
    let (old, new) = (Ends::of(old), Ends::of(new));
    let has_any = |ends: &Ends| ends.crlf + ends.lf > 0;
    let differ = has_any(&old) && has_any(&new) && old.name() != new.name();
    differ.then(|| format!("line ends: {} -> {}", old.name(), new.name()))
}

/// Returns the text with every line ending in a line feed alone.
pub fn alike(text: &str) -> Cow<'_, str> {
    if text.contains("\r\n") { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) }
}

/// How many lines end how.
struct Ends {
    crlf: usize,
    lf: usize,
}

impl Ends {
    fn of(text: &str) -> Self {
        let crlf = text.matches("\r\n").count();
        Self { crlf, lf: text.matches('\n').count() - crlf }
    }

    fn name(&self) -> String {
        match (self.crlf, self.lf) {
            (0, _) => "LF".to_owned(),
            (_, 0) => "CRLF".to_owned(),
            // One line more or less of the usual end is no difference of ends; which ends there are is.
            (crlf, lf) if crlf > lf => format!("CRLF, {lf} LF"),
            (crlf, _) => format!("LF, {crlf} CRLF"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ends_that_differ_are_told_of() {
        let told = |old, new| difference(old, new).unwrap_or_default();
        assert_eq!(told("a\r\nb\r\n", "a\nb\n"), "line ends: CRLF -> LF");
        assert_eq!(told("a\nb\nc\n", "a\r\nb\nc\n"), "line ends: LF -> LF, 1 CRLF");
        assert_eq!(told("a\r\nb\r\nc\n", "a\r\nb\r\nc\r\n"), "line ends: CRLF, 1 LF -> CRLF");
        for (old, new) in [("a\nb", "a\nb\nc\nd"), ("a\r\n", "a\r\nb\r\n"), ("one", "a\r\nb\r\n"), ("", "a\n")] {
            assert_eq!(difference(old, new), None, "{old:?} {new:?}");
        }
    }
}
