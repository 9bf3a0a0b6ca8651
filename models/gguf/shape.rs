//! The shape that a file's metadata says.

use super::File;
use crate::config::{Config, Family, RopeScaling};
use crate::error::Result;

/// Architectures by their names.
const FAMILIES: [(&str, Family); 3] =
    [("llama", Family::Llama), ("qwen2", Family::Qwen2), ("qwen3", Family::Qwen3)];

/// Divisors of the rotary frequencies, where a Llama 3 has them.
pub(super) const ROPE_FACTORS: &str = "rope_freqs.weight";

/// Reads the shape; sizes are checked, tensors are not yet.
pub(super) fn read(file: &File) -> Result<Config> {
    let arch = file.text("general.architecture")?;
    let arch = arch.ok_or_else(|| file.refuse("has no `general.architecture`"))?;
    let family = FAMILIES.iter().find(|(name, _)| *name == arch).map(|(_, family)| *family);
    let Some(family) = family else {
        let problem = "is not supported: llama, qwen2 and qwen3 are";
        return Err(file.refuse(format!("`general.architecture` = {arch}: {problem}")));
    };
    let key = |name: &str| format!("{arch}.{name}");
    let need = |name: &str| file.need(&key(name));
    switches(file, arch)?;
    let (width, heads) = (need("embedding_length")?, need("attention.head_count")?);
    let head_dim = match file.size(&key("attention.key_length"))? {
        Some(head_dim) => head_dim,
        None if heads > 0 && width.is_multiple_of(heads) => width / heads,
        None => return Err(file.refuse(format!("a width of {width} over {heads} heads"))),
    };
    for other in ["attention.value_length", "rope.dimension_count"] {
        if let Some(size) = file.size(&key(other))?.filter(|size| *size != head_dim) {
            let problem = format!("`{arch}.{other}` = {size}: heads of {head_dim} need as much");
            return Err(file.refuse(problem));
        }
    }
    let epsilon = file.real(&key("attention.layer_norm_rms_epsilon"))?;
    let epsilon = epsilon.ok_or_else(|| file.refuse("has no epsilon of its norms"))?;
    let vocab = file.head.tensors.get("token_embd.weight").map(|info| info.shape[0]);
    let mut config = Config {
        family,
        vocab: vocab.ok_or_else(|| file.refuse("has no tensor `token_embd.weight`"))?,
        width,
        layers: need("block_count")?,
        heads,
        kv_heads: file.size(&key("attention.head_count_kv"))?.unwrap_or(heads),
        head_dim,
        ffn: need("feed_forward_length")?,
        context: need("context_length")?,
        norm_eps: epsilon as f32,
        rope_theta: file.real(&key("rope.freq_base"))?.unwrap_or(10_000.0),
        rope_scaling: linear(file, arch)?,
        qkv_bias: family == Family::Qwen2,
        qk_norm: family == Family::Qwen3,
        tied: !file.head.tensors.contains_key("output.weight"),
        bos: file.token_id("tokenizer.ggml.bos_token_id")?,
        eos: Vec::new(),
        pad: file.token_id("tokenizer.ggml.padding_token_id")?,
    };
    for name in ["eos", "eot", "eom"] {
        if let Some(id) = file.token_id(&format!("tokenizer.ggml.{name}_token_id"))?
            && !config.eos.contains(&id)
        {
            config.eos.push(id);
        }
    }
    config.check().map_err(|problem| file.refuse(problem))?;
    if let Some(scaling) = llama3(file, &config)? {
        config.rope_scaling = scaling;
    }
    Ok(config)
}

/// Refuses what the forward pass does not do.
fn switches(file: &File, arch: &str) -> Result<()> {
    if let Some(count) = file.size(&format!("{arch}.expert_count"))?.filter(|count| *count > 0) {
        let problem = "mixtures of experts are not supported";
        return Err(file.refuse(format!("`{arch}.expert_count` = {count}: {problem}")));
    }
    let context = file.size(&format!("{arch}.context_length"))?.unwrap_or(0);
    let key = format!("{arch}.attention.sliding_window");
    match file.size(&key)? {
        Some(window) if window > 0 && window < context => {
            Err(file.refuse(format!("`{key}` = {window}: smaller than the context, not supported")))
        }
        _ => Ok(()),
    }
}

/// Linear stretching, which the metadata name.
fn linear(file: &File, arch: &str) -> Result<RopeScaling> {
    let key = format!("{arch}.rope.scaling.type");
    let factor = match file.real(&format!("{arch}.rope.scaling.factor"))? {
        None => file.real(&format!("{arch}.rope.scale_linear"))?,
        some => some,
    };
    match (file.text(&key)?, factor) {
        (Some("none"), _) | (None, None) => Ok(RopeScaling::None),
        (Some("linear") | None, Some(factor)) => {
            Ok(if factor == 1.0 { RopeScaling::None } else { RopeScaling::Linear(factor) })
        }
        (Some("linear"), None) => Err(file.refuse(format!("`{key}` = linear without a factor"))),
        (Some(other), _) => Err(file.refuse(format!("`{key}` = {other}: not supported"))),
    }
}

/// Llama 3's stretching, which the file holds as one divisor for each frequency. The parameters are
/// found again by computing the divisors that published models have and comparing.
fn llama3(file: &File, config: &Config) -> Result<Option<RopeScaling>> {
    let Some(info) = file.head.tensors.get(ROPE_FACTORS) else { return Ok(None) };
    let half = config.head_dim / 2;
    if info.shape != [half] || info.kind != super::Kind::F32 {
        let problem = format!("is {} {:?}, not F32 [{half}]", info.kind.name(), info.shape);
        return Err(file.refuse(format!("tensor `{ROPE_FACTORS}` {problem}")));
    }
    let mut found = vec![0.0; half];
    info.kind.to_f32(&file.map[info.bytes.clone()], &mut found);
    if found.iter().all(|divisor| *divisor == 1.0) {
        return Ok(None);
    }
    let factor = f64::from(found[half - 1]);
    let (low, high, context) = (1.0, 4.0, 8192.0);
    for (index, divisor) in found.iter().enumerate() {
        let exponent = 2.0 * index as f64 / config.head_dim as f64;
        let length = std::f64::consts::TAU * config.rope_theta.powf(exponent);
        let smooth = ((context / length - low) / (high - low)).clamp(0.0, 1.0);
        let expected = 1.0 / ((1.0 - smooth) / factor + smooth);
        let near = (f64::from(*divisor) - expected).abs() <= 1e-3 * expected;
        // Not finite is not near.
        if !near {
            let problem = "are no divisors of Llama 3 (low 1, high 4, context 8192)";
            return Err(file.refuse(format!("tensor `{ROPE_FACTORS}`: its values {problem}")));
        }
    }
    Ok(Some(RopeScaling::Llama3 { factor, low, high, context }))
}
