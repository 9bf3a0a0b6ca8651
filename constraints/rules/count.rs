//! `count:*`: so many of a unit, in any relation. One row a unit.

use serde_json::json;

use crate::args::{Args, Reader};
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::draw::{Draw, args};
use crate::error::Result;
use crate::rule::{Check, Example, Rule, check};
use crate::units::measure;
use crate::verdict::Verdict;

/// The arguments. Counts have a largest value so that a text that meets them can be written.
pub(super) const SCHEMA: &str = r#"{"properties": {
    "relation": {"enum": ["at least", "at most", "exactly", "between"],
        "description": "How the count must compare with n; \"between\" includes both ends."},
    "n": {"type": "integer", "minimum": 0, "maximum": 100000,
        "description": "The bound; the lower one for \"between\"."},
    "m": {"type": "integer", "minimum": 0, "maximum": 100000,
        "description": "The upper bound; for \"between\" only."}
}, "required": ["relation", "n"]}"#;

/// From where a rule draws its bounds.
pub(super) struct Spread {
    /// The relations drawn from, by equal chance.
    pub relations: &'static [&'static str],
    /// The smallest and the largest `n`.
    pub n: (u64, u64),
    /// The largest `n` of "exactly": what can reasonably be asked for.
    pub exact: u64,
    /// The smallest and the largest `m - n`.
    pub width: (u64, u64),
    /// Whether "none at all" is drawn now and then.
    pub none: bool,
}

pub(super) const ALL: &[&str] = &["at least", "at most", "exactly", "between"];

impl Spread {
    /// Draws a relation and its bounds.
    pub(super) fn sample(&self, draw: &mut Draw<'_>) -> Args {
        if self.none && draw.between(1, 8) == 1 {
            let relation = draw.pick(&["at most", "exactly"]);
            return args([("relation", json!(relation)), ("n", json!(0))]);
        }
        let relation = draw.pick(self.relations);
        let high = if relation == "exactly" { self.exact } else { self.n.1 };
        let n = draw.between(self.n.0, high);
        let mut drawn = args([("relation", json!(relation)), ("n", json!(n))]);
        if relation == "between" {
            drawn.insert("m".to_owned(), json!(n + draw.between(self.width.0, self.width.1)));
        }
        drawn
    }
}

/// What the arguments ask for, to choose the texts by.
pub(super) enum Asked {
    None,
    AtLeast,
    AtMost,
    Exactly,
    Between,
}

impl Asked {
    pub(super) fn read(bound: Bound, args: &Reader<'_>) -> Result<Asked> {
        Ok(match args.text("relation")? {
            _ if bound == Bound::NONE => Asked::None,
            "at least" => Asked::AtLeast,
            "at most" => Asked::AtMost,
            "exactly" => Asked::Exactly,
            _ => Asked::Between,
        })
    }
}

/// The bound of a count, less those that every text or no text meets.
fn bound(unit: Unit, args: &Reader<'_>) -> Result<Bound> {
    let bound = Bound::read(args)?;
    if bound == Bound::ANY {
        return Err(args.fault("n", "is met by every text: \"at least\" needs 1 or more"));
    }
    let everywhere =
        matches!(unit, Unit::Characters | Unit::Sentences | Unit::Lines | Unit::Paragraphs);
    if everywhere && bound == Bound::NONE {
        let problem = format!("is met by no text: each that is not blank has {}", unit.plural());
        return Err(args.fault("n", problem));
    }
    Ok(bound)
}

fn compile(unit: Unit, args: &Reader<'_>) -> Result<Check> {
    let bound = bound(unit, args)?;
    check(move |text| Verdict::count(measure(unit, text), bound, unit.plural()))
}

