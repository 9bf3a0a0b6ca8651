use std::path::{Path, PathBuf};

use heedful_benchmarks::score::Setting;
use heedful_benchmarks::sheet::{self, Group, Mark, Metric, Origin, Row, Sheet};
use heedful_benchmarks::statistics::bootstrap::Cluster;
use heedful_benchmarks::thinking::Policy;
use heedful_constraints::Profile;
use heedful_datasets::manifest::Revision;
use serde_json::{Map, Value, json};

use super::*;
use crate::evaluate;

const HOSTILE: &str = "</script><script>alert(1)</script><!--";

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
        let text = if breaks(at) { "a, </script><script>alert(1)</script>" } else { "<<t>> a" };
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

/// An artifact of a made-up benchmark: 20 groups of two levels, each with a share of two
/// constraints; `shares` tells how many of them a row meets.
fn made(
    folder: &Path,
    name: &str,
    config: Value,
    shares: impl Fn(usize, usize) -> usize,
) -> PathBuf {
    let metric = |name: &str, best| Metric { name: name.to_owned(), best };
    let row = |at: usize| {
        let (group, level) = (at / 2, at % 2 + 1);
        let met = shares(group, level);
        let mark = |which: usize| Mark {
            about: format!("constraint {which} {HOSTILE}"),
            met: Some(which < met),
            reason: format!("{which} of {met}"),
            groups: vec![Group::new("type", ["style", "content"][which])],
            ..Mark::default()
        };
        let first = f64::from(u8::from(level == 1));
        Row {
            key: format!("{group}/{level}"),
            cluster: format!("group {group}"),
            prompt: format!("write {HOSTILE} {at}"),
            response: Some(format!("answer {met} {HOSTILE}")),
            shares: vec![
                Cluster::of(i32::from(met == 2), 1),
                Cluster { gain: met as f64 / 2.0, size: 1.0 },
                Cluster { gain: first * met as f64, size: first },
            ],
            groups: vec![Group::new("level", level), Group::new("constraints", 2)],
            marks: (0..2).map(mark).collect(),
            ..Row::default()
        }
    };
    let metrics = vec![metric("hsr", 1.0), metric("ssr", 1.0), metric("csl", 2.0)];
    let sheet = Sheet { metrics, rows: (0..40).map(row).collect() };
    let origin = Origin {
        benchmark: "made",
        name,
        inputs: Vec::new(),
        config: config.as_object().cloned().unwrap_or_else(Map::new),
        seed: 0,
        counts: Map::new(),
    };
    sheet::write(&folder.join("scores"), &origin, &sheet, Revision::default()).unwrap().path
}

fn sources(paths: &[&PathBuf]) -> Vec<Source> {
    paths.iter().map(|path| Source::of(*path)).collect()
}

fn config(runs: &[&PathBuf]) -> Config {
    Config { plan: Plan { resamples: 1000, seed: 1 }, ..Config::of(sources(runs)) }
}

fn compare(runs: &[&PathBuf], guard: &[&str]) -> Report {
    let guard = guard.iter().map(|name| (*name).to_owned()).collect();
    run(&Config { guard, ..config(runs) }).unwrap()
}

#[test]
fn a_fall_is_found_and_a_rise_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let good = scored(folder.path(), "good", Profile::Official, |at| at % 10 == 0);
    let bad = scored(folder.path(), "bad", Profile::Official, |at| at % 3 == 0);
    let report = compare(&[&good, &bad], &["prompt_strict"]);
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
    assert!(report.findings[0].starts_with("ifeval.prompt_strict fell by 23.33 from A to B"));
    let line = &report.headline[0];
    let values: Vec<f64> = line.figures.iter().flatten().map(|f| f.value * f.size).collect();
    assert_eq!(values, [54.0, 40.0]);
    let delta = &line.deltas[0].unwrap();
    // 20 break in B, 6 in A, 2 in both.
    assert_eq!((delta.paired.won, delta.paired.lost, delta.paired.clusters), (4, 18, 60));
    assert!((delta.paired.difference + 14.0 / 60.0).abs() < 1e-12);
    let (low, high) = (delta.paired.low, delta.paired.high);
    assert!(low < delta.paired.difference && delta.paired.difference < high && high < 0.0);
    assert!((delta.paired.p - 0.004344).abs() < 1e-4, "{}", delta.paired.p);
    assert!(delta.paired.p < delta.p_holm);
    assert!(report.verdicts[0].starts_with("B falls behind A on ifeval.prompt_strict"));
    assert_eq!(report.flips.len(), 22);
    assert_eq!(report.flips.iter().filter(|flip| flip.kind == "won").count(), 4);
    assert!(report.flips[..18].iter().all(|flip| flip.kind == "lost" && flip.change == -1.0));
    assert!(compare(&[&bad, &good], &["ifeval.prompt_strict"]).findings.is_empty());
    // Both instructions of even prompts are broken, the one of odd ones: a family each.
    let family = report.constraints.iter().find(|table| table.dimension == "family").unwrap();
    let rates = |line: &Line| line.rates.iter().flatten().map(|r| r.correct).collect::<Vec<_>>();
    assert_eq!(family.lines.iter().map(rates).collect::<Vec<_>>(), [[24, 20], [54, 40]]);
}

