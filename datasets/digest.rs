//! BLAKE3 digests of files and of canonical JSON.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::error::{Error, Result};

/// The digest of `bytes`, 64 hexadecimal digits.
pub fn of_bytes(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// The digest and length of the file at `path`, read in pieces.
///
/// # Errors
/// A file that cannot be read.
pub fn of_file(path: &Path) -> Result<(String, u64)> {
    let mut file = File::open(path).map_err(|e| Error::io(path, e))?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0u8; 1 << 18];
    let mut length = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                hasher.update(&buffer[..n]);
                length += n as u64;
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Error::io(path, e)),
        }
    }
    Ok((hasher.finalize().to_hex().to_string(), length))
}

/// `value` with the keys of every object sorted: one text for equal values.
pub fn canonical(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        Value::Object(object) => {
            let mut pairs: Vec<(&String, &Value)> = object.iter().collect();
            pairs.sort_unstable_by_key(|(key, _)| *key);
            Value::Object(pairs.into_iter().map(|(k, v)| (k.clone(), canonical(v))).collect())
        }
        other => other.clone(),
    }
}

/// The first 32 hexadecimal digits of the digest of `value` in canonical form.
pub fn id_of(value: &Value) -> String {
    let mut id = of_bytes(canonical(value).to_string().as_bytes());
    id.truncate(32);
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_keys_does_not_move_an_id() {
        let a = json!({"a": 1, "b": {"x": [1, 2], "y": 2}});
        let b = json!({"b": {"y": 2, "x": [1, 2]}, "a": 1});
        assert_eq!(id_of(&a), id_of(&b));
        assert_ne!(id_of(&a), id_of(&json!({"a": 1, "b": {"x": [2, 1], "y": 2}})));
        assert_eq!(id_of(&a).len(), 32);
    }
}
