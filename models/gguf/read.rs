//! The head of a file: counts, metadata, tensors, each held against the bytes that are left.

use std::collections::BTreeMap;

use super::dequant::Kind;
use super::meta::{LIST, List, TEXT, Value};
use super::{Head, Info};

/// Keys of a file.
const KEYS: u64 = 1 << 16;
/// Tensors of a file.
const TENSORS: u64 = 1 << 17;
/// Bytes of a key or a tensor's name: the format's limit.
const NAME: usize = 65_535;
/// Lists within lists.
const DEPTH: u32 = 4;
/// Dimensions of a tensor: the format's limit.
const DIMENSIONS: u32 = 4;
/// Where tensors begin, unless the file says otherwise.
const ALIGNMENT: u64 = 32;
/// The key by which it does.
const ALIGNMENT_KEY: &str = "general.alignment";

type Result<T> = std::result::Result<T, String>;

/// Bytes with a place in them.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { bytes, at: 0 }
    }

    fn left(&self) -> u64 {
        (self.bytes.len() - self.at) as u64
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8]> {
        if count > self.left() {
            let left = self.left();
            return Err(format!("is cut off at byte {}: {count} bytes of {left}", self.at));
        }
        // It fits into what is left, whose length is a usize.
        let taken = &self.bytes[self.at..self.at + count as usize];
        self.at += taken.len();
        Ok(taken)
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.take(N as u64)?;
        Ok(*bytes.first_chunk().expect("as many bytes were taken"))
    }

    fn u32(&mut self) -> Result<u32> {
        self.number().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64> {
        self.number().map(u64::from_le_bytes)
    }

    pub(super) fn text(&mut self) -> Result<&'a str> {
        let length = self.u64()?;
        let at = self.at;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map_err(|_| format!("has a text at byte {at} that is not UTF-8"))
    }

    fn name(&mut self) -> Result<&'a str> {
        let at = self.at;
        let name = self.text()?;
        if name.len() > NAME {
            let length = name.len();
            return Err(format!("has a name of {length} bytes at byte {at}, at most {NAME}"));
        }
        Ok(name)
    }

    /// A value of a kind, `depth` lists deep.
    pub(super) fn value(&mut self, kind: u32, depth: u32) -> Result<Value> {
        Ok(match kind {
            0 => Value::Unsigned(self.number::<1>()?[0].into()),
            1 => Value::Signed(i8::from_le_bytes(self.number()?).into()),
            2 => Value::Unsigned(u16::from_le_bytes(self.number()?).into()),
            3 => Value::Signed(i16::from_le_bytes(self.number()?).into()),
            4 => Value::Unsigned(self.u32()?.into()),
            5 => Value::Signed(i32::from_le_bytes(self.number()?).into()),
            6 => Value::Real(f32::from_le_bytes(self.number()?).into()),
            7 => match self.number::<1>()?[0] {
                0 => Value::Truth(false),
                1 => Value::Truth(true),
                other => return Err(format!("has a truth of {other} at byte {}", self.at - 1)),
            },
            TEXT => Value::Text(self.text()?.to_owned()),
            LIST => Value::List(self.list(depth)?),
            10 => Value::Unsigned(self.u64()?),
            11 => Value::Signed(i64::from_le_bytes(self.number()?)),
            12 => Value::Real(f64::from_le_bytes(self.number()?)),
            other => {
                return Err(format!("has a value of unknown kind {other} at byte {}", self.at));
            }
        })
    }

    /// Walks a list to its end.
    fn list(&mut self, depth: u32) -> Result<List> {
        let at = self.at;
        if depth >= DEPTH {
            return Err(format!("has lists more than {DEPTH} deep at byte {at}"));
        }
        let (kind, count) = (self.u32()?, self.u64()?);
        // The least that one element takes: no count is believed that the file cannot hold.
        let least = match kind {
            TEXT => 8,
            LIST => 12,
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            10..=12 => 8,
            other => return Err(format!("has a list of unknown kind {other} at byte {at}")),
        };
        if count > self.left() / least {
            let left = self.left();
            return Err(format!(
                "has a list of {count} values at byte {at}, and {left} bytes left"
            ));
        }
        let begin = self.at;
        match kind {
            TEXT => (0..count).try_for_each(|_| {
                let length = self.u64()?;
                self.take(length).map(|_| ())
            })?,
            LIST => (0..count).try_for_each(|_| self.list(depth + 1).map(|_| ()))?,
            _ => self.take(count * least).map(|_| ())?,
        }
        // It fits into what was left, whose length is a usize.
        Ok(List { kind, count: count as usize, bytes: begin..self.at })
    }
}

