//! What a scalar means: the types of js-yaml 4's default schema, and what other readers make of the same letters.

use serde_json::Number;

use crate::model::document::Content;

/// Returns the value of a plain scalar, or `None` for a number that JSON cannot hold (`.inf`, `.nan`).
pub fn resolve(text: &str) -> Option<Content> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" => Content::Bool(true),
        "false" | "False" | "FALSE" => Content::Bool(false),
        _ if is_special_float(text) => return None,
        _ => number(text).map_or_else(|| Content::Text(text.to_owned()), Content::Number),
    })
}

/// Returns the key that js-yaml makes of a plain scalar: the text of its value.
pub fn key(text: &str) -> String {
    match resolve(text) {
        Some(Content::Null) => "null".to_owned(),
        Some(Content::Bool(bool)) => bool.to_string(),
        Some(Content::Number(number)) => number_text(&number),
        _ => text.to_owned(),
    }
}

/// Writes a number as JavaScript does, for all but the largest and smallest.
pub fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e21 => format!("{float:.0}"),
        _ => number.to_string(),
    }
}

/// Says how readers disagree about a plain scalar, if they do.
pub fn ambiguity(text: &str) -> Option<&'static str> {
    let first = *text.as_bytes().first()?;
    match text.to_ascii_lowercase().as_str() {
        "yes" | "no" | "on" | "off" | "y" | "n" => return Some("text here, true or false in YAML 1.1"),
        _ => {}
    }
    if !(first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.')) {
        return None;
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let all = |set: &str| digits.chars().all(|c| c.is_ascii_digit() || set.contains(c));
    if digits.len() > 1 && digits.starts_with('0') && all("") {
        Some("a decimal number here, an octal one in YAML 1.1")
    } else if digits.starts_with("0o") && number(text).is_some() {
        Some("an octal number here, text in YAML 1.1")
    } else if digits.starts_with("0b") && number(text).is_some() {
        Some("a binary number here, text in YAML 1.2")
    } else if digits.starts_with(|c: char| c.is_ascii_digit()) && digits.contains('_') && all("_.") {
        Some("text here, a number in YAML 1.1")
    } else if is_sexagesimal(digits) {
        Some("text here, a number to the base of 60 in YAML 1.1")
    } else if is_date(text) {
        Some("text here, a date in YAML 1.1 and js-yaml")
    } else if is_exponent_without_dot(digits) {
        Some("a number here, text in YAML 1.1")
    } else {
        None
    }
}

fn number(text: &str) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        b'0'..=b'9' | b'.' => (false, text),
        _ => return None,
    };
    for (prefix, radix) in [("0b", 2), ("0x", 16), ("0o", 8)] {
        if let Some(digits) = digits.strip_prefix(prefix) {
            return integer(digits, radix, negative);
        }
    }
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return integer(digits, 10, negative);
    }
    // `.5` is a number to js-yaml, `-.5` is not.
    if !is_decimal(digits) || (digits.starts_with('.') && digits.len() != text.len()) {
        return None;
    }
    let float: f64 = digits.parse().ok()?;
    Number::from_f64(if negative { -float } else { float })
}

fn integer(digits: &str, radix: u32, negative: bool) -> Option<Number> {
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    if let Ok(value) = u64::from_str_radix(digits, radix) {
        return match (negative, i64::try_from(value)) {
            (false, _) => Some(value.into()),
            (true, Ok(value)) => Some((-value).into()),
            (true, Err(_)) => Number::from_f64(-(value as f64)),
        };
    }
    let float = digits
        .chars()
        .filter_map(|c| c.to_digit(radix))
        .fold(0.0, |sum, digit| f64::from(radix).mul_add(sum, f64::from(digit)));
    let exact = if radix == 10 { digits.parse().unwrap_or(float) } else { float };
    Number::from_f64(if negative { -exact } else { exact })
}

/// `2.`, `2.5`, `2e4`, `2.5e-4`, `.5`
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(position) => (&text[..position], Some(&text[position + 1..])),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_is_number = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    let exponent_is_number = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    mantissa_is_number && exponent_is_number
}

fn is_special_float(text: &str) -> bool {
    matches!(text.strip_prefix(['-', '+']).unwrap_or(text), ".inf" | ".Inf" | ".INF")
        || matches!(text, ".nan" | ".NaN" | ".NAN")
}

fn is_sexagesimal(digits: &str) -> bool {
    let mut parts = digits.split(':');
    let first = parts.next().unwrap_or_default();
    let number = |part: &str| !part.is_empty() && part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    !first.is_empty()
        && first.bytes().all(|byte| byte.is_ascii_digit())
        && digits.contains(':')
        && parts.all(|part| number(part) && part < "60")
}

fn is_date(text: &str) -> bool {
    let date = text.get(..10).unwrap_or_default().as_bytes();
    let looks = date.len() == 10
        && date.iter().enumerate().all(|(position, byte)| match position {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    looks && (text.len() == 10 || matches!(text.as_bytes()[10], b'T' | b't' | b' '))
}

fn is_exponent_without_dot(digits: &str) -> bool {
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.contains(['e', 'E'])
        && !digits.contains('.')
        && is_decimal(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match resolve(text) {
            None => "none".to_owned(),
            Some(Content::Text(text)) => format!("{text:?}"),
            Some(Content::Number(number)) => number_text(&number),
            Some(Content::Bool(bool)) => bool.to_string(),
            Some(_) => "null".to_owned(),
        }
    }

    #[test]
    fn types_are_those_of_js_yaml() {
        let expected = [
            ("yes", "\"yes\""),
            ("True", "true"),
            ("~", "null"),
            ("", "null"),
            ("0755", "755"),
            ("007", "7"),
            ("0x1F", "31"),
            ("0o17", "15"),
            ("0b11", "3"),
            ("1_000", "\"1_000\""),
            ("-12", "-12"),
            ("+12", "12"),
            ("1e3", "1000"),
            (".5", "0.5"),
            ("-.5", "\"-.5\""),
            ("2.", "2"),
            ("1e400", "\"1e400\""),
            (".inf", "none"),
            ("2024-01-01", "\"2024-01-01\""),
            ("12345678901234567890123", "1.2345678901234568e22"),
            ("-", "\"-\""),
            ("1.2.3", "\"1.2.3\""),
            ("0x", "\"0x\""),
            ("e5", "\"e5\""),
            (".", "\".\""),
            ("1e", "\"1e\""),
        ];
        for (text, value) in expected {
            let shown = shown(text);
            assert!(shown == value || shown.replace('+', "") == value, "{text}: {shown}");
        }
    }

    #[test]
    fn ambiguous_scalars_are_told_from_clear_ones() {
        for text in [
            "yes",
            "NO",
            "off",
            "012",
            "-012",
            "1_000",
            "22:30",
            "2024-01-01",
            "2024-01-01T10:00:00Z",
            "1e3",
            "0o7",
            "0b1",
        ] {
            assert!(ambiguity(text).is_some(), "{text}");
        }
        for text in ["true", "0", "12", "1.5", "none", "0x1F", "a:b", "http://x:1", "-", "1.5e3", "12:99", "v1_0", ""] {
            assert!(ambiguity(text).is_none(), "{text}");
        }
    }
}