#[test]
fn nothing_differs_from_itself() {
    let folder = tempfile::tempdir().unwrap();
    let one = scored(folder.path(), "one", Profile::Official, |at| at % 4 == 0);
    let runs = vec![Source::of(&one), Source::named("again", &one)];
    let guard = vec!["prompt_strict".to_owned(), "inst_loose".to_owned()];
    let twice = Config { runs, guard: guard.clone(), ..config(&[]) };
    let report = run(&twice).unwrap();
    assert!(report.findings.is_empty() && report.flips.is_empty());
    assert!(report.differences.is_empty(), "{:?}", report.differences);
    assert!(report.headline.iter().all(|line| line.deltas[0].unwrap().paired.p == 1.0));
    let alone = run(&config(&[&one])).unwrap();
    assert!(alone.verdicts.is_empty() && alone.findings.is_empty());
    assert!(alone.html().unwrap().contains("prompt_strict"));
    let error = run(&Config { guard, ..config(&[&one]) }).unwrap_err().to_string();
    assert!(error.contains("only one run"), "{error}");
    let error = run(&config(&[&one, &one])).unwrap_err().to_string();
    assert!(error.contains("two results of ifeval for the run `one`"), "{error}");
    assert_eq!(error.matches(&one.display().to_string()).count(), 2, "{error}");
}

#[test]
fn pages_hold_escaped_text_and_need_no_network() {
    let folder = tempfile::tempdir().unwrap();
    let a = scored(folder.path(), "a", Profile::Official, |at| at % 10 == 0);
    let b = scored(folder.path(), "b", Profile::Corrected, |at| at % 7 == 0);
    let c = scored(folder.path(), "c", Profile::Official, |at| at % 5 == 0);
    let judged = json!({"judge": HOSTILE, "template": "t"});
    let more = [("a", 2), ("b", 1)].map(|(name, most)| {
        let met = |group: usize, level| if group.is_multiple_of(3) { most } else { 3 - level };
        made(folder.path(), name, judged.clone(), met)
    });
    let mut all = config(&[&a, &b, &c, &more[0], &more[1]]);
    all.command = format!("heedful report {HOSTILE}");
    let report = run(&all).unwrap();
    assert!(report.differences[0].starts_with("ifeval: the profile differs: A has official"));
    assert_eq!(report.differences[1], "made: C was not measured");
    let page = report.html().unwrap();
    assert!(page.contains("class=\"banner\""));
    // Each of ours, the template's, and not one more.
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(!page.contains("<!--") && page.contains("alert(1)"));
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    // Three of scores by rules can be had as other tools keep them.
    for to in ["lm-eval", "inspect"] {
        assert_eq!(page.matches(&format!(" --to {to} --out ")).count(), 3, "{to}");
    }
    let start = page.find("id=\"data\">").unwrap() + 10;
    let data = &page[start..start + page[start..].find("</script>").unwrap()];
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["flips"].as_array().unwrap().len(), report.flips.len());
    let texts = data["texts"].as_array().unwrap();
    assert!(texts.iter().any(|text| text.as_str().unwrap().contains(HOSTILE)));
    let markdown = report.markdown();
    assert!(markdown.contains("| prompt_strict |") && markdown.contains("**Not comparable:**"));
    assert!(!markdown.contains("<script"));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["headline"][0]["metric"], "prompt_strict");
    assert_eq!(json["headline"][0]["deltas"].as_array().unwrap().len(), 2);
    // The same bytes on one thread and on many.
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let alone = one.install(|| run(&all).unwrap());
    assert_eq!((alone.html().unwrap(), alone.markdown()), (page, markdown));
}

