//! Scores written and read back.

use heedful_datasets::manifest::Revision;
use serde_json::json;

use super::*;
use crate::exchange::{self, Config, Layout, Rescored};
use crate::metrics::compute;
use crate::score::Setting;
use crate::scores::{self, Origin};
use crate::thinking::Policy;
use crate::verifiable::{self, PLAN};

/// Scores of five items in `folder`: one followed, one loosely, one not, one behind its reasoning,
/// one never answered; two of them have the same key.
fn scored(folder: &Path) -> Scores {
    let item = |key: Value, n: usize| {
        json!({"key": key, "prompt": format!("p{n} – “x”"),
               "instruction_id_list": ["punctuation:no_comma", "startend:quotation"],
               "kwargs": [{}, {}]})
    };
    let keys = [json!(1), json!("b/c"), json!(1), json!("007"), json!(5)];
    let items: Vec<Value> = keys.into_iter().zip(0..).map(|(key, n)| item(key, n)).collect();
    let texts = ["\"a b\"", "**\"a\"**", "a, b", "<think>one, two</think>\n\"a\u{7}\""];
    let answer = |(n, text)| json!({"prompt": format!("p{n} – “x”"), "response": text});
    let answers: Vec<Value> = (0..).zip(texts).map(answer).collect();
    let lines = |rows: &[Value]| rows.iter().map(|row| format!("{row}\n")).collect::<String>();
    let (prompts, responses) = (folder.join("p.jsonl"), folder.join("r.jsonl"));
    std::fs::write(&prompts, lines(&items)).unwrap();
    std::fs::write(&responses, lines(&answers)).unwrap();
    let setting = Setting { profile: Profile::Official, thinking: Policy::Auto, prefilled: false };
    let evaluation = verifiable::run(&prompts, &responses, &setting).unwrap();
    let metrics = compute(&evaluation.items, setting.profile, PLAN);
    let origin = Origin {
        benchmark: "ifeval",
        name: "run",
        prompts: &prompts,
        responses: &responses,
        setting: &setting,
        read_as: None,
        generation: None,
    };
    let out = folder.join("out");
    let made = scores::write(&out, &origin, &evaluation, &metrics, Revision::default()).unwrap();
    scores::read(&made.path).unwrap()
}

fn rescored(path: &Path) -> (Layout, Rescored) {
    let setting = Setting { profile: Profile::Official, thinking: Policy::None, prefilled: false };
    let answers = exchange::read(path, None).unwrap();
    let config = Config { path, prompts: None, setting: &setting, sample: None };
    (answers.layout, exchange::rescore(&answers, &config).unwrap())
}

/// Verdicts in the order of the items.
fn verdicts(items: &[Judged]) -> Vec<Vec<[bool; 2]>> {
    let both = |outcome: &Outcome| [outcome.official.strict, outcome.official.loose];
    items.iter().map(|item| item.outcomes.iter().map(both).collect()).collect()
}

#[test]
fn scores_come_back_with_the_verdicts_that_they_had() {
    let folder = tempfile::tempdir().unwrap();
    let scores = scored(folder.path());
    let expected = verdicts(&scores.items);
    assert_eq!(expected[0], [[true; 2], [true; 2]]);
    assert_eq!(expected[1], [[true; 2], [false, true]]);
    assert_eq!(expected[2], [[false; 2], [false; 2]]);
    assert_eq!(expected[3], [[true; 2], [true; 2]]);
    assert_eq!(expected[4], [[false; 2], [false; 2]]);
    for (to, layout, file) in [
        (Target::LmEval, Layout::LmEval, "run/samples_ifeval_1970-01-01T00-00-00.000000.jsonl"),
        (Target::Inspect, Layout::Inspect, "run.eval"),
    ] {
        let out = folder.path().join(format!("{to:?}"));
        let files = export(&scores, to, &out).unwrap();
        assert_eq!(files.last(), Some(&out.join(file)));
        let (read, again) = rescored(&out.join(file));
        assert_eq!(read, layout);
        assert_eq!(verdicts(&again.evaluation.items), expected, "{to:?}");
        let agreement = again.agreement.unwrap();
        assert_eq!(agreement.differing, 0, "{to:?}: {:?}", agreement.disagreements);
        assert_eq!(agreement.tallies["inst_strict"].compared, 10);
        assert!(export(&scores, to, &out).unwrap_err().to_string().contains("exists already"));
        // The same scores, the same bytes.
        let twin = folder.path().join(format!("{to:?} again"));
        for (one, other) in files.iter().zip(export(&scores, to, &twin).unwrap()) {
            assert_eq!(std::fs::read(one).unwrap(), std::fs::read(other).unwrap());
        }
    }
}

#[test]
fn results_hold_the_means_of_the_samples() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("lm");
    let files = export(&scored(folder.path()), Target::LmEval, &out).unwrap();
    let results: Value = serde_json::from_slice(&std::fs::read(&files[0]).unwrap()).unwrap();
    let of = |name: &str| results["results"]["ifeval"][name].clone();
    assert_eq!(of("prompt_level_strict_acc,remove-reasoning"), json!(0.4));
    assert_eq!(of("prompt_level_loose_acc,remove-reasoning"), json!(0.6));
    assert_eq!(of("inst_level_strict_acc,remove-reasoning"), json!(0.5));
    assert_eq!(of("inst_level_strict_acc_stderr,remove-reasoning"), json!("N/A"));
    // The deviation of [1, 0, 0, 1, 0] is √0.3.
    let error = of("prompt_level_strict_acc_stderr,remove-reasoning").as_f64().unwrap();
    assert!((error - (0.3f64 / 5.0).sqrt()).abs() < 1e-12, "{error}");
}

#[test]
fn keys_stay_numbers_only_where_they_are_written_so() {
    assert_eq!(key("12"), json!(12));
    assert_eq!(key("-3"), json!(-3));
    for text in ["007", "+1", "1.0", "", "99999999999999999999"] {
        assert_eq!(key(text), json!(text));
    }
    assert!("lm".parse::<Target>().unwrap_err().contains("`lm-eval`"));
}
