//! Weights as the engine multiplies with them: matrices in bf16, f32 or the file's blocks, norms
//! and biases in f32.

use std::ops::Range;

use half::bf16;
use heedful_kernels::{Blocks, Device, Dtype, MatrixView, Tensor, View, ViewMut, blocks, copy};

use crate::checkpoint::Checkpoint;
use crate::config::Head;
use crate::error::{Error, Result};
use crate::params::{Entry, Layout};

/// What matrices are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All in one type, bf16 or f32.
    As(Dtype),
    /// Blocks of Q4_0, Q4_1 and Q8_0 as the file has them, all else in this type. Blocks give the
    /// bits that their values in f32 give.
    Blocks(Dtype),
}

impl From<Dtype> for Keep {
    fn from(dtype: Dtype) -> Keep {
        Keep::As(dtype)
    }
}

/// The weights of a model.
#[derive(Debug)]
pub struct Weights<'a> {
    /// What they are the weights of.
    layout: Layout,
    store: Store<'a>,
    pub(super) layers: Vec<Layer>,
    pub(super) final_norm: Vector,
    pub(super) embedding: Matrix,
    /// Absent where the embedding serves.
    lm_head: Option<Matrix>,
}

/// What matrices lie in, one after the other, so that large pages hold them.
#[derive(Debug)]
struct Store<'a> {
    plain: Plain<'a>,
    /// One of a kind.
    blocks: Vec<Blocks>,
}

#[derive(Debug)]
enum Plain<'a> {
    Own(Tensor),
    /// A flat buffer of parameters.
    Lent(View<'a>),
}

/// Where a matrix lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Matrix {
    /// Among the plain ones.
    Plain(Range<usize>),
    /// These values of the blocks of a kind.
    Blocks(blocks::Kind, Range<usize>),
}

/// Where a norm or a bias lies.
#[derive(Debug)]
pub(super) enum Vector {
    /// By itself, in f32: on the host.
    Own(Tensor),
    /// Among the matrices: on a card.
    In(Range<usize>),
}

/// The weights of a layer, as [`crate::params::Layer`] names them.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) input_norm: Vector,
    pub(super) qkv: Matrix,
    pub(super) qkv_bias: Option<Vector>,
    pub(super) q_norm: Option<Vector>,
    pub(super) k_norm: Option<Vector>,
    pub(super) o: Matrix,
    pub(super) post_norm: Vector,
    pub(super) gate_up: Matrix,
    pub(super) down: Matrix,
}

