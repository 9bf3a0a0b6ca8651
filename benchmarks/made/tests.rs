use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use heedful_constraints::{Constraint, Text};
use heedful_datasets::manifest::Revision;
use heedful_datasets::{artifact, history};
use serde_json::{Value, json};

use super::*;
use crate::cfbench::Priority;
use crate::statistics::bootstrap::Plan;

const PLAN: Plan = Plan { resamples: 50, seed: 1 };

fn made_in(folder: &Path, text: &str) -> crate::Result<Made> {
    let recipe = parse_recipe(&format!("name = \"t\"\n{text}"), "t", folder)?;
    make(&recipe, folder, Revision::default(), &|_| {})
}

fn items_of(made: &Made) -> Vec<Item> {
    load(&made.artifact.path).expect("readable").list
}

/// Every file of a folder with its bytes, by name.
fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(bytes(&path));
        } else {
            found.insert(path.clone(), std::fs::read(&path).expect("readable"));
        }
    }
    found
}

#[test]
fn every_item_is_whole_and_its_witness_passes_the_right_branch() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = made_in(folder.path(), "items = 80").expect("made");
    let items = items_of(&made);
    assert_eq!(items.len(), 80);
    for composition in Composition::ALL {
        let of = items.iter().filter(|item| item.composition == composition);
        assert_eq!(of.count(), 20, "{composition:?}");
    }
    for item in &items {
        assert!(item.prompt.contains(&item.instruction), "{}", item.key);
        assert_eq!(item.drawn(), item.level);
        let decided = decide_rules(item, &item.witness).expect("compiles");
        for (question, decision) in item.questions.iter().zip(&decided) {
            assert_eq!(*decision, question.how.is_rule().then_some(true), "{question:?}");
        }
        assert!(decided.contains(&Some(true)));
        for (at, question) in item.questions.iter().enumerate() {
            assert!(question.dep.iter().all(|dep| *dep < at), "{} {at}", item.key);
            // Dependencies are told in full, for figures follow one level only.
            for dep in &question.dep {
                let theirs = &item.questions[*dep].dep;
                assert!(theirs.iter().all(|far| question.dep.contains(far)), "{} {at}", item.key);
            }
            if question.how.is_drawn() {
                let mark = question.text.trim_end_matches('.');
                assert!(item.prompt.contains(mark), "{}: {mark}", item.key);
            }
        }
        assert!(item.questions.iter().any(|question| question.priority == Priority::Primary));
        let (parts, conditions) = (parts(&item.witness).len(), item.conditions.len());
        let told = item.questions.iter().filter(|question| question.decoy.is_some()).count();
        assert_eq!((parts, told), (item.parts, conditions), "{}", item.key);
        let expected = match item.category.as_str() {
            "And" => (1, 0),
            "Chain_2" => (2, 0),
            "Chain_3" => (3, 0),
            "Selection_1" => (1, 1),
            "Nested_1" => (2, 1),
            "Nested_2" => (1, 2),
            other => panic!("{other}"),
        };
        assert_eq!((parts, conditions), expected, "{}", item.key);
    }
}

#[test]
fn no_response_satisfies_both_sides_of_a_choice() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "items = 150\n[compositions]\nselection = 1\nnested = 1";
    let items = items_of(&made_in(folder.path(), text).expect("made"));
    let (mut held, mut choices) = (0, 0u64);
    for item in &items {
        held += item.conditions.iter().filter(|(_, holds)| *holds).count();
        for question in &item.questions {
            let Some(decoy) = &question.decoy else { continue };
            choices += 1;
            assert_eq!(question.priority, Priority::Primary);
            assert!(item.prompt.contains(decoy.text.trim_end_matches('.')), "{}", item.key);
            let How::Rule { id, args } = &question.how else { panic!("{question:?}") };
            let compile = |id: &str, args: &heedful_constraints::args::Args| {
                Constraint::compile(id, args.clone(), item.profile).expect("good")
            };
            let (right, wrong) = (compile(id, args), compile(&decoy.id, &decoy.args));
            assert!(heedful_constraints::plan::conflict(&[&right, &wrong]).is_some());
            let all = parts(&item.witness);
            let text = question.part.map_or(item.witness.as_str(), |part| all[part - 1]);
            assert!(!wrong.check(&Text::new(text)).satisfied, "{}", item.key);
            // Nor do both together, one after the other.
            let mut rng = heedful_constraints::draw::stream(1, choices);
            let other = heedful_constraints::plan::witness(&[&wrong], &mut rng).expect("a text");
            for gap in ["\n", "\n\n", " "] {
                for both in [format!("{text}{gap}{other}"), format!("{other}{gap}{text}")] {
                    let kept = [&right, &wrong].map(|c| c.check(&Text::new(&both)).satisfied);
                    assert_ne!(kept, [true; 2], "{}: {id} {args:?} {decoy:?}\n{both}", item.key);
                }
            }
        }
    }
    let held = held as u64;
    assert!(choices >= 60 && held * 3 > choices && held * 3 < choices * 2, "{held} of {choices}");
}