/// The texts for lengths (`size`) and for things to put in (`item`), for one noun and a note that
/// goes with each of them.
macro_rules! texts {
    (size $unit:ident $one:literal $many:literal $note:literal) => {
        texts!(@ $unit $one $many $note;
            ["Your response must be at least {n:" "} long."]
            ["Write at least {n:" "}."]
            ["Your answer should have no fewer than {n:" "}."]
            ["Aim for length: {n:" "} or more."]
            ["The minimum length of your response is {n:" "}."];
            ["Your response must be at most {n:" "} long."]
            ["Write no more than {n:" "}."]
            ["Your answer should not be longer than {n:" "}."]
            ["The limit is {n:" "}; do not go over it."]
            ["The maximum length of your response is {n:" "}."];
            ["Your response must be exactly {n:" "} long."]
            ["Write exactly {n:" "}, no more and no fewer."]
            ["The length of your answer must be precisely {n:" "}."]
            ["Answer in exactly {n:" "}."];
            ["Your response must be between {n} and {m:" "} long."]
            ["Write at least {n} and at most {m:" "}."]
            ["Your answer should have no fewer than {n} and no more than {m:" "}."]
            ["The length of your response must be from {n} to {m:" "}."])
    };
    (item $unit:ident $one:literal $many:literal $note:literal) => {
        texts!(@ $unit $one $many $note;
            ["Include at least {n:" "} in your response."]
            ["Your response must contain at least {n:" "}."]
            ["Use a minimum of {n:" "} in your answer."]
            ["There must be no fewer than {n:" "} in your response."]
            ["Work {n:" "} or more into your answer."];
            ["Include at most {n:" "} in your response."]
            ["Your response must contain no more than {n:" "}."]
            ["Use a maximum of {n:" "} in your answer."]
            ["There must not be more than {n:" "} in your response."]
            ["Limit your answer to {n:" "} at most."];
            ["Include exactly {n:" "} in your response."]
            ["Your response must contain exactly {n:" "}, no more and no fewer."]
            ["Use precisely {n:" "} in your answer."]
            ["There must be exactly {n:" "} in your response."];
            ["Include between {n} and {m:" "} in your response."]
            ["Your response must contain at least {n} and at most {m:" "}."]
            ["Use no fewer than {n} and no more than {m:" "} in your answer."]
            ["There must be from {n} to {m:" "} in your response."])
    };
    (@ $unit:ident $one:literal $many:literal $note:literal;
        $([$least:literal $l:literal])+; $([$most:literal $o:literal])+;
        $([$exact:literal $e:literal])+; $([$between:literal $b:literal])+) => {
        |args| {
            Ok(match Asked::read(bound(Unit::$unit, args)?, args)? {
                Asked::None => &[
                    concat!("Do not use any ", $many, " in your response."),
                    concat!("Your response must not contain a single ", $one, "."),
                    concat!("Write without any ", $many, "."),
                    concat!("There must be no ", $many, " in your response."),
                    concat!("Leave out ", $many, " altogether."),
                ],
                Asked::AtLeast => &[$(concat!($least, $one, "|", $many, $l, $note)),+],
                Asked::AtMost => &[$(concat!($most, $one, "|", $many, $o, $note)),+],
                Asked::Exactly => &[$(concat!($exact, $one, "|", $many, $e, $note)),+],
                Asked::Between => &[$(concat!($between, $one, "|", $many, $b, $note)),+],
            })
        }
    };
}

/// Rows of rules: name, id, unit, about; nouns and note for the texts; spread; examples.
macro_rules! counts {
    ($($name:ident $id:literal $unit:ident $about:literal
        $kind:ident($one:literal, $many:literal, $note:literal)
        n $low:literal..$high:literal exact $exact:literal width $narrow:literal..$wide:literal
        none $none:literal
        $($args:literal $response:literal $satisfied:literal)+)+) => {
        $(pub(super) static $name: Rule = Rule {
            id: $id,
            about: $about,
            schema: SCHEMA,
            texts: texts!($kind $unit $one $many $note),
            sample: |draw| {
                let (n, width) = (($low, $high), ($narrow, $wide));
                Spread { relations: ALL, n, exact: $exact, width, none: $none }.sample(draw)
            },
            compile: |args, _| compile(Unit::$unit, args),
            demands: |args| Ok(vec![Demand::Count(Unit::$unit, bound(Unit::$unit, args)?)]),
            examples: &[
                $(Example { args: $args, response: $response, satisfied: $satisfied }),+
            ],
            deviations: &[],
        };)+
    };
}

