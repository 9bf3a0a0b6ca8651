//! The router's precision table: texts that have to route, and traps that have to stay soft.

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Table {
    route: Vec<Routable>,
    keep: Vec<Keep>,
}

#[derive(Deserialize)]
struct Routable {
    text: String,
    id: String,
    args: Map<String, Value>,
}

#[derive(Deserialize)]
struct Keep {
    texts: Vec<String>,
}

/// Right, wrong and missed over one table.
#[derive(Default)]
struct Score {
    texts: usize,
    right: usize,
    wrong: usize,
    missed: usize,
}

fn score(source: &str) -> Score {
    let table: Table = toml::from_str(source).unwrap();
    let mut score = Score::default();
    for row in &table.route {
        score.texts += 1;
        match route(&row.text) {
            Some(found) if found.id == row.id && found.args == row.args => score.right += 1,
            Some(found) => {
                score.wrong += 1;
                println!("WRONG  {}\n       {} {:?}", row.text, found.id, found.args);
            }
            None => {
                score.missed += 1;
                println!("MISSED {}", row.text);
            }
        }
    }
    for text in table.keep.iter().flat_map(|keep| &keep.texts) {
        score.texts += 1;
        if let Some(found) = route(text) {
            score.wrong += 1;
            println!("TRAP   {text}\n       {} {:?}", found.id, found.args);
        }
    }
    if table.route.is_empty() {
        println!("{} traps, {} routed", score.texts, score.wrong);
        return score;
    }
    let precision = score.right as f64 / (score.right + score.wrong) as f64;
    let recall = score.right as f64 / table.route.len() as f64;
    println!(
        "{} texts, {} to route: precision {precision:.3}, recall {recall:.3}",
        score.texts,
        table.route.len()
    );
    score
}

#[test]
fn the_first_table_is_read_without_error() {
    let score = score(include_str!("table.toml"));
    assert_eq!(score.wrong, 0);
    assert!(score.right * 100 >= (score.right + score.missed) * 95);
}

#[test]
fn the_second_table_is_read_without_error() {
    let score = score(include_str!("table_second.toml"));
    assert_eq!(score.wrong, 0);
    assert!(score.right * 100 >= (score.right + score.missed) * 95);
}

#[test]
fn the_traps_of_the_third_table_stay_soft() {
    assert_eq!(score(include_str!("table_third.toml")).wrong, 0);
}

#[test]
fn the_span_leaves_the_lead_out() {
    let text = "  Please make sure that you use at most 5 sentences. ";
    let found = route(text).unwrap();
    assert_eq!(&text[found.span], "use at most 5 sentences");
}

#[test]
fn strange_input_gives_none() {
    for text in
        ["", "   ", "...", "\"", "'", "*", "<<", "at most", "no more than", "“”", "100", "é"]
    {
        assert_eq!(route(text), None, "{text:?}");
    }
    assert_eq!(route(&"at most ".repeat(1_000)), None);
    assert_eq!(route("Use at most 99999999999999999999999 words."), None);
    assert_eq!(route("Use at most 2000000000 words."), None);
    assert_eq!(route("Use fewer than 0 words."), None);
    assert_eq!(route("Use between 9 and 3 words."), None);
}

/// The soft types' own texts: what routes, and that a rule is never seen where judgement is asked.
#[test]
fn draws_of_the_soft_types_route_only_where_a_rule_decides() {
    use rand::SeedableRng;
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    let mut routed: Vec<String> = Vec::new();
    let mut families: std::collections::BTreeMap<String, usize> = Default::default();
    for _ in 0..200 {
        for kind in crate::soft::all() {
            let drawn = crate::soft::draw(kind, &mut rng);
            if let Some(found) = route(&drawn.text) {
                *families.entry(kind.id.clone()).or_default() += 1;
                let args = Value::Object(found.args);
                routed.push(format!("{} -> {} {args}", drawn.text, found.id));
            }
        }
    }
    println!("{} of 5000 draws route: {families:?}", routed.len());
    for line in routed.iter().step_by((routed.len() / 60).max(1)) {
        println!("  {line}");
    }
    let expected = [
        "soft:document_count",
        "soft:fundamental_format",
        "soft:inverse",
        "soft:lexical_content",
        "soft:paragraph_count",
        "soft:sentence_count",
        "soft:word_count",
    ];
    assert!(families.keys().all(|id| expected.contains(&id.as_str())), "{families:?}");
    assert!(routed.len() > 100);
}

