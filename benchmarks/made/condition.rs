//! Conditions that a prompt itself decides: facts that it states, and a claim about them.

use heedful_constraints::draw::Rng;
use heedful_constraints::lexicon;
use rand::RngExt as _;

/// How often facts are drawn until the claim is as wanted.
const TRIES: usize = 200;

/// Facts, a claim about them, and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    /// The facts, a whole sentence.
    pub(super) given: String,
    /// The claim, as what follows "if".
    pub(super) claim: String,
    /// Whether it holds.
    pub(super) holds: bool,
}

/// What facts are about; two conditions of one prompt are about different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// A list of numbers.
    Numbers,
    /// A list of words.
    Words,
    /// A day of the week.
    Days,
    /// Times of the day.
    Clock,
}

const SUBJECTS: [Subject; 4] = [Subject::Numbers, Subject::Words, Subject::Days, Subject::Clock];

const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

impl Subject {
    /// One that is not `other`.
    pub(super) fn draw(other: Option<Subject>, rng: &mut Rng) -> Subject {
        let left: Vec<Subject> =
            SUBJECTS.into_iter().filter(|subject| Some(*subject) != other).collect();
        left[rng.random_range(0..left.len())]
    }

    /// A condition about it that holds or not, as wanted; `None` where chance did not give one.
    pub(super) fn condition(self, holds: bool, rng: &mut Rng) -> Option<Condition> {
        let one = |_| match self {
            Subject::Numbers => numbers(rng),
            Subject::Words => words(rng),
            Subject::Days => days(rng),
            Subject::Clock => clock(rng),
        };
        (0..TRIES).map(one).find(|condition| condition.holds == holds)
    }
}

fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn numbers(rng: &mut Rng) -> Condition {
    let count = rng.random_range(4..=6usize);
    let mut list: Vec<u64> = Vec::with_capacity(count);
    while list.len() < count {
        let number = rng.random_range(2..=98u64);
        if !list.contains(&number) {
            list.push(number);
        }
    }
    let texts: Vec<String> = list.iter().map(u64::to_string).collect();
    let largest = list.iter().copied().max().unwrap_or_default();
    let sum: u64 = list.iter().sum();
    let (claim, holds) = match rng.random_range(0..5u32) {
        0 => {
            let bound = rng.random_range(count as u64 * 30..=count as u64 * 70);
            (format!("the sum of the numbers is greater than {bound}"), sum > bound)
        }
        1 => ("the largest of the numbers is even".to_owned(), largest % 2 == 0),
        2 => {
            let odd = list.iter().filter(|number| *number % 2 == 1).count();
            let bound = rng.random_range(1..count);
            let text = format!("at least {} odd", number_are(bound));
            (text, odd >= bound)
        }
        3 => {
            let (first, last) = (list[0], list[count - 1]);
            ("the first of the numbers is smaller than the last".to_owned(), first < last)
        }
        _ => {
            let divisor = rng.random_range(3..=9u64);
            let any = list.iter().any(|number| number % divisor == 0);
            (
                format!("one of the numbers or more can be divided by {divisor} without remainder"),
                any,
            )
        }
    };
    Condition { given: format!("The numbers are {}.", listed(&texts)), claim, holds }
}

fn number_are(count: usize) -> String {
    if count == 1 {
        "1 of the numbers is".to_owned()
    } else {
        format!("{count} of the numbers are")
    }
}

fn words(rng: &mut Rng) -> Condition {
    let nouns = lexicon::nouns();
    let count = rng.random_range(4..=6usize);
    let mut list: Vec<&str> = Vec::with_capacity(count);
    while list.len() < count {
        let noun = nouns[rng.random_range(0..nouns.len())];
        if !list.contains(&noun) {
            list.push(noun);
        }
    }
    let texts: Vec<String> = list.iter().map(|noun| format!("\"{noun}\"")).collect();
    let lengths = || list.iter().map(|noun| noun.chars().count());
    let (claim, holds) = match rng.random_range(0..4u32) {
        0 => {
            let bound = rng.random_range(5..=9usize);
            let text = format!("the longest of the words has more than {bound} letters");
            (text, lengths().max() > Some(bound))
        }
        1 => {
            let (first, last) = (list[0], list[count - 1]);
            let text = "the first of the words comes before the last in the alphabet";
            (text.to_owned(), first < last)
        }
        2 => {
            let letter = ["a", "e", "i", "n", "o", "r", "s", "t"][rng.random_range(0..8usize)];
            let with = list.iter().filter(|noun| noun.contains(letter)).count();
            let bound = rng.random_range(2..count);
            let text = format!("at least {bound} of the words contain the letter \"{letter}\"");
            (text, with >= bound)
        }
        _ => {
            let bound = rng.random_range(4..=6usize);
            let any = lengths().any(|length| length == bound);
            (format!("one of the words or more has exactly {bound} letters"), any)
        }
    };
    Condition { given: format!("The words are {}.", listed(&texts)), claim, holds }
}

