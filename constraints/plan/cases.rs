//! Combinations that contradict themselves, and near ones that do not.

use serde_json::Value;

use crate::constraint::Constraint;
use crate::draw::stream;
use crate::profile::Profile;

use super::{accepts, conflict, witness};

type Row = &'static [(&'static str, &'static str)];

/// The contradictions counted in the released training rows of arXiv 2508.02150.
const RELEASED: &[Row] = &[
    &[
        ("change_case:english_lowercase", "{}"),
        (
            "detectable_format:multiple_sections",
            r#"{"section_spliter":"Section","num_sections":3}"#,
        ),
    ],
    &[
        ("change_case:english_capital", "{}"),
        (
            "detectable_format:multiple_sections",
            r#"{"section_spliter":"Section","num_sections":2}"#,
        ),
    ],
    &[
        ("keywords:existence", r#"{"keywords":["river","bridge"]}"#),
        ("keywords:forbidden_words", r#"{"forbidden_words":["bridge"]}"#),
    ],
    &[
        (
            "change_case:capital_word_frequency",
            r#"{"capital_frequency":3,"capital_relation":"less than"}"#,
        ),
        (
            "detectable_format:multiple_sections",
            r#"{"section_spliter":"SECTION","num_sections":4}"#,
        ),
    ],
    &[
        ("punctuation:no_comma", "{}"),
        ("startend:end_checker", r#"{"end_phrase":"That is all, thank you."}"#),
    ],
    &[
        (
            "length_constraints:nth_paragraph_first_word",
            r#"{"num_paragraphs":3,"nth_paragraph":2,"first_word":"harbor"}"#,
        ),
        ("keywords:forbidden_words", r#"{"forbidden_words":["harbor"]}"#),
    ],
    &[
        (
            "keywords:letter_frequency",
            r#"{"letter":"t","let_frequency":3,"let_relation":"less than"}"#,
        ),
        ("startend:end_checker", r#"{"end_phrase":"Better late than not at all."}"#),
    ],
    &[
        ("keywords:frequency", r#"{"keyword":"garden","frequency":2,"relation":"at least"}"#),
        ("keywords:forbidden_words", r#"{"forbidden_words":["garden"]}"#),
    ],
];

/// Further ones among all families.
const FOUND: &[Row] = &[
    &[
        ("count:words", r#"{"relation":"at most","n":20}"#),
        ("length_constraints:number_words", r#"{"relation":"at least","num_words":50}"#),
    ],
    &[
        ("count:characters", r#"{"relation":"at most","n":100}"#),
        ("count:words", r#"{"relation":"at least","n":80}"#),
    ],
    &[
        ("count:lines", r#"{"relation":"at most","n":2}"#),
        ("count:table_rows", r#"{"relation":"at least","n":3}"#),
    ],
    &[
        ("count:paragraphs", r#"{"relation":"at least","n":5}"#),
        ("count:lines", r#"{"relation":"at most","n":4}"#),
    ],
    &[
        ("letters:without", r#"{"letter":"e"}"#),
        ("keywords:existence", r#"{"keywords":["forest"]}"#),
    ],
    &[("characters:no_digits", "{}"), ("count:iso_dates", r#"{"relation":"at least","n":1}"#)],
    &[
        ("characters:forbidden", r#"{"characters":"[]"}"#),
        ("detectable_content:number_placeholders", r#"{"num_placeholders":2}"#),
    ],
    &[
        ("position:starts_with", r#"{"phrase":"Once upon a time"}"#),
        ("detectable_format:json_format", "{}"),
    ],
    &[
        ("position:starts_with", r#"{"phrase":"To begin with"}"#),
        ("letters:sentence_initial", r#"{"letter":"m"}"#),
    ],
    &[("letters:alliteration", r#"{"letter":"b","n":4}"#), ("letters:no_neighbour_initials", "{}")],
    &[
        ("change_case:english_lowercase", "{}"),
        (
            "change_case:capital_word_frequency",
            r#"{"capital_frequency":4,"capital_relation":"at least"}"#,
        ),
    ],
    &[
        ("detectable_format:json_format", "{}"),
        ("count:headings", r#"{"relation":"at least","n":2}"#),
    ],
    &[
        ("position:nth_word", r#"{"n":4,"word":"lantern"}"#),
        ("position:nth_word", r#"{"n":4,"word":"meadow"}"#),
    ],
    &[
        ("count:questions", r#"{"relation":"at least","n":6}"#),
        ("count:sentences", r#"{"relation":"at most","n":4}"#),
    ],
    &[
        ("each:word_letters", r#"{"relation":"at most","n":5}"#),
        ("keywords:existence", r#"{"keywords":["mountain"]}"#),
    ],
    &[
        ("position:ends_with_word", r#"{"word":"dawn"}"#),
        ("startend:end_checker", r#"{"end_phrase":"This is the end."}"#),
    ],
];

/// Neighbours of the above that can be satisfied.
const FINE: &[Row] = &[
    &[
        ("change_case:english_capital", "{}"),
        (
            "detectable_format:multiple_sections",
            r#"{"section_spliter":"SECTION","num_sections":3}"#,
        ),
    ],
    &[
        ("keywords:existence", r#"{"keywords":["river","bridge"]}"#),
        ("keywords:forbidden_words", r#"{"forbidden_words":["road"]}"#),
    ],
    &[
        (
            "change_case:capital_word_frequency",
            r#"{"capital_frequency":6,"capital_relation":"less than"}"#,
        ),
        (
            "detectable_format:multiple_sections",
            r#"{"section_spliter":"SECTION","num_sections":4}"#,
        ),
    ],
    &[("punctuation:no_comma", "{}"), ("startend:end_checker", r#"{"end_phrase":"That is all."}"#)],
    &[
        ("count:words", r#"{"relation":"at most","n":60}"#),
        ("length_constraints:number_words", r#"{"relation":"at least","num_words":50}"#),
    ],
    &[
        ("letters:without", r#"{"letter":"e"}"#),
        ("keywords:existence", r#"{"keywords":["harbor"]}"#),
    ],
];

fn compile(row: Row) -> Vec<Constraint> {
    let one = |(id, args): &(&str, &str)| {
        let args: Value = serde_json::from_str(args).expect("the table holds JSON");
        let args = args.as_object().expect("the table holds objects").clone();
        Constraint::compile(id, args, Profile::Corrected).unwrap_or_else(|e| panic!("{id}: {e}"))
    };
    row.iter().map(one).collect()
}

#[test]
fn contradictions_are_proved_and_name_both_members() {
    for row in RELEASED.iter().chain(FOUND) {
        let set = compile(row);
        let members: Vec<&Constraint> = set.iter().collect();
        let found = conflict(&members).unwrap_or_else(|| panic!("no conflict seen in {row:?}"));
        assert!(found.proved && found.members == [0, 1], "{row:?}: {found:?}");
        assert!(witness(&members, &mut stream(1, 1)).is_err());
    }
}

#[test]
fn what_can_be_satisfied_gets_a_witness() {
    for row in FINE {
        let set = compile(row);
        let members: Vec<&Constraint> = set.iter().collect();
        let text = witness(&members, &mut stream(1, 1)).unwrap_or_else(|e| panic!("{row:?}: {e}"));
        assert!(accepts(&members, &text));
    }
}