#[test]
fn no_family_has_more_than_its_share_and_no_prompt_nearly_repeats_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = made_in(folder.path(), "items = 60\nmax_share = 0.02\nnear = 0.4").expect("made");
    let items = items_of(&made);
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    for id in items.iter().flat_map(|item| &item.questions).filter_map(|q| q.how.id()) {
        *used.entry(id).or_default() += 1;
    }
    let total: usize = used.values().sum();
    assert_eq!(total, items.iter().map(|item| item.level).sum::<usize>());
    let most = used.values().max().copied().unwrap_or_default();
    assert!(most as f64 <= 0.02 * total as f64, "{most} of {total}: {used:?}");
    let counts = &made.artifact.manifest.counts;
    assert_eq!(counts["families"].as_object().map(|map| map.len() > used.len()), Some(true));
    let mut near = near::Near::new(0.4);
    assert!(items.iter().all(|item| near.take(&item.prompt).is_ok()));
}

#[test]
fn what_cannot_be_balanced_or_told_apart_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = |text: &str| made_in(folder.path(), text).expect_err(text).to_string();
    let few =
        "items = 20\n[families]\ninclude = [\"count:words\"]\n[soft]\ninclude = [\"soft:rule\"]";
    let error = said(few);
    assert!(error.contains("1 rules and 1 soft types of at most 2 constraints"), "{error}");
    std::fs::write(folder.path().join("s.jsonl"), "{\"prompt\": \"Say hello to all.\"}\n").unwrap();
    let seeds = "[seeds]\nembedded = false\nfiles = [\"s.jsonl\"]";
    let error = said(&format!("items = 4\nnear = 0.001\n{seeds}"));
    assert!(error.contains("attempts gave none") && error.contains("near_duplicate"), "{error}");
    assert!(history::log(folder.path()).expect("readable").artifacts.is_empty());
}

#[test]
fn a_planted_copy_is_found_and_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = made_in(folder.path(), "items = 12").expect("made");
    let planted = items_of(&first).swap_remove(3);
    let rows = [
        json!({"prompt": "Nothing of this kind."}),
        json!({"messages": [{"role": "user", "content": planted.prompt.to_uppercase()}]}),
    ];
    let rows: String = rows.iter().map(|row| format!("{row}\n")).collect();
    std::fs::write(folder.path().join("train.jsonl"), rows).unwrap();
    let text = "items = 12\n[contamination]\nfiles = [\"train.jsonl\"]";
    let second = made_in(folder.path(), text).expect("made");
    assert_ne!(first.artifact.manifest.id, second.artifact.manifest.id);
    let counts = &second.artifact.manifest.counts;
    assert_eq!(counts["seeds_left_out"]["contaminated"], 1);
    let named = json!([{"seed": planted.seed_id, "found_in": "train.jsonl, line 2"}]);
    assert_eq!(counts["contaminated"], named);
    assert!(items_of(&second).iter().all(|item| item.seed_id != planted.seed_id));
    let folder_of_first = first.artifact.path.file_name().and_then(|name| name.to_str()).unwrap();
    let text = format!("items = 12\n[contamination]\nfiles = [\"{folder_of_first}\"]");
    let third = made_in(folder.path(), &text).expect("made");
    let first_id = &first.artifact.manifest.id;
    assert_eq!(third.artifact.manifest.parents, std::slice::from_ref(first_id));
    let taken: Vec<String> = items_of(&first).into_iter().map(|item| item.seed_id).collect();
    assert!(items_of(&third).iter().all(|item| !taken.contains(&item.seed_id)));
}

