//! The laws that every rule keeps, run over the whole registry.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::args::{Args, Reader};
use crate::constraint::Constraint;
use crate::draw::{Draw, stream};
use crate::profile::Profile;
use crate::registry;
use crate::rule::Rule;
use crate::text::Text;

const PROFILES: [Profile; 2] = [Profile::Official, Profile::Corrected];
const SAMPLES: u64 = 200;
const REQUEST: &str = "Describe the town where you grew up.";

fn parse(args: &str) -> Args {
    let value: Value = serde_json::from_str(args).expect("arguments are JSON");
    value.as_object().expect("arguments are an object").clone()
}

fn verdict(rule: &Rule, args: &str, profile: Profile, response: &str) -> bool {
    let constraint = Constraint::compile(rule.id, parse(args), profile);
    let constraint = constraint.unwrap_or_else(|error| panic!("{}: {args}: {error}", rule.id));
    let verdict = constraint.check(&Text::new(response));
    assert!((0.0..=1.0).contains(&verdict.degree), "{}: degree {}", rule.id, verdict.degree);
    assert_eq!(verdict.satisfied, verdict.degree == 1.0, "{}: {}", rule.id, verdict.reason);
    assert!(!verdict.reason.to_string().is_empty(), "{}: no reason", rule.id);
    verdict.satisfied
}

fn samples(rule: &Rule) -> impl Iterator<Item = Args> {
    (0..SAMPLES).map(|index| {
        let mut rng = stream(7, index);
        (rule.sample)(&mut Draw { rng: &mut rng, request: REQUEST })
    })
}

#[test]
fn ids_are_unique_and_spelled_group_name() {
    let ids: Vec<&str> = registry::rules().map(|rule| rule.id).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    for rule in registry::rules() {
        let (group, name) = rule.id.split_once(':').expect("group:name");
        assert!(!group.is_empty() && !name.is_empty() && !name.contains(':'), "{}", rule.id);
        assert!(rule.about.len() > 20 && !rule.about.contains("  "), "{}: about", rule.id);
    }
}

#[test]
fn schemas_are_valid_and_require_each_argument_they_name() {
    for rule in registry::rules() {
        let schema = registry::schema(rule);
        assert!(jsonschema::meta::is_valid(&schema), "{}: {schema}", rule.id);
        jsonschema::validator_for(&schema).unwrap_or_else(|e| panic!("{}: {e}", rule.id));
        let properties = schema["properties"].as_object().expect("properties");
        for key in schema["required"].as_array().into_iter().flatten() {
            let key = key.as_str().expect("a key");
            assert!(properties.contains_key(key), "{}: requires unknown {key}", rule.id);
        }
    }
}

#[test]
fn samples_compile_describe_and_demand() {
    for rule in registry::rules() {
        for args in samples(rule) {
            for profile in PROFILES {
                let constraint = Constraint::compile(rule.id, args.clone(), profile);
                let constraint =
                    constraint.unwrap_or_else(|e| panic!("{}: sample {args:?}: {e}", rule.id));
                let demands = constraint.demands();
                assert!(
                    demands.as_ref().is_ok_and(|demands| !demands.is_empty()),
                    "{}: {args:?}: {demands:?}",
                    rule.id
                );
            }
        }
    }
}

#[test]
fn every_paraphrase_is_filled_and_unlike_the_others() {
    for rule in registry::rules() {
        for args in samples(rule).take(20) {
            let reader = Reader::new(rule.id, &args);
            let texts = (rule.texts)(&reader).expect("paraphrases");
            assert!(texts.len() >= 4, "{}: {} paraphrases", rule.id, texts.len());
            let constraint = Constraint::compile(rule.id, args.clone(), Profile::Official);
            let constraint = constraint.expect("a sample compiles");
            let said: BTreeSet<String> = (0..texts.len())
                .map(|choice| constraint.describe(choice).expect("holes are filled"))
                .collect();
            assert_eq!(said.len(), texts.len(), "{}: two paraphrases are the same", rule.id);
            for text in said {
                let object = args.values().any(serde_json::Value::is_object);
                assert!(object || !text.contains(['{', '}']), "{}: {text}", rule.id);
                assert!(!text.contains("  "), "{}: {text}", rule.id);
            }
        }
    }
}

