//! Where something inside a scalar stands in its file.

use crate::model::document::Place;

/// Returns the place of a line and column (from 1) of a scalar's text. Exact for scalars on one line and for block
/// scalars; for quoted text over several lines the line is as good as it gets.
pub fn inside(scalar: &Place, source: &str, line: usize, column: usize) -> Place {
    let mut lines = source.lines().skip((scalar.line as usize).saturating_sub(1));
    let Some(first) = lines.next() else { return scalar.clone() };
    let opening = first.chars().nth((scalar.column as usize).saturating_sub(1));
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let mut place = scalar.clone();
    match opening {
        Some('|' | '>') => {
            let written: Vec<&str> = lines.skip_while(|line| line.trim().is_empty()).take(line).collect();
            let indent = written.first().map_or(0, |line| line.chars().take_while(|c| *c == ' ').count());
            place.line = scalar.line.saturating_add(count(line));
            place.column = count(indent + column);
        }
        Some(quote) if line == 1 => {
            let quoted = usize::from(matches!(quote, '"' | '\''));
            place.column = scalar.column.saturating_add(count(quoted + column - 1));
        }
        _ => place.line = scalar.line.saturating_add(count(line - 1)),
    }
    place
}

/// Returns the place of a byte offset in a whole file.
pub fn at_offset(file: &std::sync::Arc<str>, text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Place {
        file: std::sync::Arc::clone(file),
        line: count(before.bytes().filter(|byte| *byte == b'\n').count() + 1),
        column: count(before[start..].chars().count() + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn places_inside_scalars_are_those_of_the_file() {
        let source = "a: \"x {{y}}\"\nb: |\n    one\n    {{two}}\nc: {{z}}\n";
        let at = |line, column| Place { file: Arc::from("f"), line, column };
        assert_eq!(inside(&at(1, 4), source, 1, 3), at(1, 7));
        assert_eq!(inside(&at(2, 4), source, 2, 1), at(4, 5));
        assert_eq!(inside(&at(5, 4), source, 1, 1), at(5, 4));
        assert_eq!(inside(&at(9, 1), source, 1, 1), at(9, 1));
        assert_eq!(at_offset(&Arc::from("f"), source, 16), at(2, 4));
    }
}
