use std::path::PathBuf;

use heedful_constraints::{Constraint, Profile, Text};
use serde_json::Value;

use super::*;
use crate::{json, recipe, rows};

fn recipe(text: &str) -> Resolved {
    recipe::parse(text, "test", Path::new("")).expect("a good recipe")
}

fn build(recipe: &Resolved, out: &Path) -> Artifact {
    super::build(recipe, out, Revision::default(), &|_| {}).expect("builds").artifact
}

fn bytes(artifact: &Artifact) -> Vec<(PathBuf, Vec<u8>)> {
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).expect("a shard");
        (path.file_name().expect("a name").into(), bytes)
    };
    artifact.tables(None).into_iter().map(read).collect()
}

#[test]
fn the_bytes_do_not_depend_on_the_threads() {
    let recipe =
        recipe("name = \"t\"\ndrawings = 60\nshard_rows = 50\n[splits]\ntrain = 0.5\ntest = 0.5");
    let folder = tempfile::tempdir().expect("a folder");
    let made: Vec<Artifact> = [1, 2]
        .into_iter()
        .map(|threads| {
            let out = folder.path().join(threads.to_string());
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads").install(|| build(&recipe, &out))
        })
        .collect();
    assert!(made[0].tables(None).len() >= 4);
    assert_eq!(made[0].manifest, made[1].manifest);
    assert!(bytes(&made[0]) == bytes(&made[1]));
}

#[test]
fn a_rerun_finds_the_artifact() {
    let recipe = recipe("name = \"t\"\ndrawings = 5");
    let folder = tempfile::tempdir().expect("a folder");
    let first = build(&recipe, folder.path());
    let again = super::build(&recipe, folder.path(), Revision::default(), &|_| {}).expect("finds");
    assert!(again.found && again.artifact == first);
    assert_eq!(artifact::check(&first.path).expect("readable"), []);
}

#[test]
fn rows_are_laddered_and_witnessed() {
    let recipe = recipe("name = \"t\"\nrows = 203\norder = {permutations = 2}\nmax_level = 3");
    let folder = tempfile::tempdir().expect("a folder");
    let artifact = build(&recipe, folder.path());
    assert_eq!(artifact.manifest.rows, 203);
    let mut ids = HashSet::new();
    for table in artifact.tables(None) {
        for row in rows::open_strict(&table).expect("readable") {
            let row = row.expect("good").object;
            let level = row["level"].as_u64().expect("a number");
            assert_eq!(row["parent"].is_null(), level == 1);
            if let Some(parent) = row["parent"].as_str() {
                assert!(ids.contains(parent), "the parent comes first");
            }
            assert_eq!(row["constraints"].as_array().expect("a list").len() as u64, level);
            assert!(ids.insert(row["id"].as_str().expect("a text").to_owned()));
            witnessed(&row);
        }
    }
}

fn witnessed(row: &serde_json::Map<String, Value>) {
    let kwargs = json::parse(row["kwargs"].as_str().expect("a text")).expect("JSON");
    let kwargs = kwargs.as_array().expect("a list");
    let names = row["instruction_id_list"].as_array().expect("a list");
    assert_eq!(kwargs.len(), names.len());
    for (name, args) in names.iter().zip(kwargs) {
        let name = name.as_str().expect("a text");
        let args = args.as_object().expect("an object").clone();
        let check = Constraint::compile(name, args, Profile::Corrected).expect("good arguments");
        let witness = row["witness"].as_str().expect("a witness");
        assert!(check.check(&Text::new(witness)).satisfied, "{name}: {witness}");
    }
}

#[test]
fn the_paper_recipe_meets_its_counts() {
    let recipe = recipe(recipe::PAPER);
    let folder = tempfile::tempdir().expect("a folder");
    let artifact = build(&recipe, folder.path());
    let expected = serde_json::to_value(&recipe.levels).expect("JSON");
    let levels = artifact.manifest.counts["levels"].as_array().expect("a list").clone();
    for (level, expected) in levels.iter().zip(expected.as_array().expect("a list")) {
        for key in ["rows", "soft", "hard"] {
            assert_eq!(level[key], expected[key], "level {}", level["level"]);
        }
    }
    assert_eq!((levels.len(), artifact.manifest.rows), (5, 13_570));
}

#[test]
fn what_cannot_be_built_is_an_error_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "name = \"t\"\nmax_level = 5\n[families]\ninclude = [\"punctuation:no_comma\"]\n\
                [soft]\ninclude = [\"soft:audience\"]";
    let error = super::build(&recipe(text), folder.path(), Revision::default(), &|_| {});
    assert!(error.expect_err("too few").to_string().contains("max_level is 5"));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}
