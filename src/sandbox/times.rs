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

/// Reads a moment as [`iso`] writes it, or with an offset in place of the `Z`; a fraction is dropped. `None` if it is none.
pub fn seconds(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let marks = [(4, '-'), (7, '-'), (10, 'T'), (13, ':'), (16, ':')];
    if !marks.iter().all(|(at, mark)| text.get(*at..).is_some_and(|rest| rest.starts_with(*mark))) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let days = days(year, month, day);
    // A day that a month does not have is another day of the calendar.
    if civil(days) != (year, month, day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let zone = match text.get(19..)?.strip_prefix('.') {
        Some(rest) => rest.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => text.get(19..)?,
    };
    let offset = match (zone, zone.strip_prefix('+'), zone.strip_prefix('-')) {
        ("Z", _, _) => 0,
        (_, Some(ahead), _) => minutes(ahead)?,
        (_, _, Some(behind)) => -minutes(behind)?,
        _ => return None,
    };
    Some(days * 86_400 + hour * 3600 + (minute - offset) * 60 + second)
}

/// Reads the `02:00` of an offset.
fn minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |digits: &str| -> Option<i64> {
        (digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
    };
    Some(number(hours)? * 60 + number(minutes)?)
}

/// Turns a date of the Gregorian calendar into days since 1970-01-01.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
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
        for moment in [0, 951_782_400, 1_709_210_096, 1_767_225_599, 4_102_444_800] {
            assert_eq!(seconds(&iso(moment, 5, 3)), Some(moment));
        }
        assert_eq!(seconds("2023-02-29T00:00:00Z"), None);
        assert_eq!(with_milliseconds("2095-05-13T09:33:13Z"), "2095-05-13T09:33:13.000Z");
    }
}
