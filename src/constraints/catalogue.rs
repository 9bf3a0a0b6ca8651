//! `heedful constraints list` and `show`: the rules and the soft types, as told by themselves.

use std::collections::BTreeSet;
use std::io::{self, Write};

use heedful_constraints::args::{Args, Reader};
use heedful_constraints::draw::{Draw, Rng, stream};
use heedful_constraints::rule::Rule;
use heedful_constraints::soft::{self, SoftType};
use heedful_constraints::{Constraint, Profile, Text, describe, plan, registry};
use serde_json::{Value, json};

use crate::{Error, Result};

/// The seed of all samples shown.
const SEED: u64 = 0;

/// Draws made to see all texts of a rule: these depend on the arguments.
const DRAWS: u64 = 64;

/// The request that sampled constraints are added to.
const REQUEST: &str = "Describe a walk by the sea.";

/// A line of the table.
struct Entry {
    id: String,
    group: String,
    profiles: String,
    parameters: String,
    texts: usize,
}

/// Writes a line for each rule and soft type whose id contains `filter`.
///
/// # Errors
/// The output cannot be written.
pub fn list(filter: Option<&str>, json: bool, out: &mut dyn Write) -> Result<()> {
    let rules = registry::rules().map(rule_entry);
    let wanted = |entry: &Entry| filter.is_none_or(|filter| entry.id.contains(filter));
    let entries: Vec<Entry> =
        rules.chain(soft::all().iter().map(soft_entry)).filter(wanted).collect();
    let written = if json { lines(&entries, out) } else { table(&entries, out) };
    written.map_err(Error::stdout)
}

