//! `words:palindrome`: ten palindromes (IFBench).

use super::bare::{bare, cores};
use super::draft::drafts;
use crate::args::Args;
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::profile::Profile;
use crate::python::chars::is_alpha;
use crate::python::strings::{lower, split_whitespace};
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

const WANTED: u64 = 10;
const SHORTEST: usize = 5;

pub(super) static RULE: Rule = Rule {
    id: "words:palindrome",
    about: "At least ten words of five or more characters read the same backwards, whatever their \
            case; one that comes again counts again. Words stand between white space, without \
            ASCII punctuation. Corrected: they are made of letters (IFBench).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Use at least ten palindromes of one word each, none shorter than five letters.",
            "Your response must contain 10 or more words of five letters or more that read the \
             same backwards.",
            "Include no fewer than ten palindromic words (such as \"level\"), each with at least 5 \
             letters.",
            "Work ten or more single-word palindromes into the text; only those of five letters or \
             more count.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        let official = profile == Profile::Official;
        check(move |text| {
            let found = match official {
                true => {
                    let bare = bare(text.raw());
                    split_whitespace(&lower(&bare)).filter(|word| reads_back(word)).count()
                }
                false => {
                    let whole = |word: &&str| reads_back(word) && word.chars().all(is_alpha);
                    cores(text.lower()).filter(whole).count()
                }
            };
            Verdict::count(found as u64, Bound::at_least(WANTED), "palindromes")
        })
    },
    demands: |_| {
        const TEXTS: [&str; 4] = [
            "Words such as level, radar, civic, kayak, rotor, refer, madam, tenet, solos and stats \
             read the same from both ends.",
            "Madam saw a civic rotator on radar. Stats refer to level sagas, solos, a tenet and \
             one kayak.",
            "level radar civic kayak rotor refer madam tenet solos stats",
            "A reviver, a rotator, a racecar, a kayak, a rotor and a radar. Then minim, solos, \
             stats, sexes and sagas.",
        ];
        let ten = Demand::Count(Unit::Palindromes, Bound::at_least(WANTED));
        Ok(vec![ten, drafts(|variant| TEXTS[variant].to_owned())])
    },
    examples: &[
        Example {
            args: "{}",
            response: "Level, radar, civic, KAYAK, rotor; refer, madam, tenet, solos, stats!",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "Level level level level level level level level level level.",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "Level, radar, civic, kayak, rotor; refer, madam, tenet, solos, noon!",
            satisfied: false,
        },
        Example { args: "{}", response: "Level as civic kayaks.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "numbers are no words",
            args: "{}",
            response: "12321 12321 12321 12321 12321 45654 45654 45654 45654 45654",
            official: true,
        },
        Deviation {
            reason: "curly quotation marks are no part of a word",
            args: "{}",
            response: "Level, radar, civic, kayak, rotor; refer, madam, tenet, solos and “stats”",
            official: false,
        },
    ],
};

fn reads_back(word: &str) -> bool {
    word.chars().nth(SHORTEST - 1).is_some() && word.chars().eq(word.chars().rev())
}
