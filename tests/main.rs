//! One integration binary over the real command line.

mod data_build;
mod eval;
mod fuzz;
mod hostile;
mod tidy;
mod util;
mod verify;
