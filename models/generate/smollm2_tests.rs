//! Greedy text of SmolLM2-135M against transformers'. Needs the model: HEEDFUL_SMOLLM2 names the
//! GGUF file.

use heedful_kernels::Dtype;
use serde_json::Value;

use super::*;
use crate::checkpoint::Checkpoint;
use crate::engine::{Keep, Settings, Weights};

#[test]
fn greedy_text_of_smollm2_is_that_of_transformers() {
    let Some(path) = std::env::var_os("HEEDFUL_SMOLLM2") else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "HEEDFUL_SMOLLM2 is not set");
        eprintln!("SKIPPED: greedy parity of SmolLM2-135M: HEEDFUL_SMOLLM2 names no GGUF file");
        return;
    };
    let record: Value =
        serde_json::from_str(include_str!("../../tests/oracles/smollm2_greedy.json")).unwrap();
    let cases = record["cases"].as_array().unwrap();
    let checkpoint = Checkpoint::open(path).unwrap();
    let tokenizer = checkpoint.tokenizer().unwrap();
    let ids = |value: &Value| -> Vec<u32> {
        value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
    };
    let request = |case: &Value| {
        let prompt = tokenizer.encode(case["text"].as_str().unwrap()).unwrap();
        assert_eq!(prompt, ids(&case["prompt"]));
        Request { name: String::new(), prompt, samples: 0..1 }
    };
    let requests: Vec<Request> = cases.iter().map(request).collect();
    let dev = Device::cpu(2).unwrap();
    let mut said = Vec::new();
    for keep in [Keep::As(Dtype::F32), Keep::Blocks(Dtype::F32)] {
        let weights = Weights::load(&dev, &checkpoint, keep).unwrap();
        let settings = Settings { slots: 8, positions: 256, ..Settings::default() };
        let mut engine = Engine::new(&dev, weights, checkpoint.config(), settings).unwrap();
        let sampling = sample::Settings::GREEDY;
        let options = Options { sampling, max_tokens: 64, ..Options::default() };
        let mut heard = 0;
        run(&dev, &mut engine, Some(&tokenizer), &requests, &options, &mut |event| {
            if let Event::Finished(completion) = event {
                let case = &cases[completion.request];
                assert_eq!(completion.tokens, ids(&case["tokens"]), "{}", case["text"]);
                let theirs =
                    case["logprobs"].as_array().unwrap().iter().map(|l| l.as_f64().unwrap());
                for (ours, theirs) in completion.logprobs.iter().zip(theirs) {
                    assert!((f64::from(*ours) - theirs).abs() < 1e-3, "{ours} {theirs}");
                }
                said.push((completion.request, completion.logprobs));
                heard += 1;
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(heard, cases.len());
    }
    // Blocks are exact.
    let (f32s, blocks) = said.split_at(cases.len());
    assert!(f32s == blocks);
}
