//! `format:no_bullets_bullets` and `format:sub-bullets`: sentences and then bullets, bullets with
//! bullets below them (IFBench).

use crate::args::Args;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::language::punkt;
use crate::profile::Profile;
use crate::python::chars::is_space;
use crate::python::strings::{lstrip, strip};
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::fences::partly;
use crate::text::Text;
use crate::verdict::Verdict;

/// Both halves of `format:no_bullets_bullets`.
const ENOUGH: usize = 2;

pub(super) static AFTER_SENTENCES: Rule = Rule {
    id: "format:no_bullets_bullets",
    about: "Two sentences or more, each line's found by Punkt, and then two bullet lines or more \
            (IFBench). Official: sentences end as they like, a line with `*` in front is a \
            bullet, a blank line ends the sentences and nothing may follow the bullets, not even \
            a blank line. Corrected: the sentences end in a period, `*` and white space make a \
            bullet, and blank lines and what follows the bullets are free.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Your answer must contain at least two sentences ending in a period followed by at \
             least two bullet points denoted by *.",
            "Begin with two sentences or more that end in a period, then give two or more bullet \
             points marked with *.",
            "First write at least two sentences with a full stop each, and after them a list of at \
             least two items that start with *.",
            "At least two sentences (ending with a period) have to come before a list with at \
             least two bullets, written with *.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| match profile {
            Profile::Official => sentences_then_bullets(text),
            Profile::Corrected => periods_then_bullets(text),
        })
    },
    demands: |_| {
        let drafts = [
            "The tide rises twice a day. The moon is the cause.\n* High water comes first.\n* Low \
             water follows.",
            "Bread needs few things. All of them are cheap. Here is the list.\n* Flour\n* Water\n* \
             Salt",
            "We leave at dawn.\nThe road is long.\n* Bring a coat\n* Bring a map\n* Bring water",
        ];
        Ok(vec![Demand::Draft(drafts.map(str::to_owned).to_vec())])
    },
    examples: &[
        Example { args: "{}", response: "We left. It rained.\n* coat\n* map", satisfied: true },
        Example { args: "{}", response: "We left.\nIt rained.\n * coat\n* map", satisfied: true },
        Example { args: "{}", response: "We left.\n* coat\n* map", satisfied: false },
        Example { args: "{}", response: "We left. It rained.\n* coat", satisfied: false },
        Example { args: "{}", response: "* coat\n* map\nWe left. It rained.", satisfied: false },
        Example { args: "{}", response: "We left. It rained.\n- coat\n- map", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "blank lines between and below sentences and bullets change neither",
            args: "{}",
            response: "We left.\n\nIt rained.\n\n* coat\n\n* map\n",
            official: false,
        },
        Deviation {
            reason: "a question does not end in a period",
            args: "{}",
            response: "Who left? Who came?\n* we\n* they",
            official: true,
        },
        Deviation {
            reason: "bold text is no bullet point",
            args: "{}",
            response: "We left. It rained.\n**Coat**\n**Map**",
            official: true,
        },
    ],
};

