use serde_json::json;

use super::*;

fn plan(seed: u64) -> Plan {
    Plan {
        stage: "build".to_owned(),
        name: "tiny".to_owned(),
        config: json!({"rows": 3}),
        seed,
        parents: Vec::new(),
        inputs: Vec::new(),
        schema_version: 1,
        verifiers: vec!["corrected-1".to_owned()],
    }
}

fn make(out: &Path, seed: u64) -> Artifact {
    match begin(out, plan(seed)).expect("a usable folder") {
        Start::Found(artifact) => artifact,
        Start::New(draft) => {
            std::fs::create_dir(draft.folder().join("data")).expect("created");
            std::fs::write(draft.folder().join("data/a.jsonl"), "{}\n").expect("written");
            std::fs::write(draft.folder().join("README.md"), "# a\n").expect("written");
            draft.commit(Map::new(), Revision::default()).expect("committed")
        }
    }
}

fn hidden(out: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(out).expect("a folder");
    let names = entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with('.')).collect()
}

#[test]
fn an_artifact_is_found_again_and_leaves_nothing_beside() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = make(folder.path(), 1);
    assert_eq!(first.manifest.files.len(), 2);
    match begin(folder.path(), plan(1)).expect("usable") {
        Start::Found(again) => assert_eq!(again, first),
        Start::New(_) => panic!("the artifact is there"),
    }
    assert_ne!(make(folder.path(), 2).manifest.id, first.manifest.id);
    assert_eq!(hidden(folder.path()), Vec::<String>::new());
}

#[test]
fn check_names_what_was_changed_left_out_or_added() {
    let folder = tempfile::tempdir().expect("a folder");
    let artifact = make(folder.path(), 1);
    assert_eq!(check(&artifact.path).expect("readable"), []);
    std::fs::write(artifact.path.join("data/a.jsonl"), "[]\n").expect("written");
    std::fs::remove_file(artifact.path.join("README.md")).expect("removed");
    std::fs::write(artifact.path.join("data/b.jsonl"), "").expect("written");
    let problems = check(&artifact.path).expect("readable");
    let expected = [
        Problem::Missing("README.md".to_owned()),
        Problem::Changed("data/a.jsonl".to_owned()),
        Problem::Extra("data/b.jsonl".to_owned()),
    ];
    assert_eq!(problems, expected);
    let error = begin(folder.path(), plan(1)).err().expect("refused").to_string();
    assert!(error.contains("README.md is missing"), "{error}");
    let text = std::fs::read_to_string(artifact.path.join(FILE)).expect("readable");
    std::fs::write(artifact.path.join(FILE), text.replace("\"seed\": 1", "\"seed\": 7"))
        .expect("written");
    assert!(matches!(check(&artifact.path).expect("readable")[0], Problem::Manifest(_)));
}

#[test]
fn leftovers_of_the_dead_go_and_work_of_the_living_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path();
    std::fs::create_dir(out.join(".partial-aaaaaaaaaaaa")).expect("created");
    std::fs::write(out.join(".partial-aaaaaaaaaaaa/x"), "half").expect("written");
    std::fs::write(out.join(".lock-aaaaaaaaaaaa"), "").expect("written");
    let Start::New(living) = begin(out, plan(5)).expect("usable") else { panic!("is new") };
    make(out, 1);
    assert!(living.folder().exists());
    assert_eq!(hidden(out).len(), 2, "{:?}", hidden(out));
    drop(living);
    assert_eq!(hidden(out), Vec::<String>::new());
}

#[test]
fn two_builders_of_one_artifact_make_it_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path();
    let made: Vec<Artifact> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| make(out, 9))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(made.iter().all(|artifact| artifact == &made[0]));
    assert_eq!(hidden(out), Vec::<String>::new());
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["", "../x", "a/b", ".x", "ä"] {
        let plan = Plan { name: name.to_owned(), ..plan(1) };
        assert!(begin(folder.path(), plan).is_err(), "{name}");
    }
}
