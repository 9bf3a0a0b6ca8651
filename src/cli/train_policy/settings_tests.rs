//! Presets: what they say, what wins over them, and what they may not say.

use heedful_kernels::advantage::{Baseline, Scale};

use super::*;

fn policy(settings: Settings) -> Policy {
    settings.apply(Policy::new("m".into(), vec!["d".into()], "o".into()))
}

fn preset(name: &str) -> Settings {
    Settings::read(Path::new(name)).unwrap()
}

#[test]
fn saying_nothing_changes_nothing() {
    let plain = Policy::new("m".into(), vec!["d".into()], "o".into());
    assert_eq!(policy(Settings::default()), plain);
}

#[test]
fn the_paper_is_what_is_published() {
    let clip = surrogate::Settings { low: 0.2, high: 0.2, penalty: 0.01 };
    let expected = Policy {
        steps: 260,
        prompts: 384,
        group: 5,
        updates: 4,
        rate: 1e-6,
        weight_decay: 1e-2,
        clip: 1.0,
        objective: Objective {
            ratio: Ratio::Token,
            average: Average::Sequences,
            clip,
            entropy: 0.0,
        },
        baseline: Baseline::Mean,
        scale: Scale::Deviation(1e-6),
        aggregate: Aggregate::Mean,
        credit: Credit::Probability,
        curriculum: Curriculum::Mixed,
        temperature: 1.0,
        thinking: (thinking::Policy::Auto, false),
        ..Policy::new("m".into(), vec!["d".into()], "o".into())
    };
    assert_eq!(policy(preset("paper")), expected);
    assert_eq!(expected.prompts / expected.updates, 96);
}

#[test]
fn ours_differs_where_it_says_so() {
    let ours = policy(preset("default"));
    assert_eq!((ours.tries, ours.credit), (3, Credit::Graded));
    assert_eq!((ours.scale, ours.objective.average), (Scale::Floor(0.1), Average::Tokens));
    assert_eq!((ours.objective.clip.high, ours.gates.intent), (0.28, Some(0.0)));
}

#[test]
fn a_flag_wins_over_the_preset() {
    let flags = Settings {
        recompute: Some(true),
        share_prompts: Some(true),
        group: Some(16),
        kl: Some(0.0),
        std_floor: Some(0.25),
        length_gate: Some("0.5-4".parse().unwrap()),
        ..Settings::default()
    };
    let ours = policy(flags.over(preset("default")).unwrap());
    assert_eq!((ours.group, ours.prompts, ours.scale), (16, 32, Scale::Floor(0.25)));
    assert_eq!((ours.keep, ours.share), (Keep::Inputs, Some(true)));
    assert_eq!((ours.gates.length, ours.objective.clip.low), (Some((0.5, 4.0)), 0.2));
    assert_eq!(policy(flags.over(preset("paper")).unwrap()).objective.clip.penalty, 0.0);
}

#[test]
fn a_gate_is_a_share_or_off() {
    let intent = |text: &str| {
        let settings: Settings = toml::from_str(text).unwrap();
        policy(settings.over(preset("default")).unwrap()).gates.intent
    };
    assert_eq!(intent("intent-gate = 0.25"), Some(0.25));
    assert_eq!(intent("intent-gate = 'off'"), None);
    assert_eq!(intent(""), Some(0.0));
    assert!(toml::from_str::<Settings>("intent-gate = 'none'").is_err());
}

#[test]
fn every_key_of_a_file_is_known_and_good() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        Settings::read(&path)
    };
    let staged = "curriculum = \"staged\"\ngate = 0.5\nstage-steps = 9\nhindsight = 0.25\n";
    let staged = policy(read(staged).unwrap());
    let expected = Curriculum::Staged { gate: 0.5, window: 0, most: 9 };
    assert_eq!((staged.curriculum, staged.hindsight), (expected, 0.25));
    for (text, named) in [
        ("steps = 3\nsteeps = 4\n", "line 2: unknown field `steeps`"),
        ("max_tokens = 4\n", "`max_tokens`"),
        ("loss = \"ppo\"\n", "`ppo`"),
        ("band = \"0.8-0.2\"\n", "ranges go up"),
        ("profile = \"mine\"\n", "`mine`"),
        ("group = \"many\"\n", "line 1"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(named) && error.contains("mine.toml"), "{error}");
    }
    let error = Settings::read(Path::new("nowhere.toml")).unwrap_err().to_string();
    assert!(error.contains("nowhere.toml"), "{error}");
}
