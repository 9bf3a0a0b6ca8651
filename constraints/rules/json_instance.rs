//! A small instance of a JSON Schema, for witnesses.
//!
//! It follows `const`, `enum`, `type`, `properties` and `required`, `items` and `prefixItems`, the
//! bounds of numbers, strings, arrays and objects, and the first branch of `anyOf` and `oneOf`.
//! Whatever else a schema says, the caller's validator has the last word on the instance.

use serde_json::{Map, Value, json};

/// Values that one instance may have in all.
const MOST_VALUES: usize = 500;
/// The longest string that is made, in characters.
const LONGEST: u64 = 500;

/// An instance, which may still break keywords that are not followed.
///
/// # Errors
/// Why none can be made.
pub(super) fn instance(schema: &Value) -> Result<Value, String> {
    let mut left = MOST_VALUES;
    make(schema, &mut left)
}

fn make(schema: &Value, left: &mut usize) -> Result<Value, String> {
    *left = left.checked_sub(1).ok_or("it needs too many values")?;
    let schema = match schema {
        Value::Object(schema) => schema,
        Value::Bool(false) => return Err("`false` accepts nothing".to_owned()),
        _ => return Ok(json!("bread")),
    };
    if let Some(value) = schema.get("const") {
        return Ok(value.clone());
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.first().cloned().ok_or_else(|| "`enum` is empty".to_owned());
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(branch) = schema.get(key).and_then(|branches| branches.get(0)) {
            return make(&merged(schema, key, branch), left);
        }
    }
    match kind(schema) {
        "object" => object(schema, left),
        "array" => array(schema, left),
        "string" => string(schema),
        "integer" => number(schema, true),
        "number" => number(schema, false),
        "boolean" => Ok(Value::Bool(true)),
        "null" => Ok(Value::Null),
        other => Err(format!("the type {other:?} is unknown")),
    }
}

/// The schema with one branch laid over it in place of the choice under `key`.
fn merged(schema: &Map<String, Value>, key: &str, branch: &Value) -> Value {
    let mut merged = schema.clone();
    merged.remove(key);
    match branch {
        Value::Object(branch) => {
            merged.extend(branch.iter().map(|(k, v)| (k.clone(), v.clone())));
            Value::Object(merged)
        }
        Value::Bool(false) => Value::Bool(false),
        _ => Value::Object(merged),
    }
}

/// The type to make: the first one named, or the one that the keywords speak of.
fn kind(schema: &Map<String, Value>) -> &str {
    let named = match schema.get("type") {
        Some(Value::Array(types)) => types.first(),
        named => named,
    };
    let has = |keys: &[&str]| keys.iter().any(|key| schema.contains_key(*key));
    match named.and_then(Value::as_str) {
        Some(named) => named,
        None if has(&["properties", "required", "minProperties"]) => "object",
        None if has(&["items", "prefixItems", "minItems", "contains"]) => "array",
        None if has(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]) => "number",
        None => "string",
    }
}

fn object(schema: &Map<String, Value>, left: &mut usize) -> Result<Value, String> {
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let other = schema.get("additionalProperties").unwrap_or(&Value::Bool(true));
    let mut made = Map::new();
    let required = schema.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        made.insert(name.to_owned(), make(properties.get(name).unwrap_or(other), left)?);
    }
    let fewest = bound(schema, "minProperties").unwrap_or(0) as usize;
    for (name, property) in properties {
        if made.len() < fewest && !made.contains_key(name) {
            made.insert(name.clone(), make(property, left)?);
        }
    }
    let mut name = "word".to_owned();
    while made.len() < fewest {
        made.insert(name.clone(), make(other, left)?);
        name.push('s');
    }
    Ok(Value::Object(made))
}

fn array(schema: &Map<String, Value>, left: &mut usize) -> Result<Value, String> {
    let first = schema.get("prefixItems").and_then(Value::as_array);
    let first: &[Value] = first.map_or(&[], Vec::as_slice);
    let rest = schema.get("items").or_else(|| schema.get("contains"));
    let needs_one = u64::from(schema.contains_key("contains"));
    let fewest = bound(schema, "minItems").unwrap_or(0).max(needs_one);
    let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
    let mut made: Vec<Value> = Vec::new();
    while (made.len() as u64) < fewest {
        let item = first.get(made.len()).or(rest).unwrap_or(&Value::Bool(true));
        let value = make(item, left)?;
        let value = if unique { fresh(value, &made, item)? } else { value };
        made.push(value);
    }
    Ok(Value::Array(made))
}

