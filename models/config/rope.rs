//! Rotary frequencies of `config.json`: keys of transformers 4 and of 5.

use super::RopeScaling;
use super::keys::Keys;
use crate::error::Result;

/// The base where none is named.
const THETA: f64 = 10_000.0;

/// Base and stretching.
///
/// transformers 4 writes `rope_theta` and `rope_scaling`, transformers 5 one `rope_parameters` that
/// holds both; where both are there the newer holds.
pub(super) fn read(keys: Keys<'_>, context: usize) -> Result<(f64, RopeScaling)> {
    whole(keys)?;
    let outer = keys.positive("rope_theta")?.unwrap_or(THETA);
    if let Some(newer) = keys.under("rope_parameters", "rope_parameters.")? {
        let theta = newer.positive("rope_theta")?.unwrap_or(outer);
        return Ok((theta, scaling(newer, context)?));
    }
    match keys.under("rope_scaling", "rope_scaling.")? {
        None => Ok((outer, RopeScaling::None)),
        // transformers 5 takes a base in here too.
        Some(older) => {
            let theta = older.positive("rope_theta")?.unwrap_or(outer);
            Ok((theta, scaling(older, context)?))
        }
    }
}

fn scaling(keys: Keys<'_>, context: usize) -> Result<RopeScaling> {
    whole(keys)?;
    // `type` is the older name.
    let key = if keys.get("rope_type").is_some() { "rope_type" } else { "type" };
    let need = |key: &str| keys.positive(key)?.ok_or_else(|| keys.missing(key));
    match keys.text(key)? {
        None if keys.get("factor").is_some() => Err(keys.missing("rope_type")),
        None if keys.get("full_attention").is_some() || keys.get("sliding_attention").is_some() => {
            Err(keys.missing("rope_type"))
        }
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
