//! The heedful command.

fn main() {}