#[test]
fn benchmarks_of_any_kind_are_compared_by_cluster() {
    let folder = tempfile::tempdir().unwrap();
    // A meets 2 of level 1 and 1 of level 2; B loses one of level 1 in 5 of 20 groups.
    let a = made(folder.path(), "a", json!({}), |_, level| 3 - level);
    let b =
        made(folder.path(), "b", json!({}), |group, level| if group < 5 { 1 } else { 3 - level });
    let report = compare(&[&a, &b], &["csl"]);
    assert_eq!(
        report.headline.iter().map(|l| l.metric.as_str()).collect::<Vec<_>>(),
        ["hsr", "ssr", "csl"]
    );
    let [hsr, ssr, csl] = [0, 1, 2].map(|at| &report.headline[at]);
    let value =
        |line: &Headline| line.figures.iter().flatten().map(|f| f.value).collect::<Vec<_>>();
    assert_eq!((value(hsr), value(ssr)), (vec![0.5, 0.375], vec![0.75, 0.6875]));
    assert_eq!((value(csl), csl.best), (vec![2.0, 1.75], 2.0));
    let gap = csl.deltas[0].unwrap().paired;
    assert_eq!((gap.difference, gap.clusters, gap.won, gap.lost), (-0.25, 20, 0, 5));
    // d = −1 five times of 20: standard error √(3.75 / 19 / 20).
    assert!((gap.p - 0.011_849).abs() < 1e-5, "{}", gap.p);
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].split(" (").next(), Some("made.csl fell by 0.25 from A to B"));
    // `content` is the second constraint: met at level 1 alone, and in 15 groups alone by B.
    let types = &report.constraints[0];
    let content = types.lines.iter().find(|line| line.name == "content").unwrap();
    let rates: Vec<_> = content.rates.iter().flatten().map(|r| (r.correct, r.total)).collect();
    assert_eq!(rates, [(20, 40), (15, 40)]);
    assert_eq!(content.changes[1].unwrap().difference, -0.125);
    let level = report.parts.iter().find(|table| table.dimension == "level").unwrap();
    let first = level.parts[0].figures[0].iter().flatten().map(|f| f.value).collect::<Vec<_>>();
    assert_eq!((level.parts[0].name.as_str(), first), ("1", vec![1.0, 0.75]));
    assert!(level.parts[1].figures[2].iter().all(Option::is_none), "csl is of level 1");
    // Style always met, content half the time: ½ all met, and ½ if independent.
    let count = report.parts.iter().find(|table| table.dimension == "constraints").unwrap();
    let joint = count.parts[0].joint[1].unwrap();
    assert_eq!((joint.all, joint.independent, joint.items), (0.375, 0.375, 40));
    assert_eq!(report.flips.len(), 5);
    assert_eq!(report.flips[0].constraints[1].1, "content");
}

#[test]
fn what_cannot_be_told_from_the_best_is_tied() {
    let folder = tempfile::tempdir().unwrap();
    let met = |from: usize| move |group: usize, _| if group < from { 1 } else { 2 };
    let names = [("a", 12), ("b", 2), ("c", 3)];
    let runs = names.map(|(name, from)| made(folder.path(), name, json!({}), met(from)));
    let report = compare(&[&runs[0], &runs[1], &runs[2]], &[]);
    let line = &report.headline[0];
    assert_eq!((line.base, line.leader, &line.tied), (0, 1, &vec![1, 2]));
    assert!(line.behind[1].is_none() && line.behind[0].unwrap().high < 0.0);
    let told = "B, C are not distinguishable on made.hsr: B is highest";
    assert!(report.verdicts.iter().any(|v| v.starts_with(told)), "{:?}", report.verdicts);
    // C less B: one group of 20, d = −0.05, its interval reaches below −0.1 and not below −0.2.
    let within = |margin| {
        let runs = sources(&[&runs[1], &runs[2]]);
        let report = run(&Config { runs, margin: Some(margin), ..config(&[]) }).unwrap();
        report.headline[0].deltas[0].unwrap().not_inferior
    };
    assert_eq!((within(0.02), within(0.2)), (Some(false), Some(true)));
    let error = run(&Config { margin: Some(2.0), ..config(&[&runs[0]]) }).unwrap_err();
    assert!(error.to_string().contains("--margin 2"), "{error}");
}