counts! {
    CHARACTERS "count:characters" Characters
        "Unicode code points of the response without its outer white space; what is \
        inside counts."
        size("character", "characters", " Spaces count.")
        n 150..4000 exact 800 width 50..600 none false
        r#"{"relation": "exactly", "n": 9}"# " The cat.\n" false
        r#"{"relation": "exactly", "n": 8}"# " The cat.\n" true
        r#"{"relation": "at least", "n": 9}"# "The cat." false
    WORDS "count:words" Words
        "Words, `\\w+` runs as IFEval counts them: `don't` and `well-known` are two each."
        size("word", "words", "")
        n 20..800 exact 200 width 10..150 none false
        r#"{"relation": "at most", "n": 4}"# "It's a cat." true
        r#"{"relation": "at most", "n": 3}"# "It's a cat." false
        r#"{"relation": "between", "n": 2, "m": 3}"# "A cat sat there." false
        r#"{"relation": "exactly", "n": 0}"# "!?" true
    UNIQUE_WORDS "count:unique_words" UniqueWords
        "Different words (`\\w+` runs), upper and lower case being the same."
        item("different word", "different words", "")
        n 15..300 exact 80 width 10..80 none false
        r#"{"relation": "exactly", "n": 2}"# "The the cat." true
        r#"{"relation": "at least", "n": 3}"# "The the cat." false
    SENTENCES "count:sentences" Sentences
        "Sentences of the whole response by the Punkt model for English, as IFEval counts them."
        size("sentence", "sentences", "")
        n 1..40 exact 15 width 1..8 none false
        r#"{"relation": "exactly", "n": 2}"# "The cat sat. The dog ran." true
        r#"{"relation": "at most", "n": 1}"# "The cat sat. The dog ran." false
    LINES "count:lines" Lines
        "Lines that are not blank; a line ends at a line feed."
        size("line", "lines", " Blank lines do not count.")
        n 1..60 exact 20 width 1..10 none false
        r#"{"relation": "exactly", "n": 2}"# "One\n\nTwo\n" true
        r#"{"relation": "between", "n": 3, "m": 4}"# "One\n\nTwo\n" false
    PARAGRAPHS "count:paragraphs" Paragraphs
        "Paragraphs: runs of lines that are not blank, set apart by blank lines. Headings and \
        lists are paragraphs like any other."
        size("paragraph", "paragraphs", " Set paragraphs apart with a blank line.")
        n 1..15 exact 10 width 1..4 none false
        r#"{"relation": "exactly", "n": 2}"# "One\nstill one\n\nTwo" true
        r#"{"relation": "exactly", "n": 2}"# "One\nTwo" false
    LIST_ITEMS "count:list_items" ListItems
        "Lines outside fenced code that start with a bullet (`-`, `*`, `+`, `•`), a number \
        (`1.`, `1)`, `(1)`), a letter (`a)`, `(a)`) or a Roman numeral (`i.`, `i)`, `(i)`)."
        item("bulleted or numbered list item", "bulleted or numbered list items", "")
        n 2..25 exact 15 width 1..6 none true
        r#"{"relation": "exactly", "n": 2}"# "- milk\n2) bread" true
        r#"{"relation": "at least", "n": 1}"# "-milk" false
        r#"{"relation": "exactly", "n": 0}"# "1. milk" false
    TABLE_ROWS "count:table_rows" TableRows
        "Lines with a `|` below the delimiter row of a Markdown table, outside fenced code, all \
        tables together. The head does not count."
        item("Markdown table row", "Markdown table rows", " The head of a table does not count.")
        n 1..20 exact 12 width 1..5 none true
        r#"{"relation": "exactly", "n": 1}"# "| a | b |\n|---|---|\n| 1 | 2 |" true
        r#"{"relation": "at least", "n": 1}"# "| a | b |\n| 1 | 2 |" false
    HEADINGS "count:headings" Headings
        "Markdown headings outside fenced code: one to six `#`, white space and some text, not \
        indented."
        item("Markdown heading", "Markdown headings", "")
        n 1..12 exact 8 width 1..4 none true
        r#"{"relation": "at least", "n": 2}"# "# Cats\nSoft.\n## Dogs\nLoud." true
        r#"{"relation": "at least", "n": 1}"# "#Cats" false
    QUESTIONS "count:questions" Questions
        "Punkt sentences whose last character is `?`, closing quotes, brackets and emphasis marks \
        aside."
        item("sentence that ends in a question mark", "sentences that end in a question mark", "")
        n 1..12 exact 8 width 1..4 none true
        r#"{"relation": "exactly", "n": 1}"# "Why? Because." true
        r#"{"relation": "exactly", "n": 0}"# "Why? Because." false
    EXCLAMATIONS "count:exclamations" Exclamations
        "Exclamation marks (U+0021), wherever they stand."
        item("exclamation mark", "exclamation marks", "")
        n 1..15 exact 10 width 1..5 none true
        r#"{"relation": "between", "n": 1, "m": 2}"# "Oh! No!" true
        r#"{"relation": "at most", "n": 1}"# "Oh! No!" false
        r#"{"relation": "at most", "n": 0}"# "Oh. No." true
    QUOTATIONS "count:quotations" Quotations
        "Phrases in straight or curly double quotes that are not blank, each on one line; what is \
        quoted within another is not counted."
        item("phrase in double quotation marks", "phrases in double quotation marks", "")
        n 1..12 exact 8 width 1..4 none true
        r#"{"relation": "at least", "n": 2}"# "\"Yes\", she said, “or no”." true
        r#"{"relation": "at least", "n": 1}"# "She said yes, 'or' \"\"." false
    PARENTHESES "count:parentheses" Parentheses
        "Balanced `(…)` on one line that are not blank; of nested ones the outermost counts, and \
        the target of a Markdown link does not."
        item("remark in parentheses", "remarks in parentheses", "")
        n 1..12 exact 8 width 1..4 none true
        r#"{"relation": "exactly", "n": 1}"# "A cat (a big one (I think))." true
        r#"{"relation": "at least", "n": 1}"# "a) A cat :) ()" false
    NUMBERS "count:numerals" Numbers
        "Words of digits alone, joined over an inner `.` or `,`: `1,000.5` is one, `A4` and `3rd` \
        are none. The numbers of a list count too."
        item("number written in digits", "numbers written in digits",
            " The numbering of a list counts too.")
        n 1..25 exact 12 width 1..8 none true
        r#"{"relation": "exactly", "n": 2}"# "1. I owe 1,000.5 for A4 paper." true
        r#"{"relation": "at least", "n": 1}"# "The 3rd of ten." false
    HYPHENATED_WORDS "count:hyphenated_words" HyphenatedWords
        "Runs of letters with single hyphens between letters: `state-of-the-art` is one, \
        `COVID-19` none."
        item("hyphenated word", "hyphenated words", "")
        n 1..15 exact 10 width 1..5 none true
        r#"{"relation": "exactly", "n": 2}"# "A well-known, state-of-the-art cat." true
        r#"{"relation": "at least", "n": 1}"# "COVID-19 - or not -- in 2-D." false
    CODE_BLOCKS "count:code_blocks" CodeBlocks
        "Fenced code blocks (three or more backticks or tildes) that are closed."
        item("fenced code block", "fenced code blocks", "")
        n 1..6 exact 5 width 1..3 none true
        r#"{"relation": "exactly", "n": 1}"# "```\nlet x = 1;\n```" true
        r#"{"relation": "at least", "n": 1}"# "```\nlet x = 1;" false
    BLOCK_QUOTES "count:block_quotes" BlockQuotes
        "Runs of lines that start with `>` after an optional indent, outside fenced code."
        item("Markdown block quote", "Markdown block quotes", "")
        n 1..8 exact 6 width 1..3 none true
        r#"{"relation": "exactly", "n": 1}"# "> To be\n> or not.\n\nHe said." true
        r#"{"relation": "at least", "n": 1}"# "a > b" false
    BOLD "count:bold" Bold
        "`**…**` on one line with text directly inside both ends, outside fenced code."
        item("phrase in Markdown bold", "phrases in Markdown bold", "")
        n 1..20 exact 12 width 1..6 none true
        r#"{"relation": "at least", "n": 2}"# "**Cats** and **big dogs**" true
        r#"{"relation": "at least", "n": 1}"# "*Cats* and 2 ** 3 ** 4" false
    LINKS "count:links" Links
        "Markdown links `[text](target)` on one line, neither part blank, no image, outside fenced \
        code."
        item("Markdown link", "Markdown links", "")
        n 1..10 exact 8 width 1..4 none true
        r#"{"relation": "exactly", "n": 1}"# "See [the notes](notes.md) ![a cat](cat.png)." true
        r#"{"relation": "at least", "n": 1}"# "See [the notes] (notes.md)." false
    ISO_DATES "count:iso_dates" IsoDates
        "Dates as `YYYY-MM-DD` that are in the calendar, without a word character or hyphen beside \
        them."
        item("date in the form YYYY-MM-DD", "dates in the form YYYY-MM-DD", "")
        n 1..10 exact 8 width 1..4 none true
        r#"{"relation": "exactly", "n": 1}"# "On 2024-02-29, a Thursday." true
        r#"{"relation": "at least", "n": 1}"# "On 2023-02-29 or 2024/03/01." false
    SEMICOLONS "count:semicolons" Semicolons
        "Semicolons (U+003B), wherever they stand."
        item("semicolon", "semicolons", "")
        n 1..12 exact 8 width 1..4 none true
        r#"{"relation": "at least", "n": 1}"# "A cat; a dog." true
        r#"{"relation": "at most", "n": 0}"# "A cat; a dog." false
    PALINDROMES "count:palindromes" Palindromes
        "Words of three or more letters and nothing else that read the same backwards, whatever \
        their case; each occurrence counts."
        item("palindrome of three letters or more", "palindromes of three letters or more", "")
        n 1..8 exact 6 width 1..3 none true
        r#"{"relation": "exactly", "n": 2}"# "Anna took the kayak at 121 m." true
        r#"{"relation": "at least", "n": 1}"# "A cat sat." false
}

