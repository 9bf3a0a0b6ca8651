//! `custom:date_format_list`: a comma-separated list of dates of Napoleon's battles (IFBench).

use crate::args::Args;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::python::chars::is_digit;
use crate::python::strings::strip;
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::wording::quote;
use crate::verdict::Verdict;

/// The years in which the battles may lie: those of Napoleon's life.
const YEARS: std::ops::RangeInclusive<u32> = 1769..=1821;

/// Everything that one finds in texts and not in such a list.
const OTHERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.;:!?'\"()[]{}<>*#`|_/&";

pub(super) static RULE: Rule = Rule {
    id: "custom:date_format_list",
    about: "The whole response is dates written YYYY-MM-DD with commas between them, from 1769 \
            to 1821, the years of Napoleon's life (IFBench); that they are dates of battles is \
            not looked up. Official: month and day may be 00 and February always has 29 days. \
            Corrected: every date exists.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "List the start dates of all the battles Napoleon fought separated by commas, use the \
             following date format: YYYY-MM-DD. Do not provide an explanation.",
            "On which dates did Napoleon's battles begin? Answer with nothing but the dates, \
             written YYYY-MM-DD and divided by commas.",
            "Give the day on which each of Napoleon's battles started, as YYYY-MM-DD, in one list \
             with commas between the dates and no other text.",
            "Write down the start dates of Napoleon's battles (format YYYY-MM-DD, separated by \
             commas) without any comment.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| {
            let (mut good, mut total, mut first) = (0, 0, None);
            for piece in text.stripped().split(',').map(strip) {
                total += 1;
                match is_date(piece, profile) {
                    true => good += 1,
                    false => first = first.or(Some(piece)),
                }
            }
            let note = match first {
                None => format!("{total} dates"),
                Some(first) => format!("{good} of {total} are dates, not {}", quote(first)),
            };
            Verdict::share(good, total, note)
        })
    },
    demands: |_| {
        let lists = [
            "1796-04-12, 1796-05-10, 1796-11-15, 1797-01-14, 1798-07-21, 1800-06-14",
            "1793-09-18, 1795-10-05, 1805-10-16, 1805-12-02, 1806-10-14, 1807-02-07, 1807-06-14",
            "1809-04-22, 1809-05-21, 1809-07-05, 1812-09-07, 1813-10-16, 1815-06-16, 1815-06-18",
            "1796-04-12,1797-01-14,1800-06-14,1805-12-02,1806-10-14,1809-07-05,1815-06-18",
        ];
        let lists = lists.map(str::to_owned).to_vec();
        Ok(vec![Demand::AvoidChars(OTHERS.to_owned()), Demand::Draft(lists)])
    },
    examples: &[
        Example { args: "{}", response: "1805-12-02, 1815-06-18", satisfied: true },
        Example { args: "{}", response: "\n1796-02-29 ,\n1797-01-14\n", satisfied: true },
        Example { args: "{}", response: "1805-12-02, 1815-06-18,", satisfied: false },
        Example { args: "{}", response: "1805-12-2, 1815-06-18", satisfied: false },
        Example { args: "{}", response: "1805-12-02, 1822-06-18", satisfied: false },
        Example { args: "{}", response: "1805-12-02 and 1815-06-18", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "no month and no day has the number 0",
            args: "{}",
            response: "1805-00-00, 1815-06-18",
            official: true,
        },
        Deviation {
            reason: "February has 29 days in leap years only",
            args: "{}",
            response: "1805-02-29",
            official: true,
        },
    ],
};

/// Whether `text` is four, two and two digits of any script with hyphens between, and the date
/// lies in the years asked for.
fn is_date(text: &str, profile: Profile) -> bool {
    let mut numbers = [0; 3];
    let mut parts = text.split('-');
    for (number, width) in numbers.iter_mut().zip([4, 2, 2]) {
        let Some(part) = parts.next() else { return false };
        if part.chars().count() != width || !part.chars().all(is_digit) {
            return false;
        }
        *number = part.chars().fold(0, |sum, digit| 10 * sum + value(digit));
    }
    let [year, month, day] = numbers;
    let february = match profile {
        Profile::Official => 29,
        Profile::Corrected => 28 + u32::from(is_leap(year)),
    };
    let days = match month {
        2 => february,
        4 | 6 | 9 | 11 => 30,
        // The month 0 has days without end, officially.
        0 => 99,
        _ => 31,
    };
    let counted = profile == Profile::Official || (month > 0 && day > 0);
    parts.next().is_none() && YEARS.contains(&year) && month <= 12 && day <= days && counted
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100)
}

/// The value of a decimal digit of any script. Unicode keeps the ten digits of a script together
/// and in order, the zero first, and rows of digits that touch begin at a multiple of ten from
/// the first row's zero.
fn value(digit: char) -> u32 {
    let point = u32::from(digit);
    let before = (1..=point).map(|step| char::from_u32(point - step));
    before.take_while(|c| c.is_some_and(is_digit)).count() as u32 % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_have_their_value() {
        for (digits, expected) in [("0123456789", 0..), ("٠١٢٣٤٥٦٧٨٩", 0..), ("𝟎𝟗𝟘𝟙𝟿", 0..)]
        {
            let found: Vec<u32> = digits.chars().map(value).collect();
            match found.len() {
                5 => assert_eq!(found, [0, 9, 0, 1, 9]),
                _ => assert!(found.into_iter().eq(expected.take(10)), "{digits}"),
            }
        }
        assert!(is_date("١٨٠٥-12-02", Profile::Official));
    }

    #[test]
    fn dates_exist() {
        for (text, official, corrected) in [
            ("1800-02-29", true, false),
            ("1804-02-29", true, true),
            ("1804-02-30", false, false),
            ("1804-00-99", true, false),
            ("1804-13-01", false, false),
            ("1804-04-31", false, false),
            ("1804-12-31", true, true),
            ("1804-12-31-", false, false),
            ("1768-12-31", false, false),
            ("-1804-12-31", false, false),
        ] {
            assert_eq!(is_date(text, Profile::Official), official, "{text}");
            assert_eq!(is_date(text, Profile::Corrected), corrected, "{text}");
        }
    }
}
