//! `heedful models`: what lies in the models folder, what a checkpoint is, and fetching one.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use heedful_datasets::rows;
use heedful_models::fresh::{self, Size};
use heedful_models::save::Dtype;
use heedful_models::{Checkpoint, Config, RopeScaling, embedded, names, pull};
use serde_json::{Value, json};

use crate::progress;
use crate::{Error, Result};

/// Writes a line for the embedded model and for each one of the models folder. One that cannot be
/// opened is listed with what is wrong with it; false where there is such.
///
/// # Errors
/// The folder or the output cannot be used.
pub fn list(json: bool, out: &mut dyn Write) -> Result<bool> {
    let folder = pull::folder()?;
    let mut sound = true;
    let own = (embedded::NAME.to_owned(), PathBuf::from(embedded::NAME));
    let pulled = pull::list(&folder)?.into_iter().map(|name| (name.clone(), folder.join(name)));
    for (name, path) in std::iter::once(own).chain(pulled) {
        let place = path.display().to_string();
        let (line, text) = match Checkpoint::open(&path) {
            Ok(model) => {
                let size = parameters(&model);
                let family = format!("{:?}", model.config().family);
                let line = json!({"name": name, "path": place, "family": family,
                                  "parameters": size});
                (line, format!("{name}  {family}  {}", millions(size)))
            }
            Err(error) => {
                sound = false;
                let line = json!({"name": name, "path": place, "error": error.to_string()});
                (line, format!("{name}  cannot be opened: {error}"))
            }
        };
        let written = if json { writeln!(out, "{line}") } else { writeln!(out, "{text}") };
        written.map_err(Error::stdout)?;
    }
    Ok(sound)
}

/// Writes what a checkpoint is: shape, parameters, types, tokenizer, template, notes.
///
/// # Errors
/// The checkpoint is not there or not sound, or the output cannot be written.
pub fn show(name_or_path: &str, json: bool, out: &mut dyn Write) -> Result<()> {
    let path = heedful_models::resolve(name_or_path)?;
    let model = Checkpoint::open(&path)?;
    let told = about(&path, &model)?;
    let written = if json { writeln!(out, "{told}") } else { rows(&told, out) };
    written.map_err(Error::stdout)
}

/// Makes the folder `out` of a model of this size with random weights, and a tokenizer learned from
/// the texts of `data`: the contents of `messages`, or `prompt` and `completion`.
///
/// # Errors
/// Rows that cannot be read, texts too few for the vocabulary, a folder that is there already.
pub fn make(data: &[PathBuf], out: &Path, size: Size, seed: u64) -> Result<()> {
    let mut texts: Vec<String> = Vec::new();
    for path in data {
        for row in rows::open_strict(path)? {
            gather(&Value::Object(row?.object), &mut texts);
        }
    }
    let tokenizer = fresh::tokenizer(texts.into_iter(), size.vocab)?;
    Ok(fresh::write(out, size, tokenizer, seed, Dtype::F32)?)
}

/// The texts of one row.
fn gather(row: &Value, texts: &mut Vec<String>) {
    let turns = row.get("messages").and_then(Value::as_array);
    let contents = turns.into_iter().flatten().map(|turn| turn.get("content"));
    let plain = ["prompt", "completion"].map(|key| row.get(key));
    let plain = plain.into_iter().filter(|_| turns.is_none());
    let found = contents.chain(plain).flatten().filter_map(Value::as_str);
    texts.extend(found.map(str::to_owned));
}

/// Fetches a model into the models folder and writes where it lies, and its digest.
///
/// # Errors
/// It cannot be fetched, or the output not be written.
pub fn fetch(name: &str, quiet: bool, json: bool, out: &mut dyn Write) -> Result<()> {
    let bar = progress::bar(name, Some(0), quiet);
    let mut watch = |file: &str, done: u64, total: Option<u64>| {
        bar.set_message(file.to_owned());
        bar.set_length(total.unwrap_or(done));
        bar.set_position(done);
    };
    let pulled = pull::pull(name, &mut watch);
    bar.finish_and_clear();
    let pull::Pulled { path, digest, was_there } = pulled?;
    let path = path.display().to_string();
    let written = if json {
        writeln!(out, "{}", json!({"path": path, "digest": digest, "was_there": was_there}))
    } else {
        let there = if was_there { " (was there)" } else { "" };
        writeln!(out, "{path}{there}\nblake3 {digest}")
    };
    written.map_err(Error::stdout)
}

/// Everything that is told of a checkpoint.
fn about(path: &Path, model: &Checkpoint) -> Result<Value> {
    let tokenizer = model.tokenizer()?;
    let special = model.special()?;
    let Config { family, vocab, width, layers, heads, kv_heads, head_dim, ffn, context, .. } =
        model.config();
    let config = model.config();
    let tensors = names::all(config, model.labels());
    let mut types: Vec<&str> = tensors.iter().filter_map(|row| model.stored(&row.0)).collect();
    types.sort_unstable();
    types.dedup();
    Ok(json!({
        "path": path.display().to_string(),
        "family": format!("{family:?}"),
        "parameters": parameters(model),
        "types": types,
        "vocabulary": vocab,
        "width": width,
        "layers": layers,
        "heads": heads,
        "kv_heads": kv_heads,
        "head_dim": head_dim,
        "ffn": ffn,
        "context": context,
        "norm_eps": config.norm_eps.to_string().parse::<f64>().ok(),
        "rope_theta": config.rope_theta,
        "rope_scaling": scaling(config.rope_scaling),
        "tied": config.tied,
        "labels": model.labels(),
        "tokens": tokenizer.vocab(),
        "bos": special.bos,
        "eos": special.eos,
        "pad": special.pad,
        "chat_template": model.chat_template()?.is_some(),
        "notes": model.notes(),
    }))
}

fn scaling(scaling: RopeScaling) -> String {
    match scaling {
        RopeScaling::None => "none".to_owned(),
        RopeScaling::Linear(factor) => format!("linear {factor}"),
        RopeScaling::Llama3 { factor, low, high, context } => {
            format!("llama3 {factor}, {low} to {high} of {context}")
        }
    }
}

/// An object as a line for each key that says something.
fn rows(told: &Value, out: &mut dyn Write) -> io::Result<()> {
    for (key, value) in told.as_object().into_iter().flatten() {
        let text = match value {
            Value::Null => continue,
            Value::Array(items) if items.is_empty() => continue,
            Value::String(text) => text.clone(),
            Value::Array(items) => {
                let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                items.join(", ")
            }
            other => other.to_string(),
        };
        writeln!(out, "{key:14} {text}")?;
    }
    Ok(())
}

/// Values of all tensors that the configuration asks for.
fn parameters(model: &Checkpoint) -> usize {
    let tensors = names::all(model.config(), model.labels());
    tensors.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum()
}

fn millions(size: usize) -> String {
    format!("{:.1} M", size as f64 / 1e6)
}
