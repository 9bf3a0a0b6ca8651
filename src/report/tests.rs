use std::path::Path;

use heedful_benchmarks::score::Setting;
use heedful_benchmarks::thinking::Policy;
use heedful_constraints::Profile;
use heedful_datasets::manifest::Revision;

use super::*;
use crate::evaluate;

/// 60 prompts of one or two instructions; a run breaks those for which `breaks` says so.
fn scored(folder: &Path, name: &str, profile: Profile, breaks: impl Fn(usize) -> bool) -> PathBuf {
    let (prompts, responses) = (folder.join("p.jsonl"), folder.join(format!("{name}.jsonl")));
    let item = |at: usize| {
        let second = r#","detectable_format:title""#;
        let (more, kwargs) = if at.is_multiple_of(2) { (second, "{},{}") } else { ("", "{}") };
        format!(
            "{{\"key\":{at},\"prompt\":\"<p> & {at}\",\"instruction_id_list\":\
             [\"punctuation:no_comma\"{more}],\"kwargs\":[{kwargs}]}}\n"
        )
    };
    let response = |at: usize| {
        let text = if breaks(at) { "a, <script>alert(1)</script>" } else { "<<t>> a" };
        format!("{{\"key\":{at},\"response\":\"{text}\",\"finish_reason\":\"stop\"}}\n")
    };
    std::fs::write(&prompts, (0..60).map(item).collect::<String>()).unwrap();
    std::fs::write(&responses, (0..60).map(response).collect::<String>()).unwrap();
    let config = evaluate::Config {
        benchmark: &heedful_benchmarks::ifeval::ABOUT,
        prompts,
        responses,
        setting: Setting { profile, thinking: Policy::None, prefilled: false },
        out: Some(folder.join("scores")),
        name: None,
        revision: Revision::default(),
    };
    evaluate::verifiable(&config).unwrap().path.unwrap()
}

fn compare(runs: Vec<PathBuf>, guard: Vec<Metric>) -> Report {
    run(&Config { runs, guard, plan: Plan { resamples: 1000, seed: 1 } }).unwrap()
}

#[test]
fn a_fall_is_found_and_a_rise_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let good = scored(folder.path(), "good", Profile::Official, |at| at % 10 == 0);
    let bad = scored(folder.path(), "bad", Profile::Official, |at| at % 3 == 0);
    let report = compare(vec![good.clone(), bad.clone()], vec![Metric::PromptStrict]);
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
    let line = &report.headline[0];
    assert_eq!((line.rates[0].correct, line.rates[1].correct), (54, 40));
    let delta = &line.deltas[0];
    // 20 break in B, 6 in A, 2 in both.
    assert_eq!((delta.won, delta.lost, delta.prompts), (4, 18, 60));
    assert!((delta.difference + 14.0 / 60.0).abs() < 1e-12);
    assert!(delta.low < delta.difference && delta.difference < delta.high && delta.high < 0.0);
    assert!((delta.p - 0.004344).abs() < 1e-4, "{}", delta.p);
    assert!(delta.p <= delta.p_holm);
    assert!(report.verdicts[0].starts_with("B falls behind A on prompt_strict"));
    assert_eq!(report.flips.len(), 22);
    assert_eq!(report.flips.iter().filter(|flip| flip.kind == "won").count(), 4);
    assert_eq!(compare(vec![bad, good], vec![Metric::PromptStrict]).findings.len(), 0);
}

#[test]
fn nothing_differs_from_itself() {
    let folder = tempfile::tempdir().unwrap();
    let one = scored(folder.path(), "one", Profile::Official, |at| at % 4 == 0);
    let report = compare(vec![one.clone(), one.clone()], Metric::ALL.to_vec());
    assert!(report.findings.is_empty() && report.flips.is_empty());
    assert!(report.differences.is_empty(), "{:?}", report.differences);
    assert!(report.headline.iter().all(|line| line.deltas[0].p == 1.0));
    let alone = compare(vec![one], Metric::ALL.to_vec());
    assert!(alone.verdicts.is_empty() && alone.findings.is_empty());
    assert!(alone.html().unwrap().contains("prompt_strict"));
}

#[test]
fn pages_hold_escaped_text_and_need_no_network() {
    let folder = tempfile::tempdir().unwrap();
    let a = scored(folder.path(), "a", Profile::Official, |at| at % 10 == 0);
    let b = scored(folder.path(), "b", Profile::Corrected, |at| at % 7 == 0);
    let c = scored(folder.path(), "c", Profile::Official, |at| at % 5 == 0);
    let report = compare(vec![a, b, c], Vec::new());
    assert!(report.differences[0].starts_with("the profile differs: A has official"));
    let page = report.html().unwrap();
    assert!(page.contains("class=\"banner\""));
    assert!(!page.contains("<script>alert") && page.contains("alert(1)"));
    assert!(page.contains("id=\"item-7\"") && page.contains("href=\"#item-7\""));
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    let markdown = report.markdown();
    assert!(markdown.contains("| prompt_strict |") && markdown.contains("**Not comparable:**"));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["headline"][0]["metric"], "prompt_strict");
    assert_eq!(json["headline"][0]["deltas"].as_array().unwrap().len(), 2);
    assert_eq!(report.html().unwrap(), page);
}
