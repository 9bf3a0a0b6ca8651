//! The header: a JSON object of tensors, read strictly and checked against the file's length.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::Info;

/// Bytes of a header: the limit of the reference implementation.
const LIMIT: u64 = 100_000_000;
/// The key that holds words about the file and no tensor.
const ABOUT: &str = "__metadata__";
/// Dimensions of a tensor.
const DIMENSIONS: usize = 8;

/// Types and the bits of one value.
const TYPES: [(&str, usize); 21] = [
    ("BOOL", 8),
    ("F4", 4),
    ("F6_E2M3", 6),
    ("F6_E3M2", 6),
    ("U8", 8),
    ("I8", 8),
    ("F8_E5M2", 8),
    ("F8_E4M3", 8),
    ("F8_E8M0", 8),
    ("F8_E5M2FNUZ", 8),
    ("F8_E4M3FNUZ", 8),
    ("I16", 16),
    ("U16", 16),
    ("F16", 16),
    ("BF16", 16),
    ("I32", 32),
    ("U32", 32),
    ("F32", 32),
    ("F64", 64),
    ("I64", 64),
    ("U64", 64),
];

/// A tensor as it is written in the header.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// The header's entries in their order, so that a name that comes twice is seen.
struct Entries(Vec<(String, Entry)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == ABOUT {
                map.next_value::<IgnoredAny>()?;
            } else {
                entries.push((name, map.next_value()?));
            }
        }
        Ok(Entries(entries))
    }
}

/// The tensors of a whole file, their ranges counted from its first byte.
pub(super) fn parse(file: &[u8]) -> Result<BTreeMap<String, Info>, String> {
    let (length, rest) = file.split_first_chunk::<8>().ok_or("has no header: less than 8 bytes")?;
    let length = u64::from_le_bytes(*length);
    if length > LIMIT {
        return Err(format!("has a header of {length} bytes, at most {LIMIT} are read"));
    }
    let length = usize::try_from(length).map_err(|_| "has too long a header")?;
    let header = rest.get(..length).ok_or_else(|| {
        format!("is cut off: a header of {length} bytes, and {} are left", rest.len())
    })?;
    if header.first() != Some(&b'{') {
        return Err("has a header that does not begin with `{`".to_owned());
    }
    let Entries(entries) =
        serde_json::from_slice(header).map_err(|error| format!("has a bad header: {error}"))?;
    let begin = 8 + length;
    let mut tensors = BTreeMap::new();
    let mut ranges = Vec::with_capacity(entries.len());
    for (name, entry) in entries {
        let info = locate(&name, entry, begin, file.len())?;
        ranges.push((info.bytes.start, info.bytes.end, name.clone()));
        if tensors.insert(name.clone(), info).is_some() {
            return Err(format!("has tensor `{name}` twice"));
        }
    }
    gapless(ranges, begin, file.len())?;
    Ok(tensors)
}

fn locate(name: &str, entry: Entry, begin: usize, end: usize) -> Result<Info, String> {
    let refuse = |problem: String| format!("tensor `{name}` {problem}");
    let Entry { dtype, shape, data_offsets: [from, to] } = entry;
    let bits = TYPES.iter().find(|(known, _)| *known == dtype).map(|(_, bits)| *bits);
    let bits = bits.ok_or_else(|| refuse(format!("is of unknown type `{dtype}`")))?;
    if shape.len() > DIMENSIONS {
        return Err(refuse(format!("has {} dimensions, at most {DIMENSIONS}", shape.len())));
    }
    let shape: Option<Vec<usize>> = shape.iter().map(|n| usize::try_from(*n).ok()).collect();
    let shape = shape.ok_or_else(|| refuse("has a dimension beyond all memory".to_owned()))?;
    // Checked with every zero taken as one: no part of a shape may be beyond counting.
    let most = shape.iter().try_fold(bits, |product, n| product.checked_mul((*n).max(1)));
    if most.is_none() {
        return Err(refuse(format!("has shape {shape:?}: too many values to count")));
    }
    let bits: usize = shape.iter().product::<usize>() * bits;
    if !bits.is_multiple_of(8) {
        return Err(refuse(format!("has shape {shape:?}: no whole number of bytes")));
    }
    let held = u64::try_from(end - begin).map_err(|_| refuse("is beyond counting".to_owned()))?;
    if from > to || to > held {
        return Err(refuse(format!("has offsets [{from}, {to}] of {held} bytes")));
    }
    if to - from != (bits / 8) as u64 {
        let found = to - from;
        return Err(refuse(format!("has {found} bytes; {dtype} {shape:?} takes {}", bits / 8)));
    }
    // Both are within the file, whose length is a usize.
    let bytes = begin + from as usize..begin + to as usize;
    Ok(Info { dtype, shape, bytes })
}

/// Refuses tensors that share bytes, and bytes that are no tensor's.
fn gapless(
    mut ranges: Vec<(usize, usize, String)>,
    begin: usize,
    end: usize,
) -> Result<(), String> {
    ranges.sort_unstable();
    let mut at = begin;
    for (from, to, name) in ranges {
        if from != at {
            let what = if from < at { "overlaps another" } else { "lies after a gap" };
            return Err(format!("tensor `{name}` {what}: it begins at {from}, not at {at}"));
        }
        at = to;
    }
    if at == end { Ok(()) } else { Err(format!("has {} bytes that are no tensor's", end - at)) }
}