#[cfg(test)]
pub(super) mod tests {
    use crate::args::Args;
    use crate::draw::{Draw, stream};
    use crate::{Constraint, Profile, Text, registry};

    fn constraint(id: &str, args: &Args) -> crate::Result<Constraint> {
        Constraint::compile(id, args.clone(), Profile::Official)
    }

    fn args(json: &str) -> Args {
        serde_json::from_str(json).expect("an object")
    }

    /// What every rule of these two files must hold; gives the number of rules.
    pub(in crate::rules) fn laws(group: &str) -> usize {
        let own = crate::rules::RULES.iter();
        let rules: Vec<_> = own.copied().filter(|rule| rule.id.starts_with(group)).collect();
        for rule in &rules {
            for example in rule.examples {
                let constraint = constraint(rule.id, &args(example.args)).expect("compiles");
                let verdict = constraint.check(&Text::new(example.response));
                let shown = (rule.id, example.args, example.response, &verdict.reason);
                assert_eq!(verdict.satisfied, example.satisfied, "{shown:?}");
                assert_eq!(verdict.degree == 1.0, verdict.satisfied, "{shown:?}");
            }
            let mut relations = std::collections::BTreeSet::new();
            for index in 0..200 {
                let mut rng = stream(7, index);
                let drawn = (rule.sample)(&mut Draw { rng: &mut rng, request: "" });
                relations.insert(drawn["relation"].to_string());
                let constraint = constraint(rule.id, &drawn).expect("a sample compiles");
                assert!(!constraint.demands().expect("a sample demands").is_empty());
                described(&constraint, drawn["n"].as_u64().expect("a number"));
            }
            let schema = registry::schema(rule);
            let offered = schema["properties"]["relation"]["enum"].as_array().expect("a list");
            assert_eq!(relations.len(), offered.len(), "{}: a relation is never drawn", rule.id);
        }
        rules.len()
    }

