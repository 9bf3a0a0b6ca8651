//! What can be asked, said and checked: rules, text analysis, conflict, witness.

pub mod router;
pub mod soft;
