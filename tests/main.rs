//! One integration binary over the real command line.

mod tidy;
