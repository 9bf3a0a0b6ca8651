//! What can be asked, said and checked: rules, text analysis, conflict, witness.

pub mod language;
pub mod python;