    /// Every paraphrase fills, ends as a sentence does and names the bounds and the relation.
    fn described(constraint: &Constraint, n: u64) {
        let mut texts: Vec<String> =
            (0..20).map(|choice| constraint.describe(choice).expect("describes")).collect();
        texts.sort_unstable();
        texts.dedup();
        assert!(texts.len() >= 4, "{}: {texts:?}", constraint.id());
        for text in texts {
            assert!(!text.contains(['{', '}', '|']) && text.ends_with('.'), "{text}");
            assert!(n == 0 || text.contains(&n.to_string()), "{text} lacks {n}");
            let m = constraint.args().get("m");
            assert!(m.is_none_or(|m| text.contains(&m.to_string())), "{text} lacks {m:?}");
        }
    }

    #[test]
    fn every_count_keeps_the_laws() {
        assert_eq!(laws("count:"), 22);
    }

    #[test]
    fn none_and_one_read_well() {
        let text = |json: &str| constraint("count:questions", &args(json))?.describe(0);
        let cases = [
            (
                r#"{"relation": "at most", "n": 0}"#,
                "Do not use any sentences that end in a question mark in your response.",
            ),
            (
                r#"{"relation": "at least", "n": 1}"#,
                "Include at least 1 sentence that ends in a question mark in your response.",
            ),
            (
                r#"{"relation": "between", "n": 1, "m": 3}"#,
                "Include between 1 and 3 sentences that end in a question mark in your response.",
            ),
        ];
        for (args, expected) in cases {
            assert_eq!(text(args).expect("describes"), expected);
        }
    }

    #[test]
    fn empty_requests_are_refused() {
        let cases = [
            ("count:words", r#"{"relation": "at least", "n": 0}"#, "met by every text"),
            ("count:lines", r#"{"relation": "exactly", "n": 0}"#, "met by no text"),
            ("count:words", r#"{"relation": "between", "n": 3}"#, "`m`: is missing"),
            ("count:words", r#"{"relation": "between", "n": 3, "m": 2}"#, "is below"),
            ("count:words", r#"{"relation": "at most", "n": 3, "m": 4}"#, "only goes with"),
            ("count:words", r#"{"relation": "about", "n": 3}"#, "key `relation`"),
            ("count:words", r#"{"relation": "exactly", "n": -3}"#, "key `n`"),
            ("count:words", r#"{"relation": "exactly", "n": 1000000}"#, "key `n`"),
        ];
        for (id, json, expected) in cases {
            let error = constraint(id, &args(json)).err().expect("refused").to_string();
            assert!(error.contains(expected) && error.contains(id), "{error} lacks {expected}");
        }
    }
}
