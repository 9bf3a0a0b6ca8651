//! Shapes of published models, and drawn weights of them that are made on the card.

use heedful_kernels::{Device, Dtype, Tensor, copy, fill};
use heedful_models::config::Head;
use heedful_models::counter::Counter;
use heedful_models::params::Layout;
use heedful_models::{Config, Family, Result, RopeScaling};

/// A model by its name. The figures are those of its `config.json`.
pub(crate) fn named(name: &str) -> Option<Config> {
    let plain = Config {
        family: Family::Qwen2,
        vocab: 151_936,
        width: 896,
        layers: 24,
        heads: 14,
        kv_heads: 2,
        head_dim: 64,
        ffn: 4864,
        context: 32_768,
        norm_eps: 1e-6,
        rope_theta: 1e6,
        rope_scaling: RopeScaling::None,
        qkv_bias: true,
        qk_norm: false,
        tied: true,
        bos: None,
        eos: vec![151_643],
        pad: Some(151_643),
    };
    Some(match name {
        "smollm2-135m" => Config {
            family: Family::Llama,
            vocab: 49_152,
            width: 576,
            layers: 30,
            heads: 9,
            kv_heads: 3,
            ffn: 1536,
            context: 8192,
            norm_eps: 1e-5,
            rope_theta: 1e5,
            qkv_bias: false,
            bos: Some(1),
            eos: vec![2],
            pad: Some(2),
            ..plain
        },
        "qwen2.5-0.5b" => plain,
        "qwen2.5-1.5b" => {
            Config { width: 1536, layers: 28, heads: 12, head_dim: 128, ffn: 8960, ..plain }
        }
        "qwen2.5-7b" => Config {
            vocab: 152_064,
            width: 3584,
            layers: 28,
            heads: 28,
            kv_heads: 4,
            head_dim: 128,
            ffn: 18_944,
            tied: false,
            ..plain
        },
        "tiny" => Config {
            vocab: 96,
            width: 64,
            layers: 2,
            heads: 2,
            kv_heads: 1,
            ffn: 48,
            context: 256,
            eos: vec![2],
            pad: Some(2),
            ..plain
        },
        _ => return None,
    })
}

/// Drawn values come again after so many, a prime, so that no two rows of a matrix are the same.
const PERIOD: usize = 4_194_301;

/// Standard deviation of drawn weights.
const DEVIATION: f64 = 0.02;

/// A flat buffer of parameters: norms 1, biases 0, all else uniform. A few million values are drawn
/// on the host, and copied within the card as often as it takes: neither disk nor bus is asked for
/// fifteen gigabytes.
pub(crate) fn drawn(dev: &Device, config: &Config, head: Head, dtype: Dtype) -> Result<Tensor> {
    let layout = Layout::new(config, head)?;
    let mut values = dev.zeros(dtype, layout.len())?;
    let first = layout.len().min(PERIOD);
    let counter = Counter::named("drawn on the card");
    let reach = (DEVIATION * 3f64.sqrt()) as f32;
    let block: Vec<f32> = (0..first).map(|at| reach * counter.uniform(at as u64)).collect();
    copy::write_f32(dev, values.part_mut(0..first), &block)?;
    let mut filled = first;
    while filled < layout.len() {
        let count = filled.min(layout.len() - filled);
        let (from, to) = values.view_mut().split_at(filled);
        copy::part(dev, to.slice(0..count), from.read().slice(0..count))?;
        filled += count;
    }
    for entry in layout.tensors.iter().filter(|entry| entry.shape.len() == 1) {
        let value = if entry.name.ends_with("norm.weight") { 1.0 } else { 0.0 };
        fill::forward(dev, values.part_mut(entry.range.clone()), value)?;
    }
    Ok(values)
}

/// Ids of a text that nobody wrote.
pub(crate) fn ids(config: &Config, seed: u32, count: usize) -> Vec<u32> {
    let counter = Counter::named("ids").split(u64::from(seed));
    (0..count).map(|at| (counter.bits(at as u64) % config.vocab as u64) as u32).collect()
}
