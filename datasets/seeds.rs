//! Seed instructions: the embedded ones and the user's, cleaned of repeats and benchmark prompts.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use serde_json::{Map, Value};

use crate::digest;
use crate::error::{Error, Fault, FaultKind, Result};
use crate::grams::Grams;
use crate::json;
use crate::manifest::Input;
use crate::recipe::{Resolved, Splits};
use crate::rows;

/// The embedded files, one a kind of task.
const EMBEDDED: [(&str, &str); 18] = [
    ("advise", include_str!("seeds/advise.jsonl")),
    ("brainstorm", include_str!("seeds/brainstorm.jsonl")),
    ("code-explain", include_str!("seeds/code-explain.jsonl")),
    ("compare", include_str!("seeds/compare.jsonl")),
    ("describe-product", include_str!("seeds/describe-product.jsonl")),
    ("dialogue", include_str!("seeds/dialogue.jsonl")),
    ("explain", include_str!("seeds/explain.jsonl")),
    ("interview", include_str!("seeds/interview.jsonl")),
    ("opinion-essay", include_str!("seeds/opinion-essay.jsonl")),
    ("persuade", include_str!("seeds/persuade.jsonl")),
    ("plan", include_str!("seeds/plan.jsonl")),
    ("poem", include_str!("seeds/poem.jsonl")),
    ("recipe", include_str!("seeds/recipe.jsonl")),
    ("roleplay", include_str!("seeds/roleplay.jsonl")),
    ("story", include_str!("seeds/story.jsonl")),
    ("summarise-idea", include_str!("seeds/summarise-idea.jsonl")),
    ("travel", include_str!("seeds/travel.jsonl")),
    ("write-email", include_str!("seeds/write-email.jsonl")),
];

/// The longest instruction in bytes.
const LONGEST: usize = 64 << 10;

/// An instruction without constraints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// Unique among the seeds of a build.
    pub id: String,
    /// The sort of task.
    pub kind: String,
    /// The language tag.
    pub language: String,
    /// The instruction.
    pub instruction: String,
    /// Messages before it: role and content.
    pub before: Vec<(String, String)>,
}

/// The parts of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Split {
    /// For training.
    Train,
    /// For choosing among models.
    Dev,
    /// For measuring.
    Test,
}

impl Split {
    /// All of them.
    pub const ALL: [Split; 3] = [Split::Train, Split::Dev, Split::Test];

    /// The name in files and columns.
    pub const fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Dev => "dev",
            Split::Test => "test",
        }
    }
}

/// The seeds of a build, with counts of what was left out and why.
#[derive(Debug, Clone)]
pub struct Seeds {
    /// Those that are taken.
    pub seeds: Vec<Seed>,
    /// Counts by reason.
    pub dropped: BTreeMap<&'static str, u64>,
}

/// The digest of the embedded seeds.
pub fn embedded_input() -> Input {
    let text: String = EMBEDDED.iter().map(|(_, text)| *text).collect();
    let bytes = text.len() as u64;
    Input { name: "embedded seeds".to_owned(), blake3: digest::of_bytes(text.as_bytes()), bytes }
}

/// The embedded seeds.
///
/// # Errors
/// An embedded line that is no seed: a test reads them all.
pub fn embedded() -> Result<Vec<Seed>> {
    let mut seeds = Vec::new();
    for (name, text) in EMBEDDED {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let seed = json::parse_object(line).and_then(|object| seed_of(&object, name));
            seeds.push(seed.map_err(|e| Error::file(format!("embedded {name}"), e.to_string()))?);
        }
    }
    Ok(seeds)
}

