//! Rotary frequencies of `config.json`: keys of transformers 4 and of 5.

use super::RopeScaling;
use super::keys::Keys;
use crate::error::Result;

/// The base where none is named.
const THETA: f64 = 10_000.0;

/// Base and stretching.
///
/// transformers 4 writes `rope_theta` and `rope_scaling`, transformers 5 one `rope_parameters` that
/// holds both. Where both are there the older holds, unless it is empty, as in transformers 5.
pub(super) fn read(keys: Keys<'_>, context: usize) -> Result<(f64, RopeScaling)> {
    whole(keys)?;
    let outer = keys.positive("rope_theta")?.unwrap_or(THETA);
    let older = keys.under("rope_scaling", "rope_scaling.")?.filter(|older| !older.is_empty());
    let inner = match older {
        Some(older) => Some(older),
        None => keys.under("rope_parameters", "rope_parameters.")?,
    };
    let Some(inner) = inner else { return Ok((outer, RopeScaling::None)) };
    let theta = inner.positive("rope_theta")?.unwrap_or(outer);
    Ok((theta, scaling(inner, context)?))
}

fn scaling(keys: Keys<'_>, context: usize) -> Result<RopeScaling> {
    whole(keys)?;
    // `type` is the older name.
    let key = if keys.get("rope_type").is_some() { "rope_type" } else { "type" };
    let need = |key: &str| keys.positive(key)?.ok_or_else(|| keys.missing(key));
    match keys.text(key)? {
        None if !keys.is_empty() && !keys.has("rope_theta") => Err(keys.missing("rope_type")),
        None | Some("default") => Ok(RopeScaling::None),
        Some("linear") => Ok(RopeScaling::Linear(need("factor")?)),
        Some("llama3") => Ok(RopeScaling::Llama3 {
            factor: need("factor")?,
            low: need("low_freq_factor")?,
            high: need("high_freq_factor")?,
            context: keys.positive("original_max_position_embeddings")?.unwrap_or(context as f64),
        }),
        Some(_) => Err(keys.refuse(key, "is not supported: default, linear and llama3 are")),
    }
}

/// Refuses rotations of a part of a head only.
fn whole(keys: Keys<'_>) -> Result<()> {
    match keys.number("partial_rotary_factor")? {
        Some(factor) if factor != 1.0 => {
            Err(keys.refuse("partial_rotary_factor", "partial rotation is not supported"))
        }
        _ => Ok(()),
    }
}