impl<'a> Weights<'a> {
    /// The weights of a checkpoint. One tensor at a time is in memory twice.
    ///
    /// # Errors
    /// A tensor that is missing, of another shape, or cannot be read; a type that is neither bf16
    /// nor f32.
    pub fn load(dev: &Device, from: &Checkpoint, keep: impl Into<Keep>) -> Result<Weights<'a>> {
        let layout = Layout::new(from.config(), Head::Lm)?;
        let read = &mut |name: &str, out: &mut [f32]| from.read_f32(name, out);
        match keep.into() {
            Keep::As(dtype) => Weights::gather(dev, &layout, dtype, read, Whole::Read),
            Keep::Blocks(dtype) => Weights::gather(dev, &layout, dtype, read, Whole::Blocks(from)),
        }
    }

    /// The weights in a flat buffer of parameters: a policy that is being trained. In the type of
    /// the device's activations matrices are not copied but lent.
    ///
    /// # Errors
    /// A buffer that is not laid out so.
    pub fn of(
        dev: &Device,
        layout: &Layout,
        params: View<'a>,
        dtype: Dtype,
    ) -> Result<Weights<'a>> {
        let read = &mut |name: &str, out: &mut [f32]| layout.read(params, name, out);
        let lends = dtype == dev.float() && params.len() == layout.len();
        let whole = if lends { Whole::Lent(params) } else { Whole::Read };
        Weights::gather(dev, layout, dtype, read, whole)
    }

    /// The weights that `read` gives by their published names, as f32.
    ///
    /// # Errors
    /// Of `read`; matrices in another type than f32 or bf16.
    pub fn read(
        dev: &Device,
        layout: &Layout,
        dtype: Dtype,
        read: &mut dyn FnMut(&str, &mut [f32]) -> Result<()>,
    ) -> Result<Weights<'a>> {
        Weights::gather(dev, layout, dtype, read, Whole::Read)
    }

    /// The same, but matrices are had from `whole` where it has them.
    fn gather(
        dev: &Device,
        layout: &Layout,
        dtype: Dtype,
        read: &mut dyn FnMut(&str, &mut [f32]) -> Result<()>,
        whole: Whole<'_, 'a>,
    ) -> Result<Weights<'a>> {
        if !matches!(dtype, Dtype::F32 | Dtype::Bf16) {
            return Err(Error::argument("weights are f32 or bf16"));
        }
        if let Device::Gpu(_) = dev {
            return Weights::on_card(dev, layout, read, &whole);
        }
        let store = whole.store(dev, layout, dtype)?;
        let mut from = Reader { dev, layout, read, whole, store, used: 0, one: Vec::new() };
        let layers = (layout.layers.iter())
            .map(|layer| {
                Ok(Layer {
                    input_norm: from.take(&layer.input_norm)?,
                    qkv: from.matrix(&layer.qkv)?,
                    qkv_bias: from.maybe(layer.qkv_bias.as_ref())?,
                    q_norm: from.maybe(layer.q_norm.as_ref())?,
                    k_norm: from.maybe(layer.k_norm.as_ref())?,
                    o: from.matrix(&layer.o)?,
                    post_norm: from.take(&layer.post_norm)?,
                    gate_up: from.matrix(&layer.gate_up)?,
                    down: from.matrix(&layer.down)?,
                })
            })
            .collect::<Result<_>>()?;
        let final_norm = from.take(&layout.final_norm)?;
        let embedding = from.matrix(&layout.embedding)?;
        let lm_head = layout.lm_head.as_ref().map(|range| from.matrix(range)).transpose()?;
        let (layout, store) = (layout.clone(), from.store);
        Ok(Weights { layout, store, layers, final_norm, embedding, lm_head })
    }

    /// All weights in one flat buffer of the card's type, laid out as parameters are.
    fn on_card(
        dev: &Device,
        layout: &Layout,
        read: &mut dyn FnMut(&str, &mut [f32]) -> Result<()>,
        whole: &Whole<'_, 'a>,
    ) -> Result<Weights<'a>> {
        let plain = match whole {
            Whole::Lent(view) => Plain::Lent(*view),
            _ => {
                let mut flat = dev.zeros(dev.float(), layout.len())?;
                let mut one = Vec::new();
                for Entry { name, range, .. } in &layout.tensors {
                    one.resize(range.len(), 0.0);
                    read(name, &mut one)?;
                    copy::write_f32(dev, flat.part_mut(range.clone()), &one)?;
                }
                Plain::Own(flat)
            }
        };
        let vector = |range: &Range<usize>| Vector::In(range.clone());
        let matrix = |range: &Range<usize>| Matrix::Plain(range.clone());
        let layers = layout.layers.iter().map(|layer| Layer {
            input_norm: vector(&layer.input_norm),
            qkv: matrix(&layer.qkv),
            qkv_bias: layer.qkv_bias.as_ref().map(vector),
            q_norm: layer.q_norm.as_ref().map(vector),
            k_norm: layer.k_norm.as_ref().map(vector),
            o: matrix(&layer.o),
            post_norm: vector(&layer.post_norm),
            gate_up: matrix(&layer.gate_up),
            down: matrix(&layer.down),
        });
        Ok(Weights {
            layout: layout.clone(),
            store: Store { plain, blocks: Vec::new() },
            layers: layers.collect(),
            final_norm: vector(&layout.final_norm),
            embedding: matrix(&layout.embedding),
            lm_head: layout.lm_head.as_ref().map(matrix),
        })
    }

    /// What the logits are made with.
    pub(super) fn output(&self) -> MatrixView<'_> {
        self.view(self.lm_head.as_ref().unwrap_or(&self.embedding))
    }

    /// The matrix that lies there.
    pub(super) fn view(&self, matrix: &Matrix) -> MatrixView<'_> {
        match matrix {
            Matrix::Plain(range) => self.plain(range).into(),
            Matrix::Blocks(kind, range) => {
                let known = self.store.blocks.iter().find(|blocks| blocks.view().kind() == *kind);
                known.expect("a matrix of a kind is in its store").part(range.clone()).into()
            }
        }
    }

    /// The norm or bias that lies there.
    pub(super) fn vector<'v>(&'v self, vector: &'v Vector) -> View<'v> {
        match vector {
            Vector::Own(tensor) => tensor.view(),
            Vector::In(range) => self.plain(range),
        }
    }

    fn plain(&self, range: &Range<usize>) -> View<'_> {
        match &self.store.plain {
            Plain::Own(tensor) => tensor.part(range.clone()),
            Plain::Lent(view) => view.slice(range.clone()),
        }
    }

    /// Refuses weights of a model laid out otherwise.
    pub(super) fn check(&self, layout: &Layout) -> Result<()> {
        if self.layout == *layout {
            return Ok(());
        }
        Err(Error::argument("weights of another model than the configuration's"))
    }
}