/// Gathers the seeds that `recipe` asks for.
///
/// # Errors
/// A file that cannot be read, a row that holds no instruction, an id that stands twice, no seed
/// left in the end.
pub fn gather(recipe: &Resolved) -> Result<Seeds> {
    let mut all = Vec::new();
    if recipe.seeds.embedded == Some(true) {
        all.extend(embedded()?);
    }
    for file in &recipe.seeds.files {
        all.extend(from_file(&recipe.path(file))?);
    }
    let mut grams = Grams::new(recipe.ngram);
    for file in &recipe.decontaminate {
        grams.add_file(&recipe.path(file))?;
    }
    let mut dropped = BTreeMap::new();
    let mut texts = HashSet::new();
    let mut ids = HashSet::new();
    let mut seeds = Vec::new();
    for seed in all {
        let reason = if !recipe.languages.contains(&seed.language) {
            "other_language"
        } else if !(recipe.seeds.kinds.is_empty() || recipe.seeds.kinds.contains(&seed.kind)) {
            "other_kind"
        } else if recipe.dedup && !texts.insert(fingerprint(&seed.instruction)) {
            "duplicate"
        } else if grams.touches(&seed.instruction) {
            "in_benchmark"
        } else {
            if !ids.insert(seed.id.clone()) {
                return Err(Error::build(format!("two seeds have the id `{}`", seed.id)));
            }
            seeds.push(seed);
            continue;
        };
        *dropped.entry(reason).or_default() += 1;
    }
    if seeds.is_empty() {
        let why: Vec<String> = dropped.iter().map(|(why, n)| format!("{n} {why}")).collect();
        let why = if why.is_empty() { "none was given".to_owned() } else { why.join(", ") };
        let chosen = crate::error::shorten(&format!(
            "`languages` {:?}, `seeds.kinds` {:?}, `seeds.embedded` {}, {} files",
            recipe.languages,
            recipe.seeds.kinds,
            recipe.seeds.embedded.unwrap_or(true),
            recipe.seeds.files.len()
        ));
        return Err(Error::build(format!("no seed instruction is left ({why}) with {chosen}")));
    }
    Ok(Seeds { seeds, dropped })
}

/// Reads the seeds of one file.
///
/// # Errors
/// A row without instruction, or a file that cannot be read.
pub fn from_file(path: &Path) -> Result<Vec<Seed>> {
    rows::open_strict(path)?
        .map(|row| {
            let row = row?;
            seed_of(&row.object, "other").map_err(|fault| Error::row(row.place, fault))
        })
        .collect()
}

fn seed_of(object: &Map<String, Value>, kind: &str) -> std::result::Result<Seed, Fault> {
    let (instruction, before) = instruction_of(object)?;
    if instruction.trim().is_empty() || instruction.len() > LONGEST {
        let problem = format!("is blank or longer than {LONGEST} bytes");
        return Err(Fault::at(FaultKind::BadValue, "instruction", &instruction, problem));
    }
    let id = match object.get("id") {
        None | Some(Value::Null) => {
            let digest = digest::of_bytes(instruction.as_bytes());
            format!("seed-{}", &digest[..16])
        }
        Some(Value::String(id)) if !id.is_empty() => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        Some(other) => return Err(Fault::wrong_type("id", other, "a string or a number")),
    };
    Ok(Seed {
        id,
        kind: text_of(object, "kind")?.unwrap_or(kind).to_owned(),
        language: text_of(object, "language")?.unwrap_or("en").to_owned(),
        instruction: instruction.trim().to_owned(),
        before,
    })
}

type Chat = (String, Vec<(String, String)>);

/// The instruction under any of its usual keys; of a chat, the last turn of the user.
fn instruction_of(object: &Map<String, Value>) -> std::result::Result<Chat, Fault> {
    for key in ["instruction", "prompt", "messages"] {
        match object.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if key != "messages" => {
                return Ok((text.clone(), Vec::new()));
            }
            Some(Value::Array(messages)) if key != "instruction" => return chat(key, messages),
            Some(other) => return Err(Fault::wrong_type(key, other, "an instruction")),
        }
    }
    Err(Fault::missing("instruction"))
}

fn chat(key: &str, messages: &[Value]) -> std::result::Result<Chat, Fault> {
    let mut turns = Vec::with_capacity(messages.len());
    for message in messages {
        let part = |name: &str| message.get(name).and_then(Value::as_str);
        let (Some(role), Some(content)) = (part("role"), part("content")) else {
            return Err(Fault::wrong_type(key, message, "a message with `role` and `content`"));
        };
        turns.push((role.to_owned(), content.to_owned()));
    }
    let Some(last) = turns.iter().rposition(|(role, _)| role == "user") else {
        return Err(Fault::at(FaultKind::BadValue, key, "", "has no message of the user"));
    };
    turns.truncate(last + 1);
    let (_, instruction) = turns.pop().expect("the user's turn was just found");
    Ok((instruction, turns))
}

fn text_of<'a>(
    object: &'a Map<String, Value>,
    key: &str,
) -> std::result::Result<Option<&'a str>, Fault> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(Fault::wrong_type(key, other, "a string")),
    }
}

