//! `heedful doctor`: what of a card is there, what to install, and where the work would be done.

use std::io::Write;

use heedful_kernels::gpu::found::{Choice, Found};
use serde_json::{Value, json};

use crate::{Error, Result};

/// Writes what was found: as one JSON object, or as lines.
///
/// # Errors
/// The output cannot be written.
pub fn tell(found: &Found, as_json: bool, out: &mut dyn Write) -> Result<()> {
    let written = match as_json {
        true => writeln!(out, "{}", object(found)),
        false => lines(found).iter().try_for_each(|(name, text)| writeln!(out, "{name:<10}{text}")),
    };
    written.map_err(Error::stdout)
}

/// The device that `auto` stands for.
fn device(choice: &Choice) -> String {
    choice.card.map_or_else(|| "cpu".to_owned(), |card| format!("cuda:{card}"))
}

fn lines(found: &Found) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for part in &found.parts {
        let text = match &part.state {
            Ok((version, place)) => match place {
                Some(place) => format!("{version}, {place}"),
                None => version.clone(),
            },
            Err(why) => format!("trouble: {why}"),
        };
        lines.push((part.name.to_owned(), text));
    }
    for card in &found.cards {
        let (major, minor) = card.capability;
        let memory = card.memory >> 20;
        let text = format!("{}, capability {major}.{minor}, {memory} MiB", card.name);
        lines.push((format!("cuda:{}", card.ordinal), text));
    }
    lines.push(("host".to_owned(), format!("{} cores, {}", found.cores, found.isa)));
    if let Some(cache) = &found.cache {
        lines.push(("kernels".to_owned(), format!("kept in {}", cache.display())));
    }
    let choice = found.auto();
    lines.push(("auto".to_owned(), format!("{} ({})", device(&choice), choice.why)));
    lines
}

fn object(found: &Found) -> Value {
    let part = |part: &heedful_kernels::gpu::found::Part| match &part.state {
        Ok((version, place)) => json!({"name": part.name, "version": version, "place": place}),
        Err(why) => json!({"name": part.name, "trouble": why}),
    };
    let parts: Vec<Value> = found.parts.iter().map(part).collect();
    let cards: Vec<Value> = found
        .cards
        .iter()
        .map(|card| {
            json!({"device": format!("cuda:{}", card.ordinal), "name": card.name,
                   "capability": format!("{}.{}", card.capability.0, card.capability.1),
                   "processors": card.processors, "bytes": card.memory})
        })
        .collect();
    let choice = found.auto();
    json!({"parts": parts, "cards": cards,
           "host": {"cores": found.cores, "instructions": found.isa.to_string()},
           "kernels": found.cache.as_ref().map(|path| path.display().to_string()),
           "auto": {"device": device(&choice), "why": choice.why}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_object_tell_the_same() {
        let found = Found::here();
        let written = |as_json| {
            let mut out = Vec::new();
            tell(&found, as_json, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let (text, object) = (written(false), written(true));
        let object: Value = serde_json::from_str(&object).unwrap();
        assert_eq!(object["parts"].as_array().unwrap().len(), 3);
        assert_eq!(object["host"]["cores"], found.cores);
        let auto = object["auto"]["device"].as_str().unwrap();
        assert!(text.contains(&format!("auto      {auto} (")), "{text}");
        for part in &found.parts {
            assert!(text.contains(part.name), "{text}");
        }
    }
}
