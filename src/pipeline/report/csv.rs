//! Tables for spreadsheets: quoted as RFC 4180 has it, and no cell is a formula.

/// Returns a row with its line end.
pub fn row<T: AsRef<str>>(cells: &[T]) -> String {
    let cells: Vec<String> = cells.iter().map(|text| cell(text.as_ref())).collect();
    format!("{}\r\n", cells.join(","))
}

/// Returns one cell. What a spreadsheet would compute gets a `'` before it: it shows the text and computes nothing. The
/// same goes for what follows a separator, since programs in some countries divide cells at `;` whatever is quoted.
fn cell(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    if text.trim_start().starts_with(is_formula) || text.starts_with(char::is_control) {
        safe.push('\'');
    }
    let mut is_start = false;
    for c in text.chars() {
        // NUL ends the file for some readers.
        let c = if c == '\0' { '\u{fffd}' } else { c };
        if is_start && is_formula(c) {
            safe.push('\'');
        }
        is_start = matches!(c, ';' | ',' | '\t' | '\r' | '\n') || is_start && c.is_whitespace();
        safe.push(c);
    }
    match safe.contains(['"', ',', '\n', '\r', '\t', ';', '\'']) || safe.trim() != safe {
        true => format!("\"{}\"", safe.replace('"', "\"\"")),
        false => safe,
    }
}

fn is_formula(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '|' | '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "＝1", "|x", "%0"] {
            let cell = cell(formula);
            assert!(cell.trim_start_matches('"').starts_with('\''), "{cell}");
        }
        assert_eq!(row(&["a", "1", "a-b", "x=1"]), "a,1,a-b,x=1\r\n");
    }

    #[test]
    fn whatever_a_cell_holds_it_is_one_cell() {
        assert_eq!(row(&["a,b", "say \"hi\"", "two\nlines", ""]), "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\r\n");
        // A quote that would leave the cell stays inside, formula or not.
        assert_eq!(cell("a; =1;-1"), "\"a; '=1;'-1\"");
        assert_eq!(cell("=\",\"=1"), "\"'=\"\",\"\"=1\"");
    }
}