/// `value`, or one like it that `made` does not hold yet.
fn fresh(value: Value, made: &[Value], schema: &Value) -> Result<Value, String> {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let unused = values.iter().find(|value| !made.contains(value)).cloned();
        return unused.ok_or_else(|| "`enum` has too few values for unique items".to_owned());
    }
    let mut value = value;
    while made.contains(&value) {
        value = match value {
            Value::String(text) => Value::String(text + "s"),
            Value::Bool(true) => Value::Bool(false),
            Value::Number(n) => match n.as_i64().and_then(|n| n.checked_add(1)) {
                Some(next) => json!(next),
                None => return Err("unique items of this type are not made".to_owned()),
            },
            _ => return Err("unique items of this type are not made".to_owned()),
        };
    }
    Ok(value)
}

fn string(schema: &Map<String, Value>) -> Result<Value, String> {
    let fewest = bound(schema, "minLength").unwrap_or(0);
    if fewest > LONGEST {
        return Err(format!("`minLength` is above {LONGEST}"));
    }
    let most = bound(schema, "maxLength").unwrap_or(u64::MAX);
    let length = 5.max(fewest).min(most) as usize;
    Ok(Value::String("bread and salt ".chars().cycle().take(length).collect()))
}

fn number(schema: &Map<String, Value>, whole: bool) -> Result<Value, String> {
    let get = |key: &str| schema.get(key).and_then(Value::as_f64);
    let step = get("multipleOf").filter(|step| *step > 0.0).unwrap_or(1.0);
    let low = get("minimum").into_iter().chain(get("exclusiveMinimum")).reduce(f64::max);
    let high = get("maximum").into_iter().chain(get("exclusiveMaximum")).reduce(f64::min);
    let mut x = match (low, high) {
        (Some(low), _) => (low / step).ceil() * step,
        (None, Some(high)) => (high / step).floor() * step,
        (None, None) => step,
    };
    if get("exclusiveMinimum").is_some_and(|low| x <= low) {
        x += step;
    }
    if low.is_none() && get("exclusiveMaximum").is_some_and(|high| x >= high) {
        x -= step;
    }
    let misses = high.is_some_and(|high| x > high || get("exclusiveMaximum") == Some(x));
    if let (true, false, Some(low), Some(high)) = (misses, whole, low, high) {
        x = (low + high) / 2.0;
    }
    match x.fract() == 0.0 && x.abs() < 9.0e15 {
        true => Ok(json!(x as i64)),
        false if whole => Err("no whole number of this kind is made".to_owned()),
        false => Ok(json!(x)),
    }
}

/// A bound that counts something.
fn bound(schema: &Map<String, Value>, key: &str) -> Option<u64> {
    let value = schema.get(key)?;
    value.as_u64().or_else(|| value.as_f64().map(|x| x as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_valid() {
        let schemas = [
            json!({}),
            json!({"type": ["integer", "null"], "exclusiveMinimum": 4, "maximum": 5}),
            json!({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
            json!({"type": "integer", "multipleOf": 7, "minimum": 10}),
            json!({"maximum": -3.5}),
            json!({"type": "string", "minLength": 40, "maxLength": 41}),
            json!({"type": "string", "maxLength": 2}),
            json!({"type": "array", "minItems": 3, "uniqueItems": true,
                   "items": {"type": "string"}}),
            json!({"type": "array", "minItems": 2, "uniqueItems": true,
                   "items": {"enum": ["a", "b"]}}),
            json!({"prefixItems": [{"const": 1}, {"type": "null"}], "minItems": 3}),
            json!({"minProperties": 3, "properties": {"a": {"type": "boolean"}}}),
            json!({"required": ["a", "b"], "additionalProperties": {"type": "array"},
                   "properties": {"a": {"type": "object", "required": ["c"]}}}),
            json!({"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}),
            json!({"contains": {"type": "integer"}}),
        ];
        for schema in schemas {
            let made = instance(&schema).expect("can be made");
            let validator = jsonschema::validator_for(&schema).expect("a valid schema");
            assert!(validator.is_valid(&made), "{made} is no instance of {schema}");
        }
    }

    #[test]
    fn what_grows_without_end_is_refused() {
        let nested = (0..5).fold(
            json!({"type": "null"}),
            |inner, _| json!({"type": "array", "items": inner, "minItems": 100}),
        );
        let refused = [nested, json!({"minItems": 1e15, "items": true}), json!(false)];
        for schema in refused {
            assert!(instance(&schema).is_err(), "{schema}");
        }
    }
}
