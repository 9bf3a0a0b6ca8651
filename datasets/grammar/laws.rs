//! The laws of the grammar, on samples.
