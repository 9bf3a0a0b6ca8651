//! `each:*`: a limit on every sentence, paragraph, line, word or list item. One row a part.
//!
//! A text without such a part meets an upper limit and misses a lower one. `each:list_item_words`
//! asks for a list as well, so there a text without a list item fails in any case.

use crate::args::Reader;
use crate::bound::Bound;
use crate::demand::{Demand, Each, Unit};
use crate::error::Result;
use crate::rule::{Check, Example, Rule, check};
use crate::text::Text;
use crate::units::visit_each;
use crate::verdict::Verdict;

use super::count::{ALL, Asked, Spread};

fn compile(each: Each, args: &Reader<'_>) -> Result<Check> {
    let bound = Bound::read(args)?;
    check(move |text| verdict(each, bound, text))
}

/// The share of the parts that keep to the bound; the first that does not is named.
fn verdict(each: Each, bound: Bound, text: &Text<'_>) -> Verdict {
    let (mut total, mut good) = (0, 0);
    let mut first = None;
    visit_each(each, text, |measure| {
        total += 1;
        if bound.holds(measure) {
            good += 1;
        } else if first.is_none() {
            first = Some((total, measure));
        }
    });
    let part = each.part();
    match first {
        Some((place, measure)) => {
            let unit = if measure == 1 { each.singular() } else { each.plural() };
            let note = format!("{part} {place} has {measure} {unit}, asked for {bound}");
            Verdict::share(good, total, note)
        }
        None if total > 0 => Verdict::share(good, total, format!("every {part} has {bound}")),
        None if bound.low == 0 && each != Each::ListItemWords => {
            Verdict::pass(format!("there is no {part} to measure"))
        }
        None => Verdict::fail(format!("there is no {part}, asked for {bound} in each")),
    }
}

fn demands(each: Each, args: &Reader<'_>) -> Result<Vec<Demand>> {
    let limit = Demand::Each(each, Bound::read(args)?);
    Ok(match each {
        Each::ListItemWords => vec![Demand::Count(Unit::ListItems, Bound::at_least(1)), limit],
        _ => vec![limit],
    })
}

/// Texts for a part, what is counted of it, and a note that goes with each of them.
macro_rules! texts {
    ($part:literal $noun:literal $note:literal) => {
        texts!(@ $part $noun $note;
            ["Every " " of your response must have at least {n:" "}."]
            ["Write each " " with no fewer than {n:" "}."]
            ["No " " may have fewer than {n:" "}."]
            ["Give each " " a minimum of {n:" "}."];
            ["Every " " of your response must have at most {n:" "}."]
            ["Write each " " with no more than {n:" "}."]
            ["No " " may have more than {n:" "}."]
            ["Keep each " " to a maximum of {n:" "}."];
            ["Every " " of your response must have exactly {n:" "}."]
            ["Write each " " with exactly {n:" "}, no more and no fewer."]
            ["No " " may have more or fewer than {n:" "}."]
            ["Give each " " precisely {n:" "}."];
            ["Every " " of your response must have between {n} and {m:" "}."]
            ["Write each " " with at least {n} and at most {m:" "}."]
            ["No " " may have fewer than {n} or more than {m:" "}."]
            ["Give each " " from {n} to {m:" "}."])
    };
    (@ $part:literal $noun:literal $note:literal;
        $([$a:literal $least:literal $l:literal])+; $([$b:literal $most:literal $o:literal])+;
        $([$c:literal $exact:literal $e:literal])+; $([$d:literal $between:literal $w:literal])+
    ) => {
        |args| {
            Ok(match Asked::read(Bound::read(args)?, args)? {
                Asked::AtLeast => &[$(concat!($a, $part, $least, $noun, $l, $note)),+],
                Asked::AtMost | Asked::None => {
                    &[$(concat!($b, $part, $most, $noun, $o, $note)),+]
                }
                Asked::Exactly => &[$(concat!($c, $part, $exact, $noun, $e, $note)),+],
                Asked::Between => &[$(concat!($d, $part, $between, $noun, $w, $note)),+],
            })
        }
    };
}