/// The folder of golden data, or nothing (said loudly) where it is not there.
fn data() -> Option<std::path::PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    let root = std::env::var_os("HEEDFUL_DATA").map_or(default.into(), std::path::PathBuf::from);
    if root.is_dir() {
        return Some(root);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is missing", root.display());
    println!("SKIPPED: {} is missing", root.display());
    None
}

/// Sentences of IFEval's prompts: what routes to one of its rules has to be a rule of that row,
/// with the same arguments.
#[test]
fn sentences_of_ifeval_route_to_their_own_rules() {
    #[derive(Deserialize)]
    struct Row {
        prompt: String,
        instruction_id_list: Vec<String>,
        kwargs: Vec<Map<String, Value>>,
    }
    let Some(root) = data() else { return };
    let lines = std::fs::read_to_string(root.join("ifeval/input_data.jsonl")).unwrap();
    let (mut same, mut close, mut ours, mut wrong) = (0, 0, 0, 0);
    for row in lines.lines().map(|line| serde_json::from_str::<Row>(line).unwrap()) {
        for sentence in row.prompt.split('\n').flat_map(|line| line.split_inclusive(". ")) {
            let Some(found) = route(sentence) else { continue };
            let rules = row.instruction_id_list.iter().zip(&row.kwargs);
            let own: Vec<_> = rules.filter(|(id, _)| *id == found.id).collect();
            let lower = |args: &Map<String, Value>| {
                let mut args = args.clone();
                args.retain(|_, value| !value.is_null());
                Value::Object(args).to_string().to_lowercase()
            };
            if own.iter().any(|(_, args)| lower(args) == lower(&found.args)) {
                same += 1;
                continue;
            }
            let args = Value::Object(found.args.clone());
            println!(
                "  {} | {} {args} | {:?} {own:?}",
                sentence.trim(),
                found.id,
                row.instruction_id_list
            );
            match (own.is_empty(), found.id.starts_with("count:")) {
                (false, _) => close += 1,
                (_, true) => ours += 1,
                _ => wrong += 1,
            }
        }
    }
    assert!(same >= 180 && (same + close + ours) * 100 >= (same + close + ours + wrong) * 96);
    println!("same {same}, same rule with other arguments {close}, ours {ours}, other {wrong}");
}

proptest::proptest! {
    /// Any text gives an answer, and a span on character boundaries.
    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,80}") {
        if let Some(found) = route(&text) {
            proptest::prop_assert!(text.get(found.span).is_some());
        }
    }

    /// Pieces of constraint language in any order.
    #[test]
    fn shuffled_language_is_read_without_panic(
        picks in proptest::collection::vec(0..PIECES.len(), 0..9)
    ) {
        let text = picks.iter().map(|at| PIECES[*at]).collect::<Vec<_>>().join(" ");
        if let Some(found) = route(&text) {
            proptest::prop_assert!(text.get(found.span).is_some());
        }
    }
}

const PIECES: [&str; 40] = [
    "please",
    "use",
    "the word",
    "\"x\"",
    "\u{201c}é\u{201d}",
    "'a b'",
    "no more than",
    "at least",
    "between",
    "and",
    "or",
    "100",
    "1,200",
    "1.5",
    "a hundred",
    "twenty-five",
    "words",
    "sentences",
    "bullet points",
    "commas",
    "the response",
    "must",
    "not",
    "may",
    "***",
    "*a*",
    "<<t>>",
    "[n]",
    "in",
    "json",
    "french",
    "all",
    "lowercase",
    "P.S.",
    "with",
    "-",
    "the letter q",
    "twice",
    "end",
    "the length of",
];
