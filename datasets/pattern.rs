//! Names of families: an id, `group:*` for a whole group, `@origin` for all rules of one origin.
//!
//! IFBench tests constraints that were never trained on. So its rules are only taken where
//! `@ifbench` or an id names them: neither an empty list nor a group does.

use heedful_constraints::registry::{self, Origin};

/// Whether `id` is meant by `pattern`.
pub fn matches(pattern: &str, id: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => id.starts_with(start),
        None if pattern.starts_with('@') => {
            registry::origin(id).is_some_and(|origin| origin.name() == pattern)
        }
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

/// Whether the rule `id` is kept away from learning: IFBench's, unless one of `patterns` names it.
pub fn reserved(patterns: &[String], id: &str) -> bool {
    let names = |pattern: &String| !pattern.ends_with('*') && matches(pattern, id);
    registry::origin(id) == Some(Origin::IfBench) && !patterns.iter().any(names)
}