/// The arguments: relations as given, counts of 1 or more with a largest value.
macro_rules! schema {
    (all) => {
        schema!(@ r#""at least", "at most", "exactly", "between""#,
            r#", "m": {"type": "integer", "minimum": 1, "maximum": 100000,
                "description": "The upper bound; for \"between\" only."}"#)
    };
    (limits) => {
        schema!(@ r#""at least", "at most""#, "")
    };
    (upper) => {
        schema!(@ r#""at most""#, "")
    };
    (@ $relations:literal, $m:literal) => {
        concat!(r#"{"properties": {
            "relation": {"enum": ["#, $relations, r#"],
                "description": "How each part must compare with n."},
            "n": {"type": "integer", "minimum": 1, "maximum": 100000,
                "description": "The bound; the lower one for \"between\"."}"#, $m,
            r#"}, "required": ["relation", "n"]}"#)
    };
}

/// The relations to draw from.
macro_rules! relations {
    (all) => {
        ALL
    };
    (limits) => {
        &["at least", "at most"]
    };
    (upper) => {
        &["at most"]
    };
}

/// Rows of rules: name, id, part, about; relations; words for the texts; spread; examples.
macro_rules! eaches {
    ($($name:ident $id:literal $each:ident $about:literal
        $relations:ident($part:literal, $noun:literal, $note:literal)
        n $low:literal..$high:literal exact $exact:literal width $narrow:literal..$wide:literal
        $($args:literal $response:literal $satisfied:literal)+)+) => {
        $(pub(super) static $name: Rule = Rule {
            id: $id,
            about: $about,
            schema: schema!($relations),
            texts: texts!($part $noun $note),
            sample: |draw| {
                let relations = relations!($relations);
                let (n, width) = (($low, $high), ($narrow, $wide));
                Spread { relations, n, exact: $exact, width, none: false }.sample(draw)
            },
            compile: |args, _| compile(Each::$each, args),
            demands: |args| demands(Each::$each, args),
            examples: &[
                $(Example { args: $args, response: $response, satisfied: $satisfied }),+
            ],
            deviations: &[],
        };)+
    };
}

eaches! {
    SENTENCE_WORDS "each:sentence_words" SentenceWords
        "Words (`\\w+` runs) of each sentence: Punkt's, cut at line ends too, so that headings and \
        list items are sentences. Pieces without a word are passed over."
        all("sentence", "word", " A line break ends a sentence too.")
        n 4..30 exact 14 width 3..14
        r#"{"relation": "at most", "n": 4}"# "The cat sat down. It slept." true
        r#"{"relation": "at most", "n": 3}"# "The cat sat down. It slept." false
        r#"{"relation": "exactly", "n": 2}"# "The cat\nIt slept." true
    PARAGRAPH_SENTENCES "each:paragraph_sentences" ParagraphSentences
        "Punkt sentences of each paragraph; blank lines set paragraphs apart and end sentences."
        all("paragraph", "sentence", " Set paragraphs apart with a blank line.")
        n 2..8 exact 6 width 1..4
        r#"{"relation": "exactly", "n": 2}"# "The cat sat. It slept.\n\nDogs ran. They came." true
        r#"{"relation": "at least", "n": 2}"# "The cat sat. It slept.\n\nThe dog ran." false
    PARAGRAPH_WORDS "each:paragraph_words" ParagraphWords
        "Words (`\\w+` runs) of each paragraph; blank lines set paragraphs apart."
        all("paragraph", "word", " Set paragraphs apart with a blank line.")
        n 10..150 exact 60 width 5..60
        r#"{"relation": "between", "n": 2, "m": 3}"# "The cat sat.\n\nIt slept." true
        r#"{"relation": "at most", "n": 2}"# "The cat sat.\n\nIt slept." false
    LINE_CHARACTERS "each:line_characters" LineCharacters
        "Code points of each line that is not blank, without its trailing white space."
        limits("line", "character", " Blank lines do not count.")
        n 40..160 exact 100 width 5..40
        r#"{"relation": "at most", "n": 12}"# "The cat sat.\n\nIt slept.  " true
        r#"{"relation": "at least", "n": 10}"# "The cat sat.\n\nIt slept.  " false
    WORD_LETTERS "each:word_letters" WordLetters
        "Letters of each word (`\\w+` run, so both halves of `well-known` are words); digits and \
        underscores are no letters, and a word without letters is passed over."
        upper("word", "letter", "")
        n 5..14 exact 14 width 1..4
        r#"{"relation": "at most", "n": 5}"# "The well-known cat of 2024 slept." true
        r#"{"relation": "at most", "n": 4}"# "The well-known cat slept." false
    LIST_ITEM_WORDS "each:list_item_words" ListItemWords
        "Words (`\\w+` runs) of each list item as `count:list_items` finds them, the marker left \
        out; only the line of the marker counts. At least one item is needed."
        all("list item", "word",
            " Your response must have a bulleted or numbered list, one line for each item.")
        n 1..20 exact 10 width 2..10
        r#"{"relation": "at most", "n": 2}"# "To buy:\n- fresh milk\n- bread" true
        r#"{"relation": "at least", "n": 2}"# "To buy:\n- fresh milk\n- bread" false
        r#"{"relation": "at most", "n": 2}"# "Milk and bread." false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_keeps_the_laws() {
        assert_eq!(super::super::count::tests::laws("each:"), 6);
    }

    #[test]
    fn the_first_offender_is_named() {
        let text = Text::new("1. one two three\n2. one\n- one two\n");
        let found = verdict(Each::ListItemWords, Bound::at_least(2), &text);
        assert_eq!(found.reason.to_string(), "list item 2 has 1 word, asked for at least 2");
        assert!(!found.satisfied && (found.degree - 2.0 / 3.0).abs() < 1e-6);
        let found = verdict(Each::ListItemWords, Bound::at_most(2), &text);
        assert_eq!(found.reason.to_string(), "list item 1 has 3 words, asked for at most 2");
        let found = verdict(Each::ListItemWords, Bound::between(1, 3), &text);
        assert_eq!((found.satisfied, found.degree), (true, 1.0));
        assert_eq!(found.reason.to_string(), "every list item has 1 to 3");
    }

    #[test]
    fn a_text_without_parts_meets_upper_limits_alone() {
        let text = Text::new("42!");
        assert!(verdict(Each::WordLetters, Bound::at_most(5), &text).satisfied);
        assert!(!verdict(Each::WordLetters, Bound::at_least(5), &text).satisfied);
        let items = verdict(Each::ListItemWords, Bound::at_most(5), &text);
        assert_eq!(items.reason.to_string(), "there is no list item, asked for at most 5 in each");
        assert!(!items.satisfied);
    }
}
