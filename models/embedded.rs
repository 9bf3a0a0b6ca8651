//! The model that is part of the program: `embedded`, wherever a model is named.
//!
//! How it was made and what it can do stands in `models/embedded/README.md`.

use std::path::Path;

use crate::checkpoint::Embedded;

/// What it is called. A folder of this name in the working folder is `./embedded`.
pub const NAME: &str = "embedded";

/// Its files.
pub(crate) const FILES: Embedded = Embedded {
    name: NAME,
    config: include_str!("embedded/config.json"),
    tokenizer: include_str!("embedded/tokenizer.json"),
    tokenizer_config: include_str!("embedded/tokenizer_config.json"),
    weights: include_bytes!("embedded/model.safetensors"),
};

/// Whether this names it.
pub fn is(path: &Path) -> bool {
    path.as_os_str() == NAME
}

/// BLAKE3 of its files.
pub(crate) fn digest() -> String {
    let Embedded { name: _, config, tokenizer, tokenizer_config, weights } = FILES;
    let mut all = blake3::Hasher::new();
    for bytes in [config.as_bytes(), tokenizer.as_bytes(), tokenizer_config.as_bytes(), weights] {
        all.update(blake3::hash(bytes).to_hex().as_bytes());
    }
    all.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Checkpoint, pull, resolve};

    #[test]
    fn it_is_found_by_its_name_and_whole() {
        let path = resolve(NAME).unwrap();
        assert!(is(&path) && !is(Path::new("./embedded")));
        let model = Checkpoint::open(&path).unwrap();
        assert!(FILES.weights.len() <= 8_000_000);
        assert_eq!(pull::digest(&path).unwrap(), digest());
        let tokenizer = model.tokenizer().unwrap();
        let special = model.special().unwrap();
        let eos = special.eos.unwrap();
        assert_eq!(tokenizer.id(&eos), model.config().eos.first().copied());
        assert!(model.chat_template().unwrap().unwrap().contains("add_generation_prompt"));
        let text = "Advise on a player: écoute, 7 times!\n";
        assert_eq!(tokenizer.decode(&tokenizer.encode(text).unwrap()).unwrap(), text);
    }
}
