use super::*;
use crate::manifest::Revision;
use crate::{recipe, stage};

const ALL: [(&str, Layout); 4] = [
    ("ifeval", Layout::Ifeval),
    ("verl", Layout::Verl),
    ("trl", Layout::Trl),
    ("open-instruct", Layout::OpenInstruct),
];

fn artifact(out: &Path) -> Artifact {
    let text = "name = \"t\"\ndrawings = 30\nmax_level = 3\nhard_share = 0.6\n\
                [splits]\ntrain = 0.7\ntest = 0.3";
    let recipe = recipe::parse(text, "t", Path::new("")).expect("good");
    stage::build(&recipe, out, Revision::default(), &|_| {}).expect("builds").artifact
}

fn read(path: &Path) -> Vec<Map<String, Value>> {
    rows::open_strict(path).expect("readable").map(|row| row.expect("good").object).collect()
}

#[test]
fn every_layout_is_written_whole_and_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let artifact = artifact(folder.path());
    for (name, layout) in ALL {
        assert_eq!(name.parse::<Layout>(), Ok(layout));
        let out = folder.path().join(name);
        let exported = export(&artifact, layout, &out).expect("exports");
        assert_eq!(exported.rows + exported.without_hard, artifact.manifest.rows);
        assert_eq!(exported.files.len(), 2);
        let rows: usize = exported.files.iter().map(|file| read(file).len()).sum();
        assert_eq!(rows as u64, exported.rows);
        let again = export(&artifact, layout, &out).expect_err("is there").to_string();
        assert!(again.contains("exists already"), "{again}");
    }
    let entries = std::fs::read_dir(folder.path()).expect("a folder");
    assert!(
        entries
            .map(|e| e.expect("an entry").file_name())
            .all(|name| { !name.to_string_lossy().starts_with('.') })
    );
}

#[test]
fn exports_tell_the_constraints_of_their_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let artifact = artifact(folder.path());
    let of = |layout, name: &str| {
        let exported = export(&artifact, layout, &folder.path().join(name)).expect("exports");
        read(&exported.files[0])
    };
    let ours: Vec<_> = artifact.tables(Some("train")).iter().flat_map(|t| read(t)).collect();
    for (row, ours) in of(Layout::Verl, "v").iter().zip(&ours) {
        let truth = row["reward_model"]["ground_truth"].as_str().expect("a text");
        let truth = strict::parse(truth).expect("JSON");
        assert_eq!(truth["instruction_id_list"], ours["instruction_id_list"]);
        assert_eq!(truth["kwargs"].to_string(), strict_text(&ours["kwargs"]));
        assert_eq!(row["extra_info"]["index"], ours["key"]);
        assert_eq!(row["prompt"], ours["messages"]);
    }
    let hard = |row: &&Map<String, Value>| row["kwargs"] != "[]";
    for (row, ours) in of(Layout::Ifeval, "i").iter().zip(ours.iter().filter(hard)) {
        assert_eq!(row["prompt"], ours["prompt"]);
        assert_eq!(row["kwargs"].to_string(), strict_text(&ours["kwargs"]));
    }
}

fn strict_text(value: &Value) -> String {
    strict::parse(value.as_str().expect("a text")).expect("JSON").to_string()
}