/// The entries as JSON, one a line.
fn lines(entries: &[Entry], out: &mut dyn Write) -> io::Result<()> {
    for entry in entries {
        let line = json!({
            "id": entry.id, "group": entry.group, "profiles": entry.profiles,
            "parameters": entry.parameters, "texts": entry.texts,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// The entries in columns.
fn table(entries: &[Entry], out: &mut dyn Write) -> io::Result<()> {
    let width = |cell: fn(&Entry) -> &str, head: &str| {
        entries.iter().map(|entry| cell(entry).chars().count()).max().unwrap_or(0).max(head.len())
    };
    let ids = width(|entry| &entry.id, "id");
    let groups = width(|entry| &entry.group, "group");
    let profiles = width(|entry| &entry.profiles, "profiles");
    writeln!(
        out,
        "{:ids$}  {:groups$}  {:profiles$}  texts  parameters",
        "id", "group", "profiles"
    )?;
    for entry in entries {
        let Entry { id, group, profiles: profile, parameters, texts } = entry;
        writeln!(out, "{id:ids$}  {group:groups$}  {profile:profiles$}  {texts:5}  {parameters}")?;
    }
    writeln!(out, "{} of {}", entries.len(), registry::rules().len() + soft::all().len())?;
    Ok(())
}

fn rule_entry(rule: &'static Rule) -> Entry {
    let profiles = match rule.deviations.len() {
        0 => "alike".to_owned(),
        1 => "1 deviation".to_owned(),
        n => format!("{n} deviations"),
    };
    Entry {
        id: rule.id.to_owned(),
        group: rule.id.split(':').next().unwrap_or_default().to_owned(),
        profiles,
        parameters: parameters(&registry::schema(rule)),
        texts: texts(rule).len(),
    }
}

fn soft_entry(kind: &'static SoftType) -> Entry {
    let mut slots: BTreeSet<&str> = kind.slots.keys().map(String::as_str).collect();
    slots.extend(kind.together.iter().flat_map(|group| &group.slots).map(String::as_str));
    Entry {
        id: kind.id.clone(),
        group: kind.family.clone(),
        profiles: "judged".to_owned(),
        parameters: slots.into_iter().collect::<Vec<_>>().join(", "),
        texts: kind.texts.len(),
    }
}

/// `key: type` for each argument, `?` where it may be left out.
fn parameters(schema: &Value) -> String {
    let Some(properties) = schema["properties"].as_object() else { return String::new() };
    let required = |key: &str| {
        schema["required"].as_array().is_some_and(|keys| keys.iter().any(|known| known == key))
    };
    let told = properties.iter().map(|(key, value)| {
        let mark = if required(key) { "" } else { "?" };
        format!("{key}{mark}: {}", type_of(value))
    });
    told.collect::<Vec<_>>().join(", ")
}

fn type_of(property: &Value) -> String {
    if let Some(choices) = property["enum"].as_array() {
        const MOST: usize = 5;
        let shown: Vec<&str> = choices.iter().take(MOST).filter_map(Value::as_str).collect();
        let more = choices.len().saturating_sub(MOST);
        let tail = if more > 0 { format!("|… {more} more") } else { String::new() };
        return format!("{}{tail}", shown.join("|"));
    }
    let mut told = property["type"].as_str().unwrap_or("any").to_owned();
    if told == "array" {
        told = format!("list of {}", property["items"]["type"].as_str().unwrap_or("any"));
    }
    match (property["minimum"].as_i64(), property["maximum"].as_i64()) {
        (Some(low), Some(high)) => format!("{told} {low}..{high}"),
        (Some(low), None) => format!("{told} ≥ {low}"),
        (None, Some(high)) => format!("{told} ≤ {high}"),
        (None, None) => told,
    }
}

fn sampled(rule: &Rule, index: u64) -> Args {
    let mut rng: Rng = stream(SEED, index);
    (rule.sample)(&mut Draw { rng: &mut rng, request: REQUEST })
}

/// The different paraphrases of a rule, over many draws of its arguments.
fn texts(rule: &'static Rule) -> BTreeSet<&'static str> {
    let mut all = BTreeSet::new();
    for index in 0..DRAWS {
        let args = sampled(rule, index);
        if let Ok(texts) = (rule.texts)(&Reader::new(rule.id, &args)) {
            all.extend(texts.iter().copied());
        }
    }
    all
}

/// Writes all that is known of the rule or soft type `id`.
///
/// # Errors
/// An unknown id, with the nearest known one; the output cannot be written.
pub fn show(id: &str, json: bool, out: &mut dyn Write) -> Result<()> {
    let told = if id.starts_with("soft:") {
        let kind = soft::get(id);
        soft_told(kind.ok_or_else(|| Error::usage(format!("unknown soft type `{id}`")))?)
    } else {
        rule_told(registry::find(id)?)?
    };
    let written = if json { writeln!(out, "{told}") } else { write_told(&told, out) };
    written.map_err(Error::stdout)
}

fn rule_told(rule: &'static Rule) -> Result<Value> {
    let first = sampled(rule, 0);
    let reader = Reader::new(rule.id, &first);
    let mut paraphrases = Vec::new();
    for template in (rule.texts)(&reader)? {
        paraphrases.push(describe::fill(template, &reader)?);
    }
    let mut examples = Vec::new();
    for example in rule.examples {
        examples.push(json!({
            "args": raw(example.args), "response": example.response,
            "satisfied": example.satisfied,
            "reason": verdict(rule, example.args, example.response)?,
        }));
    }
    let mut deviations = Vec::new();
    for deviation in rule.deviations {
        deviations.push(json!({
            "reason": deviation.reason, "args": raw(deviation.args),
            "response": deviation.response, "official": deviation.official,
            "corrected": !deviation.official,
        }));
    }
    let samples = (0..3).map(|index| sample_told(rule, index)).collect::<Result<Vec<Value>>>()?;
    Ok(json!({
        "id": rule.id, "about": rule.about, "schema": registry::schema(rule),
        "texts": paraphrases, "examples": examples, "deviations": deviations,
        "samples": samples,
    }))
}

fn raw(args: &str) -> Args {
    serde_json::from_str(args).expect("a rule's examples are JSON objects, by the law tests")
}

/// The corrected profile's line about a response.
fn verdict(rule: &Rule, args: &str, response: &str) -> Result<String> {
    let constraint = Constraint::compile(rule.id, raw(args), Profile::Corrected)?;
    Ok(constraint.check(&Text::new(response)).reason.to_string())
}

/// A drawn constraint in words, with a response that satisfies it or the reason for none.
fn sample_told(rule: &Rule, index: u64) -> Result<Value> {
    let constraint = Constraint::compile(rule.id, sampled(rule, index), Profile::Corrected)?;
    let mut told = json!({
        "args": constraint.args(), "text": constraint.describe(index as usize)?,
    });
    match plan::witness(&[&constraint], &mut stream(SEED, index)) {
        Ok(witness) => told["witness"] = witness.into(),
        Err(conflict) => told["no_witness"] = conflict.reason.into(),
    }
    Ok(told)
}

fn soft_told(kind: &SoftType) -> Value {
    let together: Vec<Value> = kind
        .together
        .iter()
        .map(|group| json!({"slots": group.slots, "values": group.values}))
        .collect();
    let samples: Vec<Value> = (0..3)
        .map(|index| {
            let drawn = soft::draw(kind, &mut stream(SEED, index));
            json!({"text": drawn.text})
        })
        .collect();
    json!({
        "id": kind.id, "about": kind.definition, "family": kind.family, "title": kind.title,
        "texts": kind.texts, "slots": kind.slots, "together": together, "samples": samples,
    })
}

fn write_told(told: &Value, out: &mut dyn Write) -> io::Result<()> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |key: &str| told[key].as_array().cloned().unwrap_or_default();
    writeln!(out, "{}\n\n{}", text(&told["id"]), text(&told["about"]))?;
    if let Some(schema) = told.get("schema") {
        writeln!(out, "\nArguments (JSON Schema)\n{}", serde_json::to_string_pretty(schema)?)?;
    }
    writeln!(out, "\nTexts")?;
    for said in list("texts") {
        writeln!(out, "- {}", text(&said))?;
    }
    for key in ["slots", "together"] {
        if let Some(slots) = told.get(key) {
            writeln!(out, "\nSlots ({key})\n{}", serde_json::to_string_pretty(slots)?)?;
        }
    }
    if told.get("examples").is_some() {
        writeln!(out, "\nExamples")?;
    }
    for example in list("examples") {
        let mark = if example["satisfied"] == true { "satisfied" } else { "not satisfied" };
        writeln!(out, "- {} on {}: {mark}", example["args"], example["response"])?;
        writeln!(out, "  {}", text(&example["reason"]))?;
    }
    if !list("deviations").is_empty() {
        writeln!(out, "\nDeviations of `corrected` from `official`")?;
    }
    for deviation in list("deviations") {
        let mark = if deviation["official"] == true { "satisfied" } else { "not satisfied" };
        writeln!(out, "- {}", text(&deviation["reason"]))?;
        writeln!(out, "  {} on {}: official {mark}", deviation["args"], deviation["response"])?;
    }
    writeln!(out, "\nSamples")?;
    for sample in list("samples") {
        writeln!(out, "- {}", text(&sample["text"]))?;
        if let Some(args) = sample.get("args") {
            writeln!(out, "  {args}")?;
        }
        if let Some(witness) = sample.get("witness") {
            writeln!(out, "  witness: {witness}")?;
        }
        if let Some(reason) = sample.get("no_witness") {
            writeln!(out, "  no witness: {}", text(reason))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(id: &str, json: bool) -> String {
        let mut out = Vec::new();
        show(id, json, &mut out).unwrap_or_else(|error| panic!("{id}: {error}"));
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn every_rule_and_soft_type_is_listed() {
        let mut out = Vec::new();
        list(None, true, &mut out).expect("listed");
        let text = String::from_utf8(out).expect("UTF-8");
        assert_eq!(text.lines().count(), registry::rules().len() + soft::all().len());
        for line in text.lines() {
            let entry: Value = serde_json::from_str(line).expect("JSON");
            assert!(entry["texts"].as_u64() >= Some(4), "{line}");
        }
        let mut out = Vec::new();
        list(Some("no_comma"), false, &mut out).expect("listed");
        let text = String::from_utf8(out).expect("UTF-8");
        assert_eq!(text.lines().count(), 3, "{text}");
    }

    #[test]
    fn every_rule_and_soft_type_is_shown() {
        for rule in registry::rules() {
            let told: Value = serde_json::from_str(&shown(rule.id, true)).expect("JSON");
            assert_eq!(told["samples"].as_array().map(Vec::len), Some(3), "{}", rule.id);
            for sample in told["samples"].as_array().expect("a list") {
                assert!(sample.get("witness").is_some(), "{}: {sample}", rule.id);
            }
            assert!(shown(rule.id, false).contains("witness: "), "{}", rule.id);
        }
        for kind in soft::all() {
            assert!(shown(&kind.id, false).contains(&kind.definition), "{}", kind.id);
        }
    }

    #[test]
    fn unknown_ids_are_refused_with_the_nearest() {
        let mut out = Vec::new();
        let error = show("punctuation:nocomma", false, &mut out).expect_err("unknown").to_string();
        assert!(error.contains("punctuation:no_comma"), "{error}");
        assert!(show("soft:none", false, &mut out).is_err());
    }
}
