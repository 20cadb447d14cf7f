//! A point in time as people type it -> the stamp of records.

use crate::sandbox::times::{iso, seconds};

/// Why a text is no point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is neither a date nor a duration")]
pub struct SinceError;

/// Reads a date (`2026-01-31`), a moment (`2026-01-31T12:00:00Z`), or how long ago it was (`90m`, `12h`, `30d`, `2w`), and
/// returns it as records have it.
///
/// # Errors
/// If it is none of these.
pub fn since(text: &str, now: i64) -> Result<String, SinceError> {
    if let Some((count, unit)) = text.split_at_checked(text.len().saturating_sub(1))
        && let Some(unit) = unit_of(unit)
    {
        let is_number = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
        let ago = is_number.then(|| count.parse::<i64>().ok()?.checked_mul(unit)).flatten().ok_or(SinceError)?;
        // Nothing is older than the epoch.
        return Ok(iso(now.saturating_sub(ago).max(0), 0, 0));
    }
    let moment = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    seconds(&moment).map(|seconds| iso(seconds, 0, 0)).ok_or(SinceError)
}

fn unit_of(letter: &str) -> Option<i64> {
    match letter {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3600),
        "d" => Some(86_400),
        "w" => Some(7 * 86_400),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_durations_become_stamps() {
        let now = seconds("2026-03-01T12:00:00Z").unwrap();
        for (typed, stamp) in [
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2026-01-31T12:30:00Z", "2026-01-31T12:30:00Z"),
            ("2026-01-31T12:30:00.999Z", "2026-01-31T12:30:00Z"),
            ("2026-01-31T12:30:00+02:00", "2026-01-31T10:30:00Z"),
            ("1d", "2026-02-28T12:00:00Z"),
            ("90m", "2026-03-01T10:30:00Z"),
            ("2w", "2026-02-15T12:00:00Z"),
            ("9999999999999s", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(since(typed, now).as_deref(), Ok(stamp), "{typed}");
        }
        for wrong in [
            "",
            "d",
            "-1d",
            "1.5h",
            "yesterday",
            "2026-13-01",
            "2026-02-30",
            "2026-01-31T25:00:00Z",
            "9é",
            "99999999999999999999d",
        ] {
            assert_eq!(since(wrong, now), Err(SinceError), "{wrong}");
        }
    }
}
