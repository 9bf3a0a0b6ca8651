//! `combination:two_responses`: two different responses with `******` between (IFEval).

use crate::args::Args;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::python::strings::strip;
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

use super::phrase::is_word;

pub(super) static RULE: Rule = Rule {
    id: "combination:two_responses",
    about: "Two responses with six asterisks between them; one more row of them before the first \
            or after the last is tolerated. Official: they differ by one character at least. \
            Corrected: they differ in their letters or digits, and a longer row of asterisks is \
            one divider.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Give two different responses. Responses and only responses should be separated by 6 \
             asterisk symbols: ******.",
            "Write two distinct answers, one after the other, divided by ******",
            "I would like two responses that differ. Put six asterisks (******) between them and \
             nowhere else.",
            "Answer twice in different ways, with ****** as the only separator between the two \
             answers.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| match profile {
        Profile::Official => {
            check(|text| judge(text.raw().split("******"), |one, two| strip(one) != strip(two)))
        }
        Profile::Corrected => check(|text| {
            let mut rest = Some(text.raw());
            judge(std::iter::from_fn(|| next_piece(&mut rest)), |one, two| !alike(one, two))
        }),
    },
    demands: |_| Ok(vec![Demand::TwoResponses]),
    examples: &[
        Example { args: "{}", response: "Red.\n******\nBlue.", satisfied: true },
        Example { args: "{}", response: "******\nRed.\n******\nBlue.\n******", satisfied: true },
        Example { args: "{}", response: "Red.\n******\nRed.", satisfied: false },
        Example { args: "{}", response: "Red.\n***\nBlue.", satisfied: false },
        Example { args: "{}", response: "Red.\n******\nBlue.\n******\nTeal.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "responses that differ in case and punctuation alone are the same",
            args: "{}",
            response: "Red.\n******\n**red**",
            official: true,
        },
        Deviation {
            reason: "a row of more than six asterisks is one divider",
            args: "{}",
            response: "Red.\n************\nBlue.",
            official: false,
        },
    ],
};

fn judge<'t>(
    pieces: impl Iterator<Item = &'t str>,
    differ: impl Fn(&str, &str) -> bool,
) -> Verdict {
    let mut responses: [&str; 2] = [""; 2];
    let mut found = 0;
    let mut blank_before = false;
    for (index, piece) in pieces.enumerate() {
        if blank_before && index > 1 {
            return Verdict::fail("nothing between two dividers");
        }
        blank_before = strip(piece).is_empty();
        if !blank_before {
            if let Some(slot) = responses.get_mut(found) {
                *slot = piece;
            }
            found += 1;
        }
    }
    match found {
        2 if differ(responses[0], responses[1]) => Verdict::pass("two different responses"),
        2 => Verdict::fail("the two responses are the same"),
        _ => Verdict::count(found as u64, crate::bound::Bound::exactly(2), "responses"),
    }
}

/// The text up to the next row of six or more asterisks, which is taken off `rest`.
fn next_piece<'t>(rest: &mut Option<&'t str>) -> Option<&'t str> {
    let text = (*rest)?;
    let divider = memchr::memmem::find(text.as_bytes(), b"******");
    *rest = divider.map(|at| text[at..].trim_start_matches('*'));
    Some(divider.map_or(text, |at| &text[..at]))
}

/// Whether two texts have the same letters and digits in the same order, whatever their case.
fn alike(one: &str, two: &str) -> bool {
    letters(one).eq(letters(two))
}

fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| is_word(*c) && *c != '_').flat_map(char::to_lowercase)
}
