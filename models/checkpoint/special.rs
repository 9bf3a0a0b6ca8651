//! Special tokens and chat template of a folder.

use std::path::Path;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::files;

/// Special tokens, spelled as texts and templates have them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Special {
    /// Begins a text.
    pub bos: Option<String>,
    /// Ends a text.
    pub eos: Option<String>,
    /// Fills a batch.
    pub pad: Option<String>,
    /// Stands for what cannot be spelled.
    pub unk: Option<String>,
}

/// The tokens that a configuration names, and the file beside it in `folder` where there is one.
pub(super) fn tokens(
    model: &Path,
    folder: Option<&Path>,
    config: Option<&Value>,
) -> Result<Special> {
    let map = in_folder(folder, "special_tokens_map.json")?;
    let find = |key: &str| -> Result<Option<String>> {
        let values = [config, map.as_ref()].into_iter().flatten();
        let value = values.filter_map(|value| value.get(key)).find(|value| !value.is_null());
        let Some(value) = value else { return Ok(None) };
        // A token is a text, or an object with its content.
        let text = value.as_str().or_else(|| value.get("content").and_then(Value::as_str));
        let text = text.ok_or_else(|| {
            Error::file(model, format!("tokenizer_config.json: `{key}` is no token"))
        })?;
        Ok(Some(text.to_owned()))
    };
    Ok(Special {
        bos: find("bos_token")?,
        eos: find("eos_token")?,
        pad: find("pad_token")?,
        unk: find("unk_token")?,
    })
}

/// The template: a file of its own before the key of `tokenizer_config.json`, as in transformers.
pub(super) fn chat_template(
    model: &Path,
    folder: Option<&Path>,
    config: Option<&Value>,
) -> Result<Option<String>> {
    let file = folder.map(|folder| folder.join("chat_template.jinja"));
    if let Some(file) = file.filter(|file| file.exists()) {
        return files::text(&file, files::JSON_LIMIT).map(Some);
    }
    let older = in_folder(folder, "chat_template.json")?;
    let values = [older.as_ref(), config].into_iter().flatten();
    let value = values.filter_map(|value| value.get("chat_template")).find(|v| !v.is_null());
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        // Several templates by name.
        Some(Value::Array(list)) => {
            let named =
                |entry: &&Value| entry.get("name").and_then(Value::as_str) == Some("default");
            let text = list.iter().find(named).and_then(|entry| entry.get("template")?.as_str());
            text.map(|text| Some(text.to_owned())).ok_or_else(|| {
                Error::file(model, "`chat_template` is a list without one named `default`")
            })
        }
        Some(_) => Err(Error::file(model, "`chat_template` is no text")),
    }
}

fn in_folder(folder: Option<&Path>, name: &str) -> Result<Option<Value>> {
    let path = folder.map(|folder| folder.join(name));
    path.map_or(Ok(None), |path| files::json_if_there(&path, files::JSON_LIMIT))
}
