//! Recipes that ask for what cannot be.

use super::MEMORY;
use crate::util::{arg, file, folder, heedful};

#[test]
fn wrong_keys_and_values_are_named() {
    let cases = [
        ("drawing = 5", "drawing", ""),
        ("drawings = \"many\"", "drawings", "many"),
        ("drawings = -1", "drawings", "-1"),
        ("drawings = 0", "drawings", "0"),
        ("drawings = 5\nrows = 5", "rows", ""),
        ("max_level = 0", "max_level", "0"),
        ("max_level = 100000", "max_level", "100000"),
        ("hard_share = 1.5", "hard_share", "1.5"),
        ("hard_share = nan", "hard_share", "NaN"),
        ("hard_share = inf", "hard_share", "inf"),
        ("seed = -3", "seed", "-3"),
        ("seed = 99999999999999999999999999", "seed|number|range", ""),
        ("order = \"random\"", "order", "random"),
        ("order = { permutations = 0 }", "permutations", "0"),
        ("order = { permutations = 4000000000 }", "permutations", "4000000000"),
        ("languages = []", "languages", ""),
        ("languages = [\"xx\"]", "languages|seeds", ""),
        ("profile = \"mine\"", "profile", "mine"),
        ("shard_rows = 0", "shard_rows", "0"),
        ("ngram = 0", "ngram", "0"),
        ("name = \"../x\"", "name", "../x"),
        ("name = \"\"", "name", ""),
        ("decontaminate = [\"nowhere.jsonl\"]", "nowhere.jsonl", ""),
        ("[seeds]\nfiles = [\"nowhere.jsonl\"]", "nowhere.jsonl", ""),
        ("[seeds]\nembedded = false", "seeds", ""),
        ("[seeds]\nkinds = [\"no such kind\"]", "kinds", "no such kind"),
        ("[families]\ninclude = [\"no:family\"]", "include", "no:family"),
        ("[families]\nexclude = [\"no:*\"]", "exclude", "no:*"),
        ("[families]\nheld_out = [\"no:family\"]", "held_out", "no:family"),
        ("[families]\nunknown = 1", "unknown", ""),
        ("[soft]\ninclude = [\"soft:nothing\"]", "include", "soft:nothing"),
        ("[splits]\ntrain = 0.5", "splits", ""),
        ("[splits]\ntrain = -1.0\ntest = 2.0", "splits", ""),
        ("[splits]\ntrain = nan", "splits", ""),
        ("levels = [{ rows = 1, soft = 0, hard = 0 }]", "levels", ""),
        ("levels = [{ rows = 18446744073709551615, soft = 1, hard = 1 }]", "levels|range", ""),
        ("max_level = 1\nmax_level = 2", "max_level", ""),
        ("[families", "families|TOML|expected", ""),
    ];
    let folder = folder();
    let out = arg(folder.path().join("out"));
    let mut wrong = Vec::new();
    for (line, key, value) in cases {
        let has = |name: &str| line.lines().any(|line| line.starts_with(name));
        let name = if has("name") { "" } else { "name = \"x\"\n" };
        let amount = if has("drawing") || has("levels") { "" } else { "drawings = 5\n" };
        let recipe = arg(file(folder.path(), "r.toml", format!("{name}{amount}{line}\n")));
        let ran = heedful(["build", &recipe, "--out", &out]).memory(MEMORY).run();
        let named =
            key.split('|').any(|key| ran.stderr.contains(key)) && ran.stderr.contains(value);
        if ran.code != 2 || !named || ran.stderr.len() > 2000 {
            wrong.push(format!("{line:?}: exit {}: {}", ran.code, ran.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn recipes_that_are_no_text_are_refused() {
    let folder = folder();
    let out = arg(folder.path().join("out"));
    let cases: [(&str, Vec<u8>); 6] = [
        ("empty.toml", Vec::new()),
        ("utf8.toml", b"name = \"\xff\"".to_vec()),
        ("nul.toml", b"name = \"a\0\"".to_vec()),
        ("deep.toml", format!("name = {}1", "[".repeat(100_000)).into_bytes()),
        ("long.toml", {
            let mut bytes = b"name = \"".to_vec();
            bytes.resize(100_000_000, b'a');
            bytes
        }),
        ("dotted.toml", ("a.".repeat(50_000) + "b = 1").into_bytes()),
    ];
    for (name, bytes) in cases {
        let recipe = arg(file(folder.path(), name, bytes));
        let ran = heedful(["build", &recipe, "--out", &out]).memory(MEMORY).run();
        assert_eq!(ran.code, 2, "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(name), "{name}: {}", ran.stderr);
        assert!(ran.stderr.len() < 2000, "{name}: a message of {} bytes", ran.stderr.len());
    }
    heedful(["build", &arg(folder.path()), "--out", &out]).refused(&[]);
    heedful(["build", &arg(folder.path().join("nowhere.toml"))]).refused(&["nowhere.toml"]);
    let taken = arg(file(folder.path(), "taken", "x"));
    heedful(["build", "--out", &taken]).refused(&["taken"]);
}