pub(super) static SUB_BULLETS: Rule = Rule {
    id: "format:sub-bullets",
    about: "Bullet points marked `*`, each with a sub-bullet marked `-` (IFBench). Official: \
            behind each `*` there is a `-` before the next `*`, wherever both stand, and a text \
            without `*` is followed. Corrected: at least one line starts with `*` and white \
            space, and each such line is followed, before the next, by a line that starts with \
            `-` and white space.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Your response must include bullet points denoted by * and at least one sub-bullet \
             point denoted by - for each bullet point.",
            "Use bullet points marked with *, and give each of them at least one sub-bullet marked \
             with -.",
            "Include a list whose items start with * and have one or more sub-items starting with \
             - below them.",
            "Write bullets with an asterisk (*); under every one of them there must be at least \
             one sub-bullet with a hyphen (-).",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| match profile {
            Profile::Official => hyphens_behind_stars(text.raw()),
            Profile::Corrected => bullets_with_bullets(text),
        })
    },
    demands: |_| {
        let drafts = [
            "* Bread\n  - flour\n  - water\n* Tea\n  - leaves",
            "* Morning\n    - The boats go out.\n* Evening\n    - The boats come back.\n    - The \
             lamps are lit.",
            "* Spring\n\n  - sow\n\n* Summer\n\n  - water\n\n* Autumn\n\n  - harvest",
            "* Tides\n  - They come twice a day.",
        ];
        Ok(vec![Demand::Draft(drafts.map(str::to_owned).to_vec())])
    },
    examples: &[
        Example { args: "{}", response: "* Bread\n  - flour\n* Tea\n  - leaves", satisfied: true },
        Example { args: "{}", response: "Buy:\n\n* Bread\n- flour\n- salt\n", satisfied: true },
        Example { args: "{}", response: "* Bread\n* Tea\n  - leaves", satisfied: false },
        Example { args: "{}", response: "* Bread\n  * flour", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a text without bullet points includes none",
            args: "{}",
            response: "Bread and tea.",
            official: true,
        },
        Deviation {
            reason: "the asterisks of bold text are no bullet points",
            args: "{}",
            response: "* **Bread**\n  - flour",
            official: false,
        },
    ],
};

/// The rest of a line that starts with this sign and white space.
fn is_item(line: &str, sign: char) -> bool {
    let rest = lstrip(line).strip_prefix(sign);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(is_space))
}

/// The verdict on so many sentences and bullets.
fn counted(satisfied: bool, sentences: usize, bullets: usize) -> Verdict {
    let note = format!("{sentences} sentences, then {bullets} bullet points");
    match satisfied {
        true => Verdict::pass(note),
        false => {
            let half = |n: usize| Bound::at_least(ENOUGH as u64).degree(n as u64);
            partly((half(sentences) + half(bullets)) / 2.0, note)
        }
    }
}

fn sentences_then_bullets(text: &Text<'_>) -> Verdict {
    let (mut sentences, mut bullets) = (0, 0);
    let mut reading = true;
    for line in text.raw().split('\n').map(strip) {
        if line.starts_with('*') {
            reading = false;
            if sentences < ENOUGH {
                return counted(false, sentences, bullets);
            }
            bullets += 1;
        } else if reading {
            let found = punkt::sentences(line).len();
            reading = found > 0;
            sentences += found;
        } else {
            let note = format!("a line without a bullet behind {sentences} sentences");
            return partly(0.5, note);
        }
    }
    counted(bullets >= ENOUGH, sentences, bullets)
}

fn periods_then_bullets(text: &Text<'_>) -> Verdict {
    let (mut sentences, mut bullets) = (0, 0);
    for line in text.lines() {
        if is_item(line, '*') {
            bullets += usize::from(sentences >= ENOUGH);
        } else if bullets == 0 {
            let found = punkt::sentences(line).into_iter();
            sentences += found.filter(|range| has_period(&line[range.clone()])).count();
        }
    }
    counted(sentences >= ENOUGH && bullets >= ENOUGH, sentences, bullets)
}

/// Whether a sentence ends in a period, closing quotes and brackets aside.
fn has_period(sentence: &str) -> bool {
    let closes = |c: char| is_space(c) || "\"'”’)]*_".contains(c);
    sentence.trim_end_matches(closes).ends_with('.')
}

fn hyphens_behind_stars(raw: &str) -> Verdict {
    let (mut good, mut total) = (0, 0);
    for piece in raw.split('*').skip(1) {
        good += u64::from(piece.contains('-'));
        total += 1;
    }
    Verdict::share(good, total, format!("{good} of {total} asterisks have a hyphen behind them"))
}

fn bullets_with_bullets(text: &Text<'_>) -> Verdict {
    let (mut good, mut total) = (0, 0);
    let mut bare = false;
    for line in text.lines() {
        if is_item(line, '*') {
            total += 1;
            bare = true;
        } else if bare && is_item(line, '-') {
            good += 1;
            bare = false;
        }
    }
    match total {
        0 => Verdict::fail("no bullet points"),
        _ => Verdict::share(good, total, format!("{good} of {total} bullets have a sub-bullet")),
    }
}
