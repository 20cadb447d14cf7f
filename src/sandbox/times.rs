//! Unix seconds as the timestamps of answers.

/// Writes a moment as `2026-01-31T12:00:00.123Z`, in UTC. `digits` of the fraction are shown: 0, 3, 6 or 9.
pub fn iso(seconds: i64, nanos: u32, digits: usize) -> String {
    let days = seconds.div_euclid(86_400);
    let rest = seconds.rem_euclid(86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let fraction = format!("{nanos:09}");
    let fraction = match digits {
        0 => String::new(),
        digits => format!(".{}", fraction.get(..digits.min(9)).unwrap_or_default()),
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Adds the milliseconds that the API always writes: `...:13Z` becomes `...:13.000Z`.
pub fn with_milliseconds(text: &str) -> String {
    match text.strip_suffix('Z') {
        Some(head) if !head.contains('.') => format!("{head}.000Z"),
        _ => text.to_owned(),
    }
}

/// Turns days since 1970-01-01 into a date of the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(iso(0, 0, 3), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(1_709_210_096, 120_000_000, 3), "2024-02-29T12:34:56.120Z");
        assert_eq!(iso(1_767_225_599, 7, 9), "2025-12-31T23:59:59.000000007Z");
        assert_eq!(with_milliseconds("2095-05-13T09:33:13Z"), "2095-05-13T09:33:13.000Z");
    }
}
