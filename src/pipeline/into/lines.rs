//! Lines of a text, by its bytes.

/// Returns where the line begins if nothing but blanks stands before a byte.
pub fn line_start(text: &str, at: usize) -> Option<usize> {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    text[start..at].bytes().all(|byte| matches!(byte, b' ' | b'\t')).then_some(start)
}

/// Returns where the next line begins, or the end; a byte at the beginning of a line is behind the line before.
pub fn line_after(text: &str, at: usize) -> usize {
    if at > 0 && text.as_bytes().get(at - 1) == Some(&b'\n') {
        return at;
    }
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// Says whether nothing but blanks follows on the line.
pub fn is_last_on_line(text: &str, at: usize) -> bool {
    text[at..].lines().next().unwrap_or_default().trim().is_empty()
}

/// Returns the beginning of the line with the dash of an item, and the dash's column, if it is the first thing on it.
pub fn dash(text: &str, item: usize) -> Option<(usize, usize)> {
    let dash = text[..item].trim_end().strip_suffix('-')?.len();
    let start = line_start(text, dash)?;
    Some((start, dash - start))
}