/// Where matrices are had without reading their numbers.
enum Whole<'c, 'w> {
    /// Nowhere.
    Read,
    /// Those that are blocks, in this checkpoint.
    Blocks(&'c Checkpoint),
    /// All, in this flat buffer of f32.
    Lent(View<'w>),
}

impl<'w> Whole<'_, 'w> {
    /// Room for all matrices.
    fn store(&self, dev: &Device, layout: &Layout, dtype: Dtype) -> Result<Store<'w>> {
        if let Whole::Lent(params) = self {
            return Ok(Store { plain: Plain::Lent(*params), blocks: Vec::new() });
        }
        let mut plain = 0;
        let mut kinds: Vec<(blocks::Kind, usize)> = Vec::new();
        for range in layout.matrices() {
            let Some(kind) = self.kind(entries(layout, range)) else {
                plain += range.len();
                continue;
            };
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, values)) => *values += range.len(),
                None => kinds.push((kind, range.len())),
            }
        }
        let blocks = kinds.into_iter().map(|(kind, values)| Blocks::new(kind, values)).collect();
        Ok(Store { plain: Plain::Own(dev.zeros(dtype, plain)?), blocks })
    }

    /// What the blocks of all these tensors hold, where they are blocks of one kind.
    fn kind(&self, entries: &[Entry]) -> Option<blocks::Kind> {
        let Whole::Blocks(from) = self else { return None };
        let mut kinds = entries.iter().map(|entry| from.blocks(&entry.name));
        let first = kinds.next()??;
        kinds.all(|kind| kind == Some(first)).then_some(first)
    }
}

/// The tensors of a range, in order.
fn entries<'l>(layout: &'l Layout, range: &Range<usize>) -> &'l [Entry] {
    let all = &layout.tensors;
    let first = all.partition_point(|entry| entry.range.start < range.start);
    let end = all.partition_point(|entry| entry.range.end <= range.end);
    &all[first..end]
}

/// Reads tensors: matrices into the store, all else into buffers of their own.
struct Reader<'a, 'w> {
    dev: &'a Device,
    layout: &'a Layout,
    read: &'a mut dyn FnMut(&str, &mut [f32]) -> Result<()>,
    whole: Whole<'a, 'w>,
    store: Store<'w>,
    /// Values of the store's plain part that are read.
    used: usize,
    one: Vec<f32>,
}

impl<'w> Reader<'_, 'w> {
    /// All tensors of this range, one after the other: as blocks, where all are of one kind.
    fn matrix(&mut self, range: &Range<usize>) -> Result<Matrix> {
        let entries = entries(self.layout, range);
        if let (Some(kind), Whole::Blocks(from)) = (self.whole.kind(entries), &self.whole) {
            let all = self.store.blocks.iter_mut().find(|blocks| blocks.view().kind() == kind);
            let all = all.expect("there is room for every kind");
            let start = all.len();
            for entry in entries {
                from.read_blocks(&entry.name, entry.range.len(), all)?;
            }
            return Ok(Matrix::Blocks(kind, start..all.len()));
        }
        let Plain::Own(plain) = &mut self.store.plain else {
            return Ok(Matrix::Plain(range.clone()));
        };
        let place = self.used..self.used + range.len();
        self.used = place.end;
        fill(self.read, &mut self.one, entries, (plain, place.start))?;
        Ok(Matrix::Plain(place))
    }

    fn maybe(&mut self, range: Option<&Range<usize>>) -> Result<Option<Vector>> {
        range.map(|range| self.take(range)).transpose()
    }

    /// All tensors of this range, one after the other, in f32.
    fn take(&mut self, range: &Range<usize>) -> Result<Vector> {
        let mut all = self.dev.zeros(Dtype::F32, range.len())?;
        let entries = entries(self.layout, range);
        fill(self.read, &mut self.one, entries, (&mut all, 0))?;
        Ok(Vector::Own(all))
    }
}

/// Reads tensors, one after the other.
fn fill(
    read: &mut dyn FnMut(&str, &mut [f32]) -> Result<()>,
    one: &mut Vec<f32>,
    entries: &[Entry],
    (to, mut at): (&mut Tensor, usize),
) -> Result<()> {
    for entry in entries {
        let part = at..at + entry.range.len();
        at = part.end;
        match to.part_mut(part) {
            ViewMut::Bf16(to) => {
                one.resize(to.len(), 0.0);
                read(&entry.name, one)?;
                for (to, from) in to.iter_mut().zip(&*one) {
                    *to = bf16::from_f32(*from);
                }
            }
            other => read(&entry.name, other.f32()?)?,
        }
    }
    Ok(())
}
