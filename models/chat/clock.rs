//! `strftime_now`: the time that was handed in, by the directives of Python's `strftime`.

use std::fmt::Write as _;

use minijinja::{Error, ErrorKind};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// From Sunday.
const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Longest format that is taken, in bytes.
const LONGEST: usize = 1024;

/// A time of the Gregorian calendar, in UTC.
struct Time {
    year: i64,
    /// From 0.
    month: usize,
    /// From 1.
    day: i64,
    /// From 0.
    day_of_year: i64,
    /// From 0, Sunday.
    weekday: usize,
    hour: i64,
    minute: i64,
    second: i64,
}

/// `seconds` since 1970 as `format` says, in UTC and in English.
///
/// # Errors
/// A directive that is not known, or a format that is too long.
pub(super) fn strftime(format: &str, seconds: i64) -> Result<String, Error> {
    let wrong = |problem: String| Error::new(ErrorKind::InvalidOperation, problem);
    if format.len() > LONGEST {
        return Err(wrong(format!("strftime_now: a format of {} bytes", format.len())));
    }
    let time = time(seconds);
    let mut text = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        let mut directive = chars.next();
        let plain = directive == Some('-');
        if plain {
            directive = chars.next();
        }
        let known = directive.is_some_and(|directive| put(&mut text, directive, plain, &time));
        if !known {
            return Err(wrong(format!("strftime_now: the format `{format}` has an unknown part")));
        }
    }
    Ok(text)
}

/// Writes one directive, its number without leading zeros if `plain`; whether it is known.
fn put(text: &mut String, directive: char, plain: bool, time: &Time) -> bool {
    let hour = (time.hour + 11) % 12 + 1;
    let (value, width) = match directive {
        'd' => (time.day, 2),
        'm' => (time.month as i64 + 1, 2),
        'Y' => (time.year, 4),
        'y' => (time.year.rem_euclid(100), 2),
        'H' => (time.hour, 2),
        'I' => (hour, 2),
        'M' => (time.minute, 2),
        'S' => (time.second, 2),
        'j' => (time.day_of_year + 1, 3),
        'f' => (0, 6),
        'w' => (time.weekday as i64, 1),
        'u' => ((time.weekday as i64 + 6) % 7 + 1, 1),
        _ => return put_text(text, directive, time),
    };
    let width = if plain { 1 } else { width };
    // Writing to a string cannot fail.
    let _ = write!(text, "{value:0width$}");
    true
}

fn put_text(text: &mut String, directive: char, time: &Time) -> bool {
    let parts = match directive {
        'F' => ['Y', '-', 'm', '-', 'd'],
        'T' => ['H', ':', 'M', ':', 'S'],
        'D' => ['m', '/', 'd', '/', 'y'],
        'A' | 'a' => {
            let name = DAYS[time.weekday];
            text.push_str(if directive == 'A' { name } else { &name[..3] });
            return true;
        }
        'B' | 'b' | 'h' => {
            let name = MONTHS[time.month];
            text.push_str(if directive == 'B' { name } else { &name[..3] });
            return true;
        }
        'p' => {
            text.push_str(if time.hour < 12 { "AM" } else { "PM" });
            return true;
        }
        '%' => {
            text.push('%');
            return true;
        }
        // A naive time has no zone.
        'Z' | 'z' => return true,
        _ => return false,
    };
    for part in parts {
        if part.is_alphabetic() {
            put(text, part, false, time);
        } else {
            text.push(part);
        }
    }
    true
}

/// Days to a date: the proleptic Gregorian calendar in eras of 400 years that begin in March.
fn time(seconds: i64) -> Time {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let from_march = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * from_march + 2) / 153;
    let day = from_march - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12;
    let year = year_of_era + era * 400 + i64::from(month < 2);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month as usize];
    Time {
        year,
        month: month as usize,
        day,
        day_of_year: before + day - 1 + i64::from(leap && month > 1),
        weekday: (days + 4).rem_euclid(7) as usize,
        hour: rest / 3600,
        minute: rest / 60 % 60,
        second: rest % 60,
    }
}

#[cfg(test)]
mod tests {
    use super::strftime;

    #[test]
    fn dates_as_python_writes_them() {
        let all = "%Y-%m-%d %H:%M:%S %a %A %b %B %y %j %I%p %-d %-m %% %F %T %D %w %u";
        // datetime.fromtimestamp(t, timezone.utc).strftime(all) of CPython.
        for (seconds, expected) in [
            (
                0,
                "1970-01-01 00:00:00 Thu Thursday Jan January 70 001 12AM 1 1 % 1970-01-01 \
                 00:00:00 01/01/70 4 4",
            ),
            (
                1_709_210_096,
                "2024-02-29 12:34:56 Thu Thursday Feb February 24 060 12PM 29 2 % 2024-02-29 \
                 12:34:56 02/29/24 4 4",
            ),
            (
                1_735_689_599,
                "2024-12-31 23:59:59 Tue Tuesday Dec December 24 366 11PM 31 12 % 2024-12-31 \
                 23:59:59 12/31/24 2 2",
            ),
            (
                4_107_542_399,
                "2100-02-28 23:59:59 Sun Sunday Feb February 00 059 11PM 28 2 % 2100-02-28 \
                 23:59:59 02/28/00 0 7",
            ),
        ] {
            assert_eq!(strftime(all, seconds).unwrap(), expected);
        }
    }

    #[test]
    fn extremes_and_unknown_parts() {
        for seconds in [i64::MIN / 2, -1, i64::MAX / 2] {
            assert!(strftime("%d %b %Y", seconds).is_ok());
        }
        for format in ["%Q", "%", "%-", "x%"] {
            assert!(strftime(format, 0).is_err(), "{format}");
        }
        assert!(strftime(&"a".repeat(2000), 0).is_err());
    }
}
