//! The layouts of instruction-following datasets, each row brought to one form.
//!
//! | layout | ids and arguments |
//! |---|---|
//! | IFEval, IFBench, TRL, ours | columns `instruction_id_list` and `kwargs` |
//! | verl | the same two as JSON in `reward_model.ground_truth` |
//! | open-instruct | a Python literal (or JSON) in `ground_truth`, ids under `instruction_id` |
//!
//! `kwargs`, and each member of it, may be JSON in a string. The prompt is a text, or the user's
//! turns of a conversation under `prompt` or `messages`.

use heedful_constraints::lint;
use heedful_datasets::error::{Fault, FaultKind};
use heedful_datasets::json;
use serde_json::{Map, Value};

use super::literal;

type Outcome<T> = Result<T, Fault>;

/// The row behind an object of any of the layouts.
pub(crate) fn row(object: &Map<String, Value>) -> Outcome<lint::Row> {
    let (ids, kwargs) = constraints(object)?;
    let key = ["key", "id"].into_iter().find_map(|key| match object.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    Ok(lint::Row { key, prompt: prompt(object)?, ids, kwargs })
}

type Constraints = (Vec<String>, Vec<Value>);

fn present<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| !value.is_null())
}

fn constraints(object: &Map<String, Value>) -> Outcome<Constraints> {
    if let Some(ids) = present(object, "instruction_id_list") {
        return pair("instruction_id_list", ids, object.get("kwargs"));
    }
    let nested = present(object, "reward_model").and_then(|model| model.get("ground_truth"));
    let (key, truth) = match (nested, present(object, "ground_truth")) {
        (Some(truth), _) => ("reward_model.ground_truth", truth),
        (None, Some(truth)) => ("ground_truth", truth),
        (None, None) => return Err(Fault::missing("instruction_id_list")),
    };
    ground_truth(key, truth)
}

fn ground_truth(key: &str, truth: &Value) -> Outcome<Constraints> {
    let mut value = match truth {
        Value::String(text) => json_or_literal(key, text)?,
        other => other.clone(),
    };
    if let Value::Array(items) = value {
        let first = items.into_iter().next();
        value = first.ok_or_else(|| Fault::wrong_type(key, truth, "a list with one member"))?;
    }
    if let Value::String(text) = value {
        value = json_or_literal(key, &text)?;
    }
    let Value::Object(members) = value else {
        return Err(Fault::wrong_type(key, truth, "an object of ids and arguments"));
    };
    for ids_key in ["instruction_id_list", "instruction_id"] {
        if let Some(ids) = present(&members, ids_key) {
            return pair(ids_key, ids, members.get("kwargs"));
        }
    }
    if members.contains_key("func_name") {
        let problem = "holds `func_name`, the older layout without ids, which is not read";
        return Err(Fault::at(FaultKind::BadValue, key, &truth.to_string(), problem));
    }
    Err(Fault::missing("instruction_id_list"))
}

fn json_or_literal(key: &str, text: &str) -> Outcome<Value> {
    let fault = match json::parse(text) {
        Ok(value) => return Ok(value),
        Err(fault) => fault,
    };
    literal::parse(text).map_err(|refusal| {
        let problem = format!(
            "is neither JSON ({}) nor a Python literal ({} at byte {})",
            fault.problem, refusal.problem, refusal.at
        );
        Fault::at(FaultKind::Syntax, key, text, problem)
    })
}

/// Ids and arguments, which may each be JSON in strings.
fn pair(key: &str, ids: &Value, kwargs: Option<&Value>) -> Outcome<Constraints> {
    let ids = match unpacked(key, ids)? {
        Value::Array(items) => items,
        other => return Err(Fault::wrong_type(key, &other, "a list")),
    };
    let id = |id: Value| match id {
        Value::String(id) => Ok(id),
        other => Err(Fault::wrong_type(key, &other, "a list of strings")),
    };
    let ids = ids.into_iter().map(id).collect::<Outcome<Vec<String>>>()?;
    let kwargs = kwargs.ok_or_else(|| Fault::missing("kwargs"))?;
    let kwargs = match unpacked("kwargs", kwargs)? {
        Value::Array(items) => items,
        other => return Err(Fault::wrong_type("kwargs", &other, "a list")),
    };
    let kwargs = kwargs.iter().map(|args| unpacked("kwargs", args)).collect::<Outcome<_>>()?;
    Ok((ids, kwargs))
}