#[test]
fn bytes_are_the_same_on_one_thread_and_on_four() {
    let text = "items = 40\nseed = 7";
    let run = |threads| {
        let folder = tempfile::tempdir().expect("a folder");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let made = pool.install(|| made_in(folder.path(), text)).expect("made");
        let strip = |(path, bytes): (PathBuf, Vec<u8>)| {
            (path.strip_prefix(folder.path()).expect("inside").to_owned(), bytes)
        };
        bytes(&made.artifact.path).into_iter().map(strip).collect::<BTreeMap<_, _>>()
    };
    let one = run(1);
    assert!(one.len() > 10, "{:?}", one.keys());
    assert_eq!(one, run(4));
}

#[test]
fn an_artifact_is_found_again_checked_and_different_for_another_seed() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = made_in(folder.path(), "items = 8").expect("made");
    let again = made_in(folder.path(), "items = 8").expect("found");
    assert!(!first.found && again.found && first.artifact == again.artifact);
    assert_eq!(artifact::check(&first.artifact.path).expect("whole"), []);
    let other = made_in(folder.path(), "items = 8\nseed = 2").expect("made");
    let diff = history::diff(&first.artifact.path, &other.artifact.path).expect("comparable");
    let rows = diff.rows.expect("rows have ids");
    assert_eq!((rows.added, rows.removed, rows.unchanged), (8, 8, 0));
    let cards = bytes(&first.artifact.path.join("cards"));
    let cards: String = cards.into_values().map(|b| String::from_utf8(b).unwrap()).collect();
    let items = items_of(&first);
    assert!(items.iter().all(|item| cards.contains(&format!("## {}\n", item.key))));
    assert!(items.iter().all(|item| cards.contains(&item.prompt)));
}

#[test]
fn figures_are_those_of_both_benchmarks() {
    let folder = tempfile::tempdir().expect("a folder");
    let items = items_of(&made_in(folder.path(), "items = 16").expect("made"));
    let all = |value: Option<bool>| {
        let judged: Vec<_> = items.iter().map(|i| (i, vec![value; i.questions.len()])).collect();
        aggregate(&judged, PLAN).expect("fits")
    };
    let (good, bad, open) = (all(Some(true)), all(Some(false)), all(None));
    let three = |figures: &Figures| [figures.all.csr, figures.all.isr, figures.all.psr];
    assert_eq!(three(&good), [Some(1.0); 3]);
    assert_eq!((three(&bad), three(&open)), ([Some(0.0); 3], [Some(0.0); 3]));
    assert_eq!((good.drfr.rate, bad.drfr.rate, good.undecided), (1.0, 0.0, 0));
    let total: usize = items.iter().map(|item| item.questions.len()).sum();
    assert_eq!((open.undecided, good.drfr.total), (total as u64, total as u64));
    let names: Vec<&str> = good.drfr_by_composition.keys().map(String::as_str).collect();
    assert_eq!(names, ["And", "Chain", "Nested", "Selection"]);
    // The first question of a chain fails, and with it all that rests on it.
    let chain = items.iter().find(|item| item.composition == Composition::Chain).expect("one");
    let mut decisions = vec![Some(true); chain.questions.len()];
    decisions[0] = Some(false);
    let one = aggregate(&[(chain, decisions)], PLAN).expect("fits");
    assert_eq!((one.drfr.rate, one.all.psr), (0.0, Some(0.0)));
    assert!(one.all.csr > Some(0.5));
    assert!(aggregate(&[(chain, vec![Some(true)])], PLAN).is_err());
}

