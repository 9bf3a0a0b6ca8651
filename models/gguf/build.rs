//! GGUF files for tests, written by hand from the format's description.

use super::meta::{LIST, TEXT};

/// A file that is being put together.
#[derive(Clone)]
pub(crate) struct Builder {
    keys: u64,
    meta: Vec<u8>,
    tensors: u64,
    infos: Vec<u8>,
    data: Vec<u8>,
}

pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

impl Builder {
    pub(crate) fn new() -> Builder {
        Builder { keys: 0, meta: vec![], tensors: 0, infos: vec![], data: vec![] }
    }

    /// A key with a value that is written already.
    pub(crate) fn raw(&mut self, key: &str, kind: u32, value: &[u8]) -> &mut Builder {
        self.keys += 1;
        text(&mut self.meta, key);
        self.meta.extend(kind.to_le_bytes());
        self.meta.extend(value);
        self
    }

    pub(crate) fn u32(&mut self, key: &str, value: u32) -> &mut Builder {
        self.raw(key, 4, &value.to_le_bytes())
    }

    pub(crate) fn f32(&mut self, key: &str, value: f32) -> &mut Builder {
        self.raw(key, 6, &value.to_le_bytes())
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) -> &mut Builder {
        let mut bytes = vec![];
        text(&mut bytes, value);
        self.raw(key, TEXT, &bytes)
    }

    pub(crate) fn texts<'a>(
        &mut self,
        key: &str,
        values: impl ExactSizeIterator<Item = &'a str>,
    ) -> &mut Builder {
        let mut bytes = TEXT.to_le_bytes().to_vec();
        bytes.extend((values.len() as u64).to_le_bytes());
        values.for_each(|value| text(&mut bytes, value));
        self.raw(key, LIST, &bytes)
    }

    pub(crate) fn i32s(&mut self, key: &str, values: &[i32]) -> &mut Builder {
        let mut bytes = 5u32.to_le_bytes().to_vec();
        bytes.extend((values.len() as u64).to_le_bytes());
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        self.raw(key, LIST, &bytes)
    }

    /// A tensor's description alone, at an offset.
    pub(crate) fn claim(&mut self, name: &str, shape: &[u64], kind: u32, at: u64) -> &mut Builder {
        self.tensors += 1;
        text(&mut self.infos, name);
        self.infos.extend((shape.len() as u32).to_le_bytes());
        self.infos.extend(shape.iter().rev().flat_map(|size| size.to_le_bytes()));
        self.infos.extend(kind.to_le_bytes());
        self.infos.extend(at.to_le_bytes());
        self
    }

    /// A tensor of so many bytes; the shape is outermost first.
    pub(crate) fn tensor(
        &mut self,
        name: &str,
        shape: &[usize],
        kind: u32,
        bytes: &[u8],
    ) -> &mut Builder {
        let at = self.data.len() as u64;
        let shape: Vec<u64> = shape.iter().map(|size| *size as u64).collect();
        self.claim(name, &shape, kind, at);
        self.data.extend(bytes);
        self.data.resize(self.data.len().next_multiple_of(32), 0);
        self
    }

    pub(crate) fn f32s(&mut self, name: &str, shape: &[usize], values: &[f32]) -> &mut Builder {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(name, shape, 0, &bytes)
    }

    pub(crate) fn finish(&self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(3u32.to_le_bytes());
        file.extend(self.tensors.to_le_bytes());
        file.extend(self.keys.to_le_bytes());
        file.extend(&self.meta);
        file.extend(&self.infos);
        file.resize(file.len().next_multiple_of(32), 0);
        file.extend(&self.data);
        file
    }
}
