//! What is tried again, and when.

use std::time::Duration;

use heedful_constraints::draw::stream;
use rand::RngExt as _;
use serde_json::Value;

use super::answer::error_message;

/// What became of one attempt that gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It may go better next time; not before this long, where the server says so.
    Again(String, Option<Duration>),
    /// This request cannot be answered, others can.
    Give(String),
    /// No request can be answered: the run ends.
    Stop(String),
}

/// How often and how patiently.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patience {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// The wait after the first attempt, doubled after each.
    pub first: Duration,
    /// The longest wait of our own choosing.
    pub longest: Duration,
    /// The longest wait that a server may ask for.
    pub obeyed: Duration,
    /// The seed of the jitter.
    pub seed: u64,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            attempts: 6,
            first: Duration::from_millis(500),
            longest: Duration::from_secs(60),
            obeyed: Duration::from_secs(600),
            seed: 0,
        }
    }
}

impl Patience {
    /// The wait after the attempt number `attempt` (from 0) of the request number `index`: what the
    /// server asked for, or an exponential back-off, of which a random half is left out.
    pub fn wait(&self, index: u64, attempt: u32, asked: Option<Duration>) -> Duration {
        let doubled = self.first.saturating_mul(2u32.saturating_pow(attempt)).min(self.longest);
        let mut rng = stream(self.seed, index.wrapping_mul(64).wrapping_add(attempt.into()));
        let share: f64 = rng.random_range(0.5..1.0);
        let own = doubled.mul_f64(share);
        match asked {
            // All who were told the same time would else come at the same moment.
            Some(asked) => asked.saturating_add(self.first.min(asked).mul_f64(share - 0.5)),
            None => own,
        }
    }
}

/// What a status other than success means.
pub fn of_status(status: u16, body: &[u8], after: Option<Duration>) -> Trouble {
    let message = serde_json::from_slice::<Value>(body).ok().as_ref().and_then(error_message);
    let message = message.unwrap_or_else(|| {
        String::from_utf8_lossy(body).trim().chars().take(300).collect::<String>()
    });
    let text = match message.is_empty() {
        true => format!("status {status}"),
        false => format!("status {status}: {message}"),
    };
    match status {
        408 | 409 | 425 | 429 | 500..=599 => Trouble::Again(text, after),
        // Too long a body, or one that this server cannot process: another may do.
        413 | 422 => Trouble::Give(text),
        _ => Trouble::Stop(text),
    }
}

/// The wait that a `Retry-After` header asks for: seconds, or a date of HTTP (RFC 9110, 10.2.3 and
/// 5.6.7). `now` is in seconds since 1970.
pub fn retry_after(value: &str, now: u64) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return (0.0..1e9).contains(&seconds).then(|| Duration::from_secs_f64(seconds));
    }
    Some(Duration::from_secs(http_date(value)?.saturating_sub(now)))
}

/// The seconds since 1970 of a date in one of the three forms of HTTP.
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> =
        text.split([' ', ',', '-']).filter(|part| !part.is_empty() && *part != "GMT").collect();
    // Sun, 06 Nov 1994 08:49:37 GMT · Sunday, 06-Nov-94 08:49:37 GMT · Sun Nov  6 08:49:37 1994
    let [_, first, second, third, fourth] = parts[..] else { return None };
    let (day, month, time, year) = match first.parse::<u64>() {
        Ok(day) => (day, second, fourth, third),
        Err(_) => (second.parse().ok()?, first, third, fourth),
    };
    let month = MONTHS.iter().position(|name| *name == month)? as u64;
    let year = match year.parse::<u64>().ok()? {
        short @ 0..=69 if year.len() == 2 => 2000 + short,
        short @ 70..=99 if year.len() == 2 => 1900 + short,
        full @ 1970..=9999 => full,
        _ => return None,
    };
    let clock: Vec<u64> = time.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hour, minute, second] = clock[..] else { return None };
    if !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month as usize];
    let days = 365 * (year - 1970) + leaps(year - 1) - leaps(1969)
        + before
        + u64::from(leap && month > 1)
        + day
        - 1;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_the_three_dates() {
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(retry_after("120", 0), seconds(120));
        assert_eq!(retry_after(" 0.5 ", 0), Some(Duration::from_millis(500)));
        let at = 784_111_777;
        for date in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(retry_after(date, at - 7), seconds(7), "{date}");
            assert_eq!(retry_after(date, at + 7), seconds(0), "{date}");
        }
        assert_eq!(retry_after("Thu, 29 Feb 2024 12:34:56 GMT", 0), seconds(1_709_210_096));
        for bad in ["", "soon", "-1", "nan", "inf", "Sun, 99 Nov 1994 08:49:37 GMT", "1 2 3 4 5"] {
            assert_eq!(retry_after(bad, 0), None, "{bad}");
        }
    }

    #[test]
    fn waits_grow_up_to_a_limit_and_repeat() {
        let patience = Patience::default();
        for attempt in 0..20 {
            let wait = patience.wait(3, attempt, None);
            let whole = Duration::from_millis(500 << attempt.min(7)).min(patience.longest);
            assert!(wait >= whole / 2 && wait <= whole, "{attempt}: {wait:?}");
            assert_eq!(wait, patience.wait(3, attempt, None));
        }
        assert_ne!(patience.wait(3, 0, None), patience.wait(4, 0, None));
        let asked = patience.wait(3, 0, Some(Duration::from_secs(9)));
        assert!(asked >= Duration::from_secs(9) && asked < Duration::from_secs(10));
        assert_eq!(patience.wait(3, 0, Some(Duration::ZERO)), Duration::ZERO);
    }

    #[test]
    fn statuses() {
        let body = br#"{"error": {"message": "no such model"}}"#;
        let stop = Trouble::Stop("status 404: no such model".to_owned());
        assert_eq!(of_status(404, body, None), stop);
        for status in [408, 429, 500, 502, 503, 529] {
            assert!(matches!(of_status(status, b"", None), Trouble::Again(..)), "{status}");
        }
        for status in [301, 400, 401, 403, 405] {
            assert!(matches!(of_status(status, b"<html>", None), Trouble::Stop(..)), "{status}");
        }
        assert!(matches!(of_status(413, b"", None), Trouble::Give(..)));
    }
}
