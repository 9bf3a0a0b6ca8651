//! The items of a benchmark: prompts with the constraints that a response is judged by.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Map, Value};

use crate::asked::{Asked, asked};
use crate::error::{Error, Result};
use crate::fields;
use crate::lines::objects;

/// One prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its name; numbers as they are written.
    pub key: String,
    /// The prompt as the model got it.
    pub prompt: String,
    /// What is asked, in the order of the file; an id may occur twice.
    pub asked: Vec<Asked>,
    /// The line that it came from, from 1.
    pub line: u64,
}

/// The items of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Items {
    /// In the order of the file.
    pub list: Vec<Item>,
    /// Blake3 over keys, prompts, ids and arguments, in hexadecimal: the same for the same items,
    /// however they are packed or spaced.
    pub digest: String,
    /// Keys that more than one item has.
    pub repeated_keys: Vec<String>,
    /// Keys of items whose prompt an earlier item has too.
    pub repeated_prompts: Vec<String>,
}

/// Reads the official layout: `{key, prompt, instruction_id_list, kwargs}` a line, or a row of a
/// Parquet file or a JSON array, as hubs hold it.
///
/// # Errors
/// A file that cannot be read, a line that is none of these, no line at all.
pub fn read(path: &Path) -> Result<Items> {
    let mut list = Vec::new();
    objects(path, |line, row| {
        list.push(item(row, line)?);
        Ok(())
    })?;
    if list.is_empty() {
        return Err(Error::content(path, "no prompt in it"));
    }
    Ok(gather(list))
}

fn item(row: &Map<String, Value>, line: u64) -> std::result::Result<Item, String> {
    let key = fields::name(row, &["key", "id"])?.ok_or("key `key` is missing")?;
    let fail = |problem: String| format!("item {key}: {problem}");
    let prompt = fields::text(row, "prompt").map_err(fail)?;
    let prompt = prompt.ok_or_else(|| fail("key `prompt` is missing".to_owned()))?.to_owned();
    let asked = asked(row).map_err(fail)?;
    Ok(Item { key, prompt, asked, line })
}

/// The items of a list, with what is told of all of them.
pub fn gather(list: Vec<Item>) -> Items {
    let mut hasher = blake3::Hasher::new();
    let mut keys: HashMap<&str, usize> = HashMap::new();
    let mut prompts: HashMap<&str, usize> = HashMap::new();
    let (mut repeated_keys, mut repeated_prompts) = (Vec::new(), Vec::new());
    for item in &list {
        let ids: Vec<&str> = item.asked.iter().map(|a| a.id.as_str()).collect();
        let args: Vec<_> = item.asked.iter().map(|a| &a.args).collect();
        let row = serde_json::json!([item.key, item.prompt, ids, args]).to_string();
        hasher.update(&(row.len() as u64).to_le_bytes()).update(row.as_bytes());
        let seen = keys.entry(&item.key).or_default();
        *seen += 1;
        if *seen == 2 {
            repeated_keys.push(item.key.clone());
        }
        let seen = prompts.entry(&item.prompt).or_default();
        *seen += 1;
        if *seen > 1 {
            repeated_prompts.push(item.key.clone());
        }
    }
    let digest = hasher.finalize().to_hex().to_string();
    Items { list, digest, repeated_keys, repeated_prompts }
}

#[cfg(test)]
pub(crate) fn from_text(text: &str) -> Items {
    let lines = text.lines().enumerate();
    let row = |line| heedful_datasets::json::parse_object(line).unwrap();
    gather(lines.map(|(at, line)| item(&row(line), at as u64 + 1).unwrap()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str =
        r#"{"key": 7, "prompt": "p", "instruction_id_list": ["a:b"], "kwargs": [{"x": null}]}"#;

    #[test]
    fn nulls_are_dropped_and_repeats_named() {
        let items = from_text(&format!("{ROW}\n{ROW}\n{}", ROW.replace('7', "\"8\"")));
        assert!(items.list[0].asked[0].args.is_empty());
        assert_eq!(items.repeated_keys, ["7"]);
        assert_eq!(items.repeated_prompts, ["7", "8"]);
    }

    #[test]
    fn the_digest_is_of_the_content() {
        let spaced = ROW.replace(": ", ":   ").replace("\"x\":   null", "");
        assert_eq!(from_text(ROW).digest, from_text(&spaced).digest);
        assert_ne!(from_text(ROW).digest, from_text(&ROW.replace("a:b", "a:c")).digest);
    }

    #[test]
    fn a_bad_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("items.jsonl");
        std::fs::write(&path, format!("{ROW}\n{{\"key\": 9}}\n")).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.ends_with("items.jsonl, line 2: item 9: key `prompt` is missing"), "{error}");
        std::fs::write(&path, "\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().ends_with("no prompt in it"));
    }
}
