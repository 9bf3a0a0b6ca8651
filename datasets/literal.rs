//! JSON values as Python literals, as `ast.literal_eval` reads them.

use serde_json::Value;

/// Appends `value` to `text` as a Python literal.
pub fn push(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("None"),
        Value::Bool(true) => text.push_str("True"),
        Value::Bool(false) => text.push_str("False"),
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::String(string) => push_string(string, text),
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                push(item, text);
            }
            text.push(']');
        }
        Value::Object(object) => {
            text.push('{');
            for (at, (key, value)) in object.iter().enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                push_string(key, text);
                text.push_str(": ");
                push(value, text);
            }
            text.push('}');
        }
    }
}

fn push_string(string: &str, text: &mut String) {
    text.push('\'');
    for c in string.chars() {
        match c {
            '\'' => text.push_str("\\'"),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                text.push_str(&format!("\\x{:02x}", c as u32));
            }
            c => text.push(c),
        }
    }
    text.push('\'');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_spelt_as_python_spells_them() {
        let value =
            json!([{"instruction_id": ["a:b"], "kwargs": [null, {"x": true, "y": "it's\n\0"}]}]);
        let mut text = String::new();
        push(&value, &mut text);
        let expected = "[{'instruction_id': ['a:b'], 'kwargs': [None, \
                        {'x': True, 'y': 'it\\'s\\n\\x00'}]}]";
        assert_eq!(text, expected);
    }
}
