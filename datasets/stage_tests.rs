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

#[test]
fn bare_rows_begin_their_ladders_and_move_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "name = \"t\"\ndrawings = 40\nmax_level = 2\n[seeds]\nkinds = [\"poem\"]\n";
    let plain = build(&recipe(text), &folder.path().join("plain"));
    let bare = build(&recipe(&format!("bare = true\n{text}")), &folder.path().join("bare"));
    assert_ne!(plain.manifest.id, bare.manifest.id);
    let read = |artifact: &Artifact| -> Vec<serde_json::Map<String, Value>> {
        let tables = artifact.tables(None).into_iter();
        tables
            .flat_map(|t| rows::open_strict(&t).expect("opens").map(|r| r.expect("good").object))
            .collect()
    };
    let (plain, all) = (read(&plain), read(&bare));
    let (level_0, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|row| row["level"] == 0);
    let named = |list: &[serde_json::Map<String, Value>], key: &str| -> Vec<Value> {
        list.iter().map(|row| row[key].clone()).collect()
    };
    assert_eq!(named(&others, "id"), named(&plain, "id"));
    let ids = named(&level_0, "id");
    let seeds: std::collections::BTreeSet<String> =
        level_0.iter().map(|row| row["seed_id"].to_string()).collect();
    assert_eq!(seeds.len(), level_0.len(), "one a seed");
    for row in &level_0 {
        assert_eq!(row["constraints"], serde_json::json!([]));
        assert_eq!((&row["kwargs"], &row["parent"]), (&Value::from("[]"), &Value::Null));
    }
    assert!(others.iter().filter(|row| row["level"] == 1).all(|row| ids.contains(&row["parent"])));
    let levels = bare.manifest.counts["levels"][0].clone();
    let rows = level_0.len();
    assert_eq!(levels, serde_json::json!({"level": 0, "rows": rows, "soft": 0, "hard": 0}));
}

#[test]
fn a_design_counts_no_bare_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "name = \"t\"\nbare = true\ndrawings = 30\n\
                levels = [{rows = 20, soft = 10, hard = 10}]\n[seeds]\nkinds = [\"poem\"]";
    let made = build(&recipe(text), folder.path());
    let levels = made.manifest.counts["levels"].as_array().expect("a list").clone();
    assert_eq!(levels[1], serde_json::json!({"level": 1, "rows": 20, "soft": 10, "hard": 10}));
    let bare = levels[0]["rows"].as_u64().expect("a number");
    assert!(levels[0]["level"] == 0 && (1..=20).contains(&bare));
}