fn days(rng: &mut Rng) -> Condition {
    let today = rng.random_range(0..7usize);
    let away = rng.random_range(2..=40usize);
    let then = (today + away) % 7;
    let (claim, holds) = match rng.random_range(0..2u32) {
        0 => (format!("the day {away} days after today is a Saturday or a Sunday"), then >= 5),
        _ => {
            let first = rng.random_range(0..7usize);
            let second = (first + rng.random_range(1..7usize)) % 7;
            let text = format!(
                "the day {away} days after today is a {} or a {}",
                DAYS[first], DAYS[second]
            );
            (text, then == first || then == second)
        }
    };
    Condition { given: format!("Today is a {}.", DAYS[today]), claim, holds }
}

fn clock(rng: &mut Rng) -> Condition {
    // Within one day, so that "later" needs no date.
    let start = rng.random_range(6 * 12..16 * 12u32) * 5;
    let length = rng.random_range(4..=72u32) * 5;
    let other = start + rng.random_range(4..=72u32) * 5;
    let time = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let (begins, closes) = (time(start), time(other));
    let (claim, holds) = match rng.random_range(0..2u32) {
        0 => ("the meeting ends before the library closes".to_owned(), start + length < other),
        _ => {
            let bound = rng.random_range(4..=24u32) * 15;
            let text = format!(
                "more than {bound} minutes pass from the beginning of the meeting until the \
                 library closes"
            );
            (text, other - start > bound)
        }
    };
    let given = format!(
        "A meeting begins at {begins} and lasts {length} minutes; the library closes at {closes} \
         on the same day."
    );
    Condition { given, claim, holds }
}

#[cfg(test)]
mod tests {
    use heedful_constraints::draw::stream;

    use super::*;

    /// The runs of digits in a text.
    fn digits(text: &str) -> Vec<u64> {
        let runs = text.split(|c: char| !c.is_ascii_digit());
        runs.filter_map(|run| run.parse().ok()).collect()
    }

    /// What the texts alone say of the claim; `None` for claims that are read elsewhere.
    fn reread(condition: &Condition) -> Option<bool> {
        let (given, claim) = (digits(&condition.given), digits(&condition.claim));
        let claims = |start: &str| condition.claim.starts_with(start);
        if claims("the sum") {
            Some(given.iter().sum::<u64>() > claim[0])
        } else if claims("the largest") {
            Some(given.iter().max()? % 2 == 0)
        } else if claims("the first of the numbers") {
            Some(given.first()? < given.last()?)
        } else if claims("one of the numbers") {
            Some(given.iter().any(|n| n % claim[0] == 0))
        } else if condition.claim.ends_with(" odd") {
            Some(given.iter().filter(|n| *n % 2 == 1).count() as u64 >= claim[0])
        } else if claims("the meeting ends") {
            let [h, m, length, other_h, other_m] = given[..] else { return None };
            Some(h * 60 + m + length < other_h * 60 + other_m)
        } else if claims("more than") {
            let [h, m, _, other_h, other_m] = given[..] else { return None };
            Some(other_h * 60 + other_m - (h * 60 + m) > claim[0])
        } else if claims("the day") {
            let today = DAYS.iter().position(|day| condition.given.contains(day))?;
            let then = DAYS[(today + claim[0] as usize) % 7];
            Some(condition.claim.contains(then))
        } else if claims("the longest") {
            let words = condition.given.split('"').skip(1).step_by(2);
            Some(words.map(str::len).max()? as u64 > claim[0])
        } else {
            None
        }
    }

    #[test]
    fn claims_hold_as_their_texts_say_and_either_can_be_had() {
        let (mut reread_ones, mut total) = (0, 0);
        for subject in SUBJECTS {
            for index in 0..300 {
                let mut rng = stream(5, index);
                let wanted = index % 2 == 0;
                let condition = subject.condition(wanted, &mut rng).expect("chance is even enough");
                assert_eq!(condition.holds, wanted);
                total += 1;
                if let Some(found) = reread(&condition) {
                    reread_ones += 1;
                    assert_eq!(found, wanted, "{condition:?}");
                }
                assert_ne!(Subject::draw(Some(subject), &mut rng), subject);
            }
        }
        assert!(reread_ones * 4 > total * 3, "{reread_ones} of {total}");
    }
}