#[test]
fn samples_of_one_seed_are_the_same() {
    for rule in registry::rules() {
        assert!(samples(rule).eq(samples(rule)), "{}", rule.id);
    }
}

#[test]
fn examples_hold() {
    let mut wrong = Vec::new();
    for rule in registry::rules() {
        for wanted in [true, false] {
            let examples = rule.examples.iter().filter(|example| example.satisfied == wanted);
            assert!(examples.count() > 0, "{}: no example of {wanted}", rule.id);
        }
        for example in rule.examples {
            let found = verdict(rule, example.args, Profile::Corrected, example.response);
            if found != example.satisfied {
                wrong.push(format!("{}: {:?} gets {found}", rule.id, example.response));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn deviations_hold() {
    let mut wrong = Vec::new();
    for rule in registry::rules() {
        for deviation in rule.deviations {
            let found = PROFILES.map(|p| verdict(rule, deviation.args, p, deviation.response));
            if found != [deviation.official, !deviation.official] {
                wrong.push(format!(
                    "{}: {}: {:?} gets {found:?}",
                    rule.id, deviation.reason, deviation.response
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "official, corrected:\n{}", wrong.join("\n"));
}

#[test]
fn arguments_left_out_left_over_or_of_another_type_are_refused() {
    for rule in registry::rules() {
        let args = samples(rule).next().expect("a sample");
        let mut extra = args.clone();
        extra.insert("no_such_argument".to_owned(), json!(1));
        let error = refusal(rule, extra);
        assert!(error.contains("`no_such_argument`"), "{error}");
        let schema = registry::schema(rule);
        for key in schema["required"].as_array().into_iter().flatten() {
            let key = key.as_str().expect("a key");
            let mut short = args.clone();
            short.remove(key);
            let error = refusal(rule, short);
            assert!(error.contains(&format!("`{key}`: is missing")), "{error}");
            let mut wrong = args.clone();
            wrong.insert(key.to_owned(), json!({"of": "another type"}));
            let error = refusal(rule, wrong);
            assert!(error.contains(&format!("`{key}`")), "{error}");
        }
    }
}

fn refusal(rule: &Rule, args: Args) -> String {
    let told = format!("{args:?}");
    match Constraint::compile(rule.id, args, Profile::Official) {
        Ok(_) => panic!("{}: accepts {told}", rule.id),
        Err(error) => {
            let error = error.to_string();
            assert!(error.contains(rule.id), "{error} lacks the rule");
            error
        }
    }
}

/// Odd texts neither panic nor take long, whatever is asked of them.
#[test]
fn odd_texts_get_a_verdict() {
    let odd = [
        "\u{0}".to_owned(),
        "*".repeat(3000),
        "[".repeat(3000),
        "<<".repeat(1500) + ">>",
        "\r\n\u{2028}a\u{301}\n\n\n*\n-\n".repeat(50),
        "\"“”\"".repeat(200),
        "👩‍👩‍👧 ÅİıſΣ ".repeat(100),
        "P.S.\nP.P.S\n".repeat(300),
    ];
    for rule in registry::rules() {
        let args = samples(rule).next().expect("a sample");
        for profile in PROFILES {
            let constraint = Constraint::compile(rule.id, args.clone(), profile);
            let constraint = constraint.expect("a sample compiles");
            for text in &odd {
                let verdict = constraint.check(&Text::new(text));
                assert!((0.0..=1.0).contains(&verdict.degree), "{}", rule.id);
            }
        }
    }
}
