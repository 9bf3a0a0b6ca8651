use std::path::PathBuf;

use super::*;

/// SmolLM2-135M-Instruct as GGUF, where HEEDFUL_SMOLLM2 names it.
fn smollm2() -> Option<PathBuf> {
    std::env::var_os("HEEDFUL_SMOLLM2").map(PathBuf::from)
}

#[test]
fn smollm2_is_read_whole() {
    let Some(path) = smollm2() else { return };
    let model = Checkpoint::open(&path).unwrap();
    println!("{:?} {:?}", model.config(), model.notes());
    let tokenizer = model.tokenizer().unwrap();
    println!(
        "{:?} {}",
        tokenizer.encode("<|im_start|>Hello  world 1234\n\n it's é日本").unwrap(),
        tokenizer.vocab()
    );
    println!("{:?}", model.special());
    println!("{:?}", model.chat_template());
    let mut out = vec![0.0; 49152 * 576];
    model.read_f32("model.embed_tokens.weight", &mut out).unwrap();
    println!("{:?}", &out[..8]);
}
