//! `ratio:overlap`: how much of the text is taken from another one (IFBench).

use std::collections::HashSet;

use serde_json::json;

use super::bare::near;
use super::draft::{deal, drafts_as_written, is_plain};
use crate::draw::args;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

/// How far from the percentage the overlap may be.
const TOLERANCE: f64 = 2.0;

type Trigram = [char; 3];

pub(super) static RULE: Rule = Rule {
    id: "ratio:overlap",
    about: "Of the different runs of three characters of the response, between `percentage` - 2 \
            and `percentage` + 2 percent occur in the reference text. Characters are code points; \
            case and white space count; a text of fewer than three fails (IFBench).",
    schema: r#"{
        "properties": {
            "reference_text": {"type": "string"},
            "percentage": {"type": "integer", "minimum": 0, "maximum": 1000}
        },
        "required": ["reference_text", "percentage"]
    }"#,
    texts: |_| {
        Ok(&[
            "Of the different character trigrams of your response, {percentage}% (give or take 2 \
             points) must also occur in this text: {reference_text}",
            "Keep a character trigram overlap of {percentage}% (±2%) between your response and the \
             following reference: {reference_text}",
            "Reuse the wording of the reference below so that {percentage}% of your distinct \
             three-character sequences are found in it, within 2 points. {reference_text}",
            "The share of your three-character sequences that are taken from the text after the \
             colon should be {percentage}%, at most 2 points more or less: {reference_text}",
        ])
    },
    sample: |draw| {
        const ELSE: &str = "Tell me about the place where you would like to live, and why.";
        let request = draw.request.trim();
        let reference = if request.chars().count() < 20 { ELSE } else { request };
        let percentage = draw.between(5, 90);
        args([("reference_text", json!(reference)), ("percentage", json!(percentage))])
    },
    compile: |args, _| {
        let reference = trigrams(args.text("reference_text")?);
        let percentage = args.count("percentage")? as f64;
        check(move |text| {
            let own = trigrams(text.raw());
            if own.is_empty() {
                return Verdict::fail("fewer than three characters");
            }
            let shared = own.intersection(&reference).count();
            let overlap = shared as f64 / own.len() as f64 * 100.0;
            let note = format!("{overlap:.1}% of the trigrams overlap, asked for {percentage}%");
            let within = percentage - TOLERANCE <= overlap && overlap <= percentage + TOLERANCE;
            let beyond = (overlap - percentage).abs() - TOLERANCE;
            if within { Verdict::pass(note) } else { near(1.0 / (1.0 + beyond / 10.0), note) }
        })
    },
    demands: |args| {
        let reference = args.text("reference_text")?;
        let percentage = args.count("percentage")? as f64;
        Ok(vec![drafts_as_written(|variant| write(reference, percentage, variant))])
    },
    examples: &[
        Example {
            args: r#"{"reference_text": "Name a river.", "percentage": 100}"#,
            response: "a river.",
            satisfied: true,
        },
        Example {
            args: r#"{"reference_text": "Name a river.", "percentage": 50}"#,
            response: "riverbed",
            satisfied: true,
        },
        Example {
            args: r#"{"reference_text": "Name a river.", "percentage": 100}"#,
            response: "A RIVER.",
            satisfied: false,
        },
        Example {
            args: r#"{"reference_text": "Name a river.", "percentage": 0}"#,
            response: "No",
            satisfied: false,
        },
    ],
    deviations: &[],
};

fn trigrams(text: &str) -> HashSet<Trigram> {
    let mut found = HashSet::new();
    let mut chars = text.chars();
    let (Some(mut a), Some(mut b)) = (chars.next(), chars.next()) else { return found };
    for c in chars {
        found.insert([a, b, c]);
        (a, b) = (b, c);
    }
    found
}

/// A text under construction, with its trigrams and how many of them are shared.
struct Growth<'r> {
    reference: &'r HashSet<Trigram>,
    text: Vec<char>,
    own: HashSet<Trigram>,
    shared: usize,
}

impl Growth<'_> {
    fn push(&mut self, c: char) {
        self.text.push(c);
        if let [.., a, b, c] = self.text[..]
            && self.own.insert([a, b, c])
            && self.reference.contains(&[a, b, c])
        {
            self.shared += 1;
        }
    }

    /// How far the overlap is above the middle; `None` while there is no trigram.
    fn above(&self, percentage: f64) -> Option<f64> {
        let all = self.own.len();
        (all > 0).then(|| self.shared as f64 / all as f64 * 100.0 - percentage)
    }
}

/// The beginning of the reference, then words that share nothing with it until enough do not.
fn write(reference: &str, percentage: f64, variant: usize) -> String {
    const CLOSE: f64 = 1.9;
    const MOST: usize = 2500;
    let shared = trigrams(reference);
    let mut growth =
        Growth { reference: &shared, text: Vec::new(), own: HashSet::new(), shared: 0 };
    if percentage > TOLERANCE {
        let taken = reference.split(' ').scan(0, |length, word| {
            let before = *length;
            *length += word.chars().count() + 1;
            (before < 60 + 20 * variant).then_some(word)
        });
        taken.collect::<Vec<&str>>().join(" ").chars().for_each(|c| growth.push(c));
    }
    let words = deal(variant, is_plain).take(MOST);
    let fresh = words.filter(|word| trigrams(word).is_disjoint(&shared));
    let mut best: Option<usize> = None;
    for word in fresh {
        match growth.above(percentage) {
            Some(above) if above.abs() <= CLOSE => return growth.text.iter().collect(),
            Some(above) if above < 0.0 => break,
            _ => {}
        }
        for c in std::iter::once(' ').chain(word.chars()) {
            growth.push(c);
            let close = growth.above(percentage).is_some_and(|above| above.abs() <= CLOSE);
            best = best.or(close.then_some(growth.text.len()));
        }
    }
    growth.text.iter().take(best.unwrap_or(usize::MAX)).collect()
}