/// Reads all that comes before the tensors' bytes.
pub(super) fn head(file: &[u8]) -> Result<Head> {
    let mut cursor = Cursor::new(file);
    if cursor.number::<4>()? != *b"GGUF" {
        return Err("does not begin with `GGUF`".to_owned());
    }
    match cursor.u32()? {
        2 | 3 => {}
        1 => return Err("is of version 1, which is not read: 2 and 3 are".to_owned()),
        other if other.swap_bytes() <= 0xFF => return Err("is big-endian: not read".to_owned()),
        other => return Err(format!("is of version {other}: 2 and 3 are read")),
    }
    let (tensors, keys) = (cursor.u64()?, cursor.u64()?);
    if keys > KEYS || tensors > TENSORS {
        let most = format!("at most {KEYS} and {TENSORS}");
        return Err(format!("claims {keys} keys and {tensors} tensors, {most}"));
    }
    let mut meta = BTreeMap::new();
    for _ in 0..keys {
        let key = cursor.name()?;
        let kind = cursor.u32()?;
        let value = cursor.value(kind, 0).map_err(|problem| format!("`{key}` {problem}"))?;
        if meta.insert(key.to_owned(), value).is_some() {
            return Err(format!("has key `{key}` twice"));
        }
    }
    let alignment = match meta.get(ALIGNMENT_KEY) {
        None => ALIGNMENT,
        Some(Value::Unsigned(value)) if value.is_power_of_two() && *value <= 1 << 20 => *value,
        Some(other) => return Err(format!("`{ALIGNMENT_KEY}` is {other:?}, no power of two")),
    };
    let mut found = BTreeMap::new();
    for _ in 0..tensors {
        let (name, tensor) = tensor(&mut cursor, alignment)?;
        if found.insert(name.to_owned(), tensor).is_some() {
            return Err(format!("has tensor `{name}` twice"));
        }
    }
    let begin = (cursor.at as u64).next_multiple_of(alignment);
    let tensors = place(found, begin, file.len() as u64)?;
    Ok(Head { meta, tensors })
}

/// A tensor, its bytes still counted from where tensors begin.
struct Claim {
    kind: Kind,
    shape: Vec<usize>,
    offset: u64,
    bytes: u64,
}

fn tensor<'a>(cursor: &mut Cursor<'a>, alignment: u64) -> Result<(&'a str, Claim)> {
    let name = cursor.name()?;
    let refuse = |problem: String| format!("tensor `{name}` {problem}");
    let dimensions = cursor.u32()?;
    if !(1..=DIMENSIONS).contains(&dimensions) {
        return Err(refuse(format!("has {dimensions} dimensions, not 1 to {DIMENSIONS}")));
    }
    let mut shape = Vec::new();
    for _ in 0..dimensions {
        let size = cursor.u64()?;
        let size = usize::try_from(size).ok().filter(|size| *size > 0);
        shape.push(size.ok_or_else(|| refuse("has a dimension of no sense".to_owned()))?);
    }
    let kind = Kind::of(cursor.u32()?).map_err(refuse)?;
    let offset = cursor.u64()?;
    if !offset.is_multiple_of(alignment) {
        return Err(refuse(format!("begins at {offset}, which is not aligned to {alignment}")));
    }
    // Rows are the first dimension of the file, and hold whole blocks.
    if !shape[0].is_multiple_of(kind.values()) {
        return Err(refuse(format!("has rows of {}: no whole {} blocks", shape[0], kind.name())));
    }
    let count = shape.iter().try_fold(1u64, |product, n| product.checked_mul(*n as u64));
    let bytes = count.and_then(|n| (n / kind.values() as u64).checked_mul(kind.bytes() as u64));
    let bytes = bytes.ok_or_else(|| refuse(format!("has shape {shape:?}: too much to count")))?;
    shape.reverse();
    Ok((name, Claim { kind, shape, offset, bytes }))
}

/// Holds the tensors' places against the file and each other.
fn place(claims: BTreeMap<String, Claim>, begin: u64, end: u64) -> Result<BTreeMap<String, Info>> {
    let mut order: Vec<(u64, u64, &str)> = Vec::with_capacity(claims.len());
    for (name, claim) in &claims {
        let from = begin.checked_add(claim.offset);
        let to = from.and_then(|from| from.checked_add(claim.bytes));
        match (from, to) {
            (Some(from), Some(to)) if to <= end => order.push((from, to, name)),
            _ => {
                let (offset, bytes) = (claim.offset, claim.bytes);
                let held = end.saturating_sub(begin);
                let what =
                    format!("has {bytes} bytes at {offset}, beyond the {held} that are there");
                return Err(format!("tensor `{name}` {what}"));
            }
        }
    }
    order.sort_unstable();
    for pair in order.windows(2) {
        if pair[1].0 < pair[0].1 {
            return Err(format!("tensor `{}` overlaps `{}`", pair[1].2, pair[0].2));
        }
    }
    let placed = claims.iter().map(|(name, claim)| {
        // Found above to lie within the file, whose length is a usize.
        let from = (begin + claim.offset) as usize;
        let bytes = from..from + claim.bytes as usize;
        (name.clone(), Info { kind: claim.kind, shape: claim.shape.clone(), bytes })
    });
    Ok(placed.collect())
}
