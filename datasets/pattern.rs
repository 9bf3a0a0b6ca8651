//! Names of families: an id, or `group:*` for a whole group.

/// Whether `id` is meant by `pattern`.
pub fn matches(pattern: &str, id: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => id.starts_with(start),
        None => id == pattern,
    }
}

/// Whether `id` is meant by one of `patterns`.
pub fn any(patterns: &[String], id: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, id))
}

/// Whether `id` is drawn: meant by `include`, unless that is empty, and not by `exclude`.
pub fn chosen(include: &[String], exclude: &[String], id: &str) -> bool {
    (include.is_empty() || any(include, id)) && !any(exclude, id)
}
