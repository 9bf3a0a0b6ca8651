//! `format:json_block`: a fenced block of JSON under a given JSON Schema.

use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value, json};

use super::fences::{best_block, partly};
use super::json_instance;
use super::wording::quote;
use crate::args::{Args, Reader};
use crate::demand::Demand;
use crate::draw::{Draw, args};
use crate::error::Result;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

/// The deepest nesting of a schema.
const DEEPEST: usize = 24;
/// The longest schema, in bytes of compact JSON.
const LONGEST: usize = 16 << 10;
/// What a `pattern` may compile to, in bytes.
const PATTERN_SIZE: usize = 1 << 18;
/// References can make validation exponential, and reach out of the schema.
const REFUSED: [&str; 7] = [
    "$ref",
    "$dynamicRef",
    "$recursiveRef",
    "$id",
    "$vocabulary",
    "unevaluatedProperties",
    "unevaluatedItems",
];

/// Keywords that ask something of a value; a schema without any of them is a slip.
const KEYWORDS: [&str; 33] = [
    "type",
    "enum",
    "const",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "properties",
    "required",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "dependentSchemas",
    "items",
    "prefixItems",
    "additionalItems",
    "contains",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "dependencies",
];

pub(super) static RULE: Rule = Rule {
    id: "format:json_block",
    about: "The response has a closed fenced block with the info string `json` whose content is \
            one JSON value, valid under this JSON Schema (draft 2020-12 unless `$schema` names \
            another; references and `unevaluated…` are refused, `format` is not looked at). \
            Degree: 1/4 for a block that is no JSON, 1/2 for JSON that the schema refuses.",
    schema: r#"{"properties": {
        "schema": {"type": "object"}
    }, "required": ["schema"]}"#,
    texts: |_| {
        Ok(&[
            "Include a fenced ```json code block whose content is valid under this JSON Schema: \
             {schema}",
            "Your response must contain a code block tagged \"json\" with one JSON value that \
             satisfies the JSON Schema {schema}",
            "Give the data as JSON in a ```json block; it will be validated against this JSON \
             Schema: {schema}",
            "Put a JSON document into a fenced block marked json. It has to conform to the \
             following JSON Schema: {schema}",
        ])
    },
    sample,
    compile: |args, _| {
        let validator = validator(args)?;
        check(move |text| best_block(text.raw(), &["json"], |body| judge(body, &validator)))
    },
    demands: |args| {
        let validator = validator(args)?;
        let fault =
            |why| args.fault("schema", format!("no witness can be made for this schema: {why}"));
        let instance = json_instance::instance(args.value("schema")?).map_err(fault)?;
        match validator.is_valid(&instance) {
            true => Ok(vec![Demand::Fenced("json".to_owned(), instance.to_string())]),
            false => Err(fault(format!("{} does not satisfy it", quote(&instance.to_string())))),
        }
    },
    examples: &[
        Example {
            args: r#"{"schema": {"type": "object", "required": ["name"],
                      "properties": {"name": {"type": "string"}}}}"#,
            response: "Here:\n\n```json\n{\"name\": \"bread\", \"price\": 3}\n```",
            satisfied: true,
        },
        Example {
            args: r#"{"schema": {"type": "array", "items": {"type": "integer"}}}"#,
            response: "```json\n{}\n```\n```JSON\n[1, 2]\n```",
            satisfied: true,
        },
        Example {
            args: r#"{"schema": {"type": "object", "required": ["name"],
                      "properties": {"name": {"type": "string"}}}}"#,
            response: "```json\n{\"name\": 3}\n```",
            satisfied: false,
        },
        Example {
            args: r#"{"schema": {"type": "object"}}"#,
            response: "{\"name\": 3}\n```json\n{name: 3}\n```",
            satisfied: false,
        },
    ],
    deviations: &[],
};

fn judge(body: &str, validator: &Validator) -> Verdict {
    let value: Value = match serde_json::from_str(body) {
        Ok(value) => value,
        Err(error) => return partly(0.25, format!("the json block is no JSON: {error}")),
    };
    match validator.iter_errors(&value).next() {
        None => Verdict::pass("has a json block that satisfies the schema"),
        Some(error) => {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { "the top".to_owned() } else { quote(&place) };
            let keyword = error.kind().keyword().to_owned();
            partly(0.5, format!("the json block breaks `{keyword}` at {place}"))
        }
    }
}

