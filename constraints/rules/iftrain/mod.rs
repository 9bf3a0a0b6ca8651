//! The 29 constraints that IFBench's authors train on (allenai/open-instruct at e6c3044, `IFEvalG`,
//! Apache-2.0) and IFEval has not: held to its recorded verdicts in `../golden.rs`.

rules! {}