/// Equal for texts that differ only in case, spacing and punctuation; a text without any letter or
/// digit stands for itself.
fn fingerprint(text: &str) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    let mut any = false;
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        hasher.update(word.to_lowercase().as_bytes());
        hasher.update(b" ");
        any = true;
    }
    if !any {
        hasher.update(text.as_bytes());
    }
    let mut key = [0; 16];
    key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    key
}

/// The split of a seed: its text and the build's seed decide, nothing else, so that no text is in
/// two splits.
pub fn split_of(seed: &Seed, chance: u64, shares: Splits) -> Split {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&chance.to_le_bytes());
    hasher.update(&fingerprint(&seed.instruction));
    let mut head = [0; 8];
    head.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    // 53 bits make an exact fraction.
    let at = (u64::from_le_bytes(head) >> 11) as f64 / (1u64 << 53) as f64;
    if at < shares.train {
        Split::Train
    } else if at < shares.train + shares.dev {
        Split::Dev
    } else if shares.test > 0.0 {
        Split::Test
    } else if shares.dev > 0.0 {
        Split::Dev
    } else {
        Split::Train
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(text: &str, base: &Path) -> Result<Resolved> {
        crate::recipe::parse(&format!("name = \"t\"\n{text}"), "t", base)
    }

    #[test]
    fn the_embedded_seeds_are_many_and_different() {
        let seeds = gather(&recipe("", Path::new("")).expect("good")).expect("good");
        assert!(seeds.seeds.len() >= 400, "{}", seeds.seeds.len());
        let reasons: Vec<&str> = seeds.dropped.keys().copied().collect();
        assert_eq!(reasons, ["other_language"], "{:?}", seeds.dropped);
        let kinds: HashSet<&str> = seeds.seeds.iter().map(|seed| seed.kind.as_str()).collect();
        assert!(kinds.len() >= 12);
    }

    #[test]
    fn users_files_give_instructions_prompts_and_chats() {
        let folder = tempfile::tempdir().expect("a folder");
        let lines = [
            r#"{"instruction": "Name three rivers."}"#,
            r#"{"prompt": "name  three RIVERS", "id": 7}"#,
            r#"{"messages": [{"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Tell me of salt and how it is won from the sea."},
                {"role": "assistant", "content": "Well."}], "language": "en"}"#,
            r#"{"prompt": "Nenne drei Flüsse.", "language": "de"}"#,
        ];
        let lines = lines.map(|line| line.replace('\n', " ")).join("\n");
        std::fs::write(folder.path().join("s.jsonl"), lines).expect("written");
        let bench = r#"{"prompt": "Please: tell me of salt and how it is won from the sea!"}"#;
        std::fs::write(folder.path().join("b.jsonl"), bench).expect("written");
        let base = "[seeds]\nembedded = false\nfiles = [\"s.jsonl\"]";
        let seeds = gather(&recipe(base, folder.path()).expect("good")).expect("good");
        assert_eq!(seeds.seeds.len(), 2);
        assert_eq!(seeds.seeds[1].before, [("system".to_owned(), "Be kind.".to_owned())]);
        assert_eq!((seeds.dropped["duplicate"], seeds.dropped["other_language"]), (1, 1));
        let text = format!("decontaminate = [\"b.jsonl\"]\n{base}");
        let seeds = gather(&recipe(&text, folder.path()).expect("good")).expect("good");
        assert_eq!((seeds.seeds.len(), seeds.dropped["in_benchmark"]), (1, 1));
    }

    #[test]
    fn a_row_without_instruction_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("s.jsonl");
        std::fs::write(&path, "{\"prompt\": \"a b\"}\n{\"text\": \"x\"}\n").expect("written");
        let error = from_file(&path).expect_err("bad").to_string();
        assert!(error.contains("line 2: key `instruction`: is missing"), "{error}");
    }

    #[test]
    fn splits_are_near_their_shares() {
        let shares = Splits { train: 0.5, dev: 0.25, test: 0.25 };
        let seeds = embedded().expect("good");
        let train = seeds.iter().filter(|s| split_of(s, 3, shares) == Split::Train).count();
        let share = train as f64 / seeds.len() as f64;
        assert!((0.4..0.6).contains(&share), "{share}");
        let only = Splits { train: 1.0, dev: 0.0, test: 0.0 };
        assert!(seeds.iter().all(|seed| split_of(seed, 3, only) == Split::Train));
    }
}
