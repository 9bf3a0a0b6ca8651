//! Tables on disk: their schema, versions and history; recipes; seed instructions.
