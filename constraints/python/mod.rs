//! Text as CPython 3.11 sees it: character classes, `str` methods, `json.loads`, `csv` and `re`.
//!
//! The published scorers are Python programs. Rust's own notions of a word character, of white
//! space, of case or of JSON differ from Python's in hundreds of places, and a verdict can turn on
//! any of them, so the checks use these functions and never Rust's.

pub mod ascii;
pub mod chars;
pub mod csv;
pub mod json;
pub mod pattern;
mod pattern_class;
mod pattern_emit;
mod pattern_group;
mod pattern_literal;
mod pattern_parse;
mod pattern_vm;
pub mod strings;
