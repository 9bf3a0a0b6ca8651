//! Responses against a dataset.
