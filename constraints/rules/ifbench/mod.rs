//! The 58 constraints of IFBench (allenai/IFBench at db69a6f, Apache-2.0): held to its recorded
//! verdicts in `../golden.rs`. It is a test of what was never trained on: recipes take these ids only
//! where they name them.

rules! {
    words_odd_even_syllables: RULE;
    words_start_verb: RULE;
}