/// The value, or what its text holds.
fn unpacked(key: &str, value: &Value) -> Outcome<Value> {
    match value {
        Value::String(text) => json_or_literal(key, text),
        other => Ok(other.clone()),
    }
}

fn prompt(object: &Map<String, Value>) -> Outcome<String> {
    let found = ["prompt", "messages"].into_iter().find_map(|k| Some((k, present(object, k)?)));
    match found {
        None => Ok(String::new()),
        Some((_, Value::String(text))) => Ok(text.clone()),
        Some((key, Value::Array(turns))) => {
            let mut said: Vec<&str> = Vec::new();
            for turn in turns {
                let content = turn.get("content").and_then(Value::as_str);
                match (turn.get("role").and_then(Value::as_str), content) {
                    (Some("user" | "system"), Some(content)) => said.push(content),
                    (Some(_), _) => {}
                    (None, _) => return Err(Fault::wrong_type(key, turn, "a turn with a role")),
                }
            }
            Ok(said.join("\n"))
        }
        Some((key, other)) => Err(Fault::wrong_type(key, other, "a text or a conversation")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> Outcome<lint::Row> {
        row(value.as_object().expect("an object"))
    }

    #[test]
    fn every_layout_gives_the_same_row() {
        let truth = r#"{"instruction_id_list": ["a:b", "c:d"], "kwargs": [{"n": 1}, null]}"#;
        let python = "[{'instruction_id': ['a:b', 'c:d'], 'kwargs': [{'n': 1}, None]}]";
        let packed = format!("[{}]", json!(truth));
        let turns = json!([{"role": "user", "content": "Hi"}]);
        let rows = [
            json!({"prompt": "Hi", "instruction_id_list": ["a:b", "c:d"],
                "kwargs": [{"n": 1}, null]}),
            json!({"prompt": turns, "instruction_id_list": ["a:b", "c:d"],
                "kwargs": ["{\"n\": 1}", "null"]}),
            json!({"prompt": turns, "instruction_id_list": ["a:b", "c:d"],
                "kwargs": "[{\"n\": 1}, null]"}),
            json!({"prompt": turns, "reward_model": {"style": "rule", "ground_truth": truth}}),
            json!({"messages": turns, "ground_truth": python}),
            json!({"messages": turns, "ground_truth": packed}),
        ];
        let ids = vec!["a:b".to_owned(), "c:d".to_owned()];
        let kwargs = vec![json!({"n": 1}), Value::Null];
        let expected = lint::Row { key: None, prompt: "Hi".to_owned(), ids, kwargs };
        for value in rows {
            assert_eq!(read(value.clone()).as_ref(), Ok(&expected), "{value}");
        }
    }

    #[test]
    fn rows_of_no_layout_are_refused() {
        let rows = [
            (json!({"prompt": "Hi"}), "instruction_id_list"),
            (json!({"prompt": "Hi", "instruction_id_list": ["a:b"]}), "kwargs"),
            (json!({"instruction_id_list": "a:b", "kwargs": []}), "instruction_id_list"),
            (json!({"instruction_id_list": [3], "kwargs": []}), "instruction_id_list"),
            (json!({"ground_truth": "[{'a': open('x')}]"}), "ground_truth"),
            (json!({"ground_truth": "{\"func_name\": \"f\"}"}), "ground_truth"),
            (json!({"prompt": 3, "instruction_id_list": [], "kwargs": []}), "prompt"),
        ];
        for (value, key) in rows {
            assert_eq!(read(value.clone()).expect_err("no layout").key, key, "{value}");
        }
    }
}