/// The schema, prepared.
///
/// # Errors
/// A schema that is invalid, too large, too deep or has references.
fn validator(args: &Reader<'_>) -> Result<Validator> {
    let schema = args.value("schema")?;
    refuse(schema, 0).map_err(|problem| args.fault("schema", problem))?;
    let members = schema.as_object().ok_or_else(|| args.fault("schema", "is no object"))?;
    if !members.keys().any(|key| KEYWORDS.contains(&key.as_str())) {
        return Err(args.fault("schema", "has no keyword that asks anything of a value"));
    }
    let length = schema.to_string().len();
    if length > LONGEST {
        return Err(args.fault("schema", format!("has {length} bytes, at most {LONGEST} are read")));
    }
    let patterns = PatternOptions::regex().size_limit(PATTERN_SIZE);
    let options = jsonschema::options()
        .offline()
        .with_pattern_options(patterns)
        .should_validate_formats(false);
    options.build(schema).map_err(|error| {
        let problem = crate::error::shorten(&error.to_string());
        args.fault("schema", format!("is no JSON Schema that can be used: {problem}"))
    })
}

fn refuse(schema: &Value, depth: usize) -> std::result::Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("is nested deeper than {DEEPEST}"));
    }
    match schema {
        Value::Object(members) => {
            members.iter().try_for_each(|(key, value)| match REFUSED.contains(&key.as_str()) {
                true => Err(format!("uses `{key}`, which is not supported")),
                false => refuse(value, depth + 1),
            })
        }
        Value::Array(items) => items.iter().try_for_each(|item| refuse(item, depth + 1)),
        _ => Ok(()),
    }
}

/// An object of one to four properties, some of them required.
fn sample(draw: &mut Draw<'_>) -> Args {
    let n = draw.between(1, 4) as usize;
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (at, name) in draw.nouns(n).into_iter().enumerate() {
        if at == 0 || draw.coin() {
            required.push(name);
        }
        properties.insert(name.to_owned(), property(draw));
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.insert("required".to_owned(), json!(required));
    if draw.coin() {
        schema.insert("additionalProperties".to_owned(), json!(false));
    }
    args([("schema", Value::Object(schema))])
}

fn property(draw: &mut Draw<'_>) -> Value {
    match draw.between(0, 5) {
        0 => json!({"type": "integer", "minimum": draw.between(0, 9)}),
        1 => json!({"type": "boolean"}),
        2 => json!({"enum": draw.nouns(3)}),
        3 => {
            let least = draw.between(1, 4);
            json!({"type": "array", "items": {"type": "string"}, "minItems": least})
        }
        4 => json!({"type": "string", "minLength": draw.between(1, 20)}),
        _ => json!({"type": "string"}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(schema: Value) -> String {
        let args = args([("schema", schema)]);
        let reader = Reader::new(RULE.id, &args);
        (RULE.compile)(&reader, crate::Profile::Corrected).err().expect("refused").to_string()
    }

    #[test]
    fn bad_schemas_are_refused_when_compiled() {
        let deep = (0..40).fold(json!({"type": "null"}), |inner, _| json!({"items": inner}));
        let cases = [
            (json!({"type": "thing"}), "no JSON Schema"),
            (json!({"of": "another type"}), "no keyword"),
            (json!({"pattern": "(a"}), "no JSON Schema"),
            (json!({"pattern": "((a{999}){999}){999}"}), "no JSON Schema"),
            (json!({"items": {"$ref": "#"}}), "`$ref`"),
            (json!({"$schema": "http://example.com/own", "type": "null"}), "no JSON Schema"),
            (json!({"const": "x".repeat(20_000)}), "at most 16384"),
            (deep, "deeper than 24"),
        ];
        for (schema, expected) in cases {
            let error = refusal(schema);
            assert!(error.contains(expected), "{error} lacks {expected}");
            assert!(error.contains("format:json_block") && error.contains("`schema`"), "{error}");
        }
    }

    #[test]
    fn a_schema_without_witness_says_so() {
        let schemas = [
            json!({"type": "string", "pattern": "^[0-9]{4}$"}),
            json!({"type": "integer", "minimum": 3, "maximum": 2}),
            json!({"allOf": [{"type": "string"}, {"type": "null"}]}),
            json!({"type": "string", "minLength": 1_000_000}),
        ];
        for schema in schemas {
            let args = args([("schema", schema)]);
            let error = (RULE.demands)(&Reader::new(RULE.id, &args)).expect_err("no witness");
            assert!(error.to_string().contains("no witness can be made"), "{error}");
        }
    }
}