#[test]
fn conditions_stop_a_pipeline() {
    let folder = tempfile::tempdir().unwrap();
    let a = made(folder.path(), "a", json!({}), |_, _| 2);
    let b = made(folder.path(), "b", json!({}), |group, _| if group < 5 { 1 } else { 2 });
    let found = |text: &str| {
        let fail_if = vec![text.parse().map_err(|e: String| Error::Setting(e))?];
        run(&Config { fail_if, ..config(&[&a, &b]) }).map(|report| report.findings.len())
    };
    for (text, count) in [
        ("made.hsr.value < 0.8", 1),
        ("made.hsr.value<0.75", 0),
        ("made.hsr.value <= 0.75", 1),
        ("made.hsr.delta < -0.2", 1),
        ("made.hsr.delta_ci_low < -0.01", 1),
        ("made.hsr.delta_ci_high >= 0", 0),
        ("made.hsr.p < 0.05", 1),
        ("made.hsr.p_holm > 1e-9", 1),
        ("made.csl.low > 5", 0),
        ("made.csl.high > 1", 1),
    ] {
        assert_eq!(found(text).unwrap(), count, "{text}");
    }
    for (text, words) in [
        ("made.hsr.delta", "no `<`"),
        ("made.hsr.delta < x", "`x` is no number"),
        ("made.hsr.delta < NaN", "no number to compare"),
        ("made.hsr.gap < 0", "unknown field `gap`"),
        ("hsr.delta < 0", "names no benchmark"),
        ("made.hsr.delta == 0", "no `<`"),
        ("other.hsr.delta < 0", "there is made.hsr, made.ssr, made.csl"),
    ] {
        let error = found(text).unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
    }
    let fail_if = vec!["made.hsr.delta < 0".parse().unwrap()];
    let error = run(&Config { fail_if, ..config(&[&a]) }).unwrap_err().to_string();
    assert!(error.contains("no run has this figure"), "{error}");
}

#[test]
fn checkpoints_become_a_curve() {
    use super::curves::step_of;

    for (name, expected) in [
        ("sft-step-000200", Some(("sft", 200))),
        ("checkpoint-5", Some(("", 5))),
        ("out/grpo/global_step_40", Some(("out/grpo", 40))),
        ("step-by-step", None),
        ("base", None),
    ] {
        assert_eq!(step_of(name), expected.map(|(name, step)| (name.to_owned(), step)), "{name}");
    }
    let folder = tempfile::tempdir().unwrap();
    let names = ["rl-step-20", "rl-step-0", "rl-step-100"];
    let runs: Vec<PathBuf> = names
        .iter()
        .zip([10, 18, 4])
        .map(|(name, from)| {
            made(folder.path(), name, json!({}), move |group, _| 1 + usize::from(group >= from))
        })
        .collect();
    let log = folder.path().join("metrics.jsonl");
    std::fs::write(&log, "{\"step\":1,\"reward\":0.2}\n{\"step\":2,\"loss\":1}\n").unwrap();
    let metrics = vec![Source::named("rl", folder.path())];
    let report = run(&Config { metrics, ..config(&[&runs[0], &runs[1], &runs[2]]) }).unwrap();
    let curve = &report.curves[0];
    let points: Vec<_> = curve.series[0].points.iter().map(|p| (p.step, p.value)).collect();
    assert_eq!(points, [(0, 0.1), (20, 0.5), (100, 0.8)]);
    assert_eq!((curve.series[0].name.as_str(), report.rewards[0].points.len()), ("rl", 1));
    assert!(report.html().unwrap().contains("made.hsr over steps"));
    std::fs::write(&log, "{}\n").unwrap();
    let bad = Config { metrics: vec![Source::of(&log)], ..config(&[&runs[0]]) };
    let error = run(&bad).unwrap_err().to_string();
    assert!(error.contains("no line has `step` and `reward`"), "{error}");
}

#[test]
fn settings_that_differ_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let of = |model: &str, temperature: f64, judge: &str| {
        let sampling = json!({"model": model, "temperature": temperature});
        let generation = json!({"sampling": sampling, "seed": 1, "policy": model});
        json!({"judge": judge, "dataset": "d", "generation": generation})
    };
    let a = made(folder.path(), "a", of("x", 0.0, "j"), |_, _| 1);
    let b = made(folder.path(), "b", of("y", 0.7, "j"), |_, _| 2);
    let report = compare(&[&a, &b], &[]);
    let told = "made: the generation's temperature differs: A has 0.0, B has 0.7";
    assert_eq!(report.differences, [told]);
    let facts = report.benchmarks[0].runs[0].as_ref().unwrap();
    assert_eq!(facts.settings["generation.model"], "x");
    assert_eq!((facts.items, facts.clusters, facts.missing), (40, 20, 0));
}
