//! One file a rule (or a family of rows). To add one: the file, and one line below.

use crate::rule::Rule;

/// Declares the modules and gathers their rules; the registry sorts them by id.
macro_rules! rules {
    ($($module:ident: $($rule:ident)+;)+) => {
        $(mod $module;)+
        /// Every rule.
        pub(crate) static RULES: &[&Rule] = &[$($(&$module::$rule),+),+];
    };
}

rules! {
    no_comma: RULE;
}