#[test]
fn the_judge_is_asked_what_rules_leave_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let items = items_of(&made_in(folder.path(), "items = 16").expect("made"));
    for item in &items {
        let open: Vec<&Question> = item.questions.iter().filter(|q| !q.how.is_rule()).collect();
        let Some(asked) = request(item, "My answer.") else {
            assert!(open.is_empty());
            continue;
        };
        assert!(asked.contains(&item.prompt) && asked.contains("\nMy answer.\n"));
        for (question, number) in open.iter().zip(1..) {
            let (start, text) = (format!("\n{number}. "), question.text.as_str());
            assert!(asked.contains(&start) && asked.contains(text), "{asked}");
        }
        let reply: String = (1..=open.len()).map(|number| format!("{number}: yes\n")).collect();
        let marks = parse(open.len(), &reply).expect("in form");
        let decided = decide_rules(item, &item.witness).expect("compiles");
        assert!(settle(&decided, Some(&marks)).iter().all(|decision| *decision == Some(true)));
    }
}

#[test]
fn rules_alone_can_decide_a_whole_benchmark() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "items = 16\nrule_share = 1.0\ntasks = false\nprofile = \"official\"";
    let items = items_of(&made_in(folder.path(), text).expect("made"));
    assert!(items.iter().all(|item| request(item, "My answer.").is_none()));
    let decided = |answer: fn(&Item) -> &str| {
        let of = |item| (item, decide_rules(item, answer(item)).expect("compiles"));
        aggregate(&items.iter().map(of).collect::<Vec<_>>(), PLAN).expect("fits")
    };
    let (good, blank) = (decided(|item| &item.witness), decided(|_| " \n"));
    assert_eq!((good.all.isr, good.drfr.rate, good.undecided), (Some(1.0), 1.0, 0));
    assert_eq!((blank.all.csr, blank.drfr.rate, blank.undecided), (Some(0.0), 0.0, 0));
    // The witness of another item answers another question.
    let shifted = items.iter().zip(items.iter().cycle().skip(1));
    let of = |(item, next): (&'_ Item, &Item)| decide_rules(item, &next.witness).expect("compiles");
    let decisions: Vec<_> = shifted.map(of).collect();
    let judged: Vec<_> = items.iter().zip(decisions).collect();
    let other = aggregate(&judged, PLAN).expect("fits");
    assert!(other.drfr.rate < 0.5 && other.drfr.correct > 0, "{:?}", other.drfr);
}

#[test]
fn bad_rows_are_refused_by_place_and_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let item = items_of(&made_in(folder.path(), "items = 4").expect("made")).swap_remove(1);
    let questions: Value = serde_json::from_str(&item.questions_json()).expect("JSON");
    let row = json!({
        "id": item.id, "key": item.key, "prompt": item.prompt, "instruction": item.instruction,
        "task": item.task, "seed_id": item.seed_id, "language": item.language,
        "composition": item.composition.name(), "category": item.category, "level": item.level,
        "difficulty": "easy", "profile": "corrected", "parts": item.parts, "conditions": [],
        "questions": questions, "witness": item.witness,
    });
    let path = folder.path().join("rows.jsonl");
    let read = |rows: &[Value]| {
        let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
        std::fs::write(&path, text).expect("written");
        load(&path)
    };
    assert_eq!(read(std::slice::from_ref(&row)).expect("good").list.len(), 1);
    let rule = questions.as_array().and_then(|q| q.iter().rposition(|q| q["kind"] == "rule"));
    let rule = format!("/questions/{}", rule.expect("every item has a rule"));
    for (place, value, named) in [
        ("/level", json!(99), "key `level`: is 99"),
        ("/difficulty", json!("mean"), "key `difficulty`"),
        ("/questions", json!([]), "key `questions`: has 0"),
        (&format!("{rule}/id"), json!("no:rule"), "unknown rule `no:rule`"),
        (&format!("{rule}/dep"), json!([99]), "key `dep`: 99 is no earlier question"),
        (&format!("{rule}/part"), json!(7), "key `part`: 7 is none of"),
        (&format!("{rule}/priority"), json!("some"), "key `priority`: `some` is not known"),
    ] {
        let mut bad = row.clone();
        *bad.pointer_mut(place).expect("a place") = value;
        let error = read(&[bad]).expect_err(place).to_string();
        assert!(error.contains("line 1") && error.contains(named), "{place}: {error}");
    }
    let error = read(&[row.clone(), row]).expect_err("twice").to_string();
    assert!(error.contains("line 2") && error.contains("stands twice"), "{error}");
}
