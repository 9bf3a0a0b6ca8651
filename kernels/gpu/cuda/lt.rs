//! Products of matrices by cuBLASLt, and the plans for them: what the library chose for a form, a
//! shape and its types, asked once.
//!
//! The library counts columns first. A matrix of ours, row after row, is to it the transpose, so
//! the product C = A·B is asked for as Cᵀ = Bᵀ·Aᵀ: our B is its first factor, our A its second.

use std::collections::HashMap;
use std::ffi::c_void;

use cudarc::cublaslt::result::{self, CublasError};
use cudarc::cublaslt::sys;
use cudarc::driver::sys::CUstream;

use crate::error::{Error, Result};
use crate::gemm::Shape;
use crate::gpu::board::{Form, Product};
use crate::tensor::Dtype;

/// Bytes that the library may work in; it lies in the card's arena.
pub(crate) const WORKSPACE: usize = 32 << 20;

/// Plans that are kept: shapes that follow the number of tokens would be ever new ones.
const PLANS: usize = 4096;

/// The library on one card.
#[derive(Debug)]
pub(crate) struct Lt {
    handle: sys::cublasLtHandle_t,
    workspace: u64,
    plans: HashMap<Key, Plan>,
}

// SAFETY: the handle and the descriptors may be used from any thread; who has `&mut` is alone.
unsafe impl Send for Lt {}

/// What a plan depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    form: Form,
    shape: Shape,
    add: bool,
    factors: Dtype,
    out: Dtype,
    /// What the addresses of the library's first factor, its second and the product are multiples
    /// of, 256 at most.
    aligned: [u32; 3],
}

/// A matrix as the library sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Matrix {
    rows: usize,
    columns: usize,
    transposed: bool,
}

#[derive(Debug)]
struct Plan {
    about: About,
    first: Layout,
    second: Layout,
    out: Layout,
    algorithm: sys::cublasLtMatmulAlgo_t,
}

impl Key {
    /// What the plan for a product depends on.
    ///
    /// # Errors
    /// Types that the library does not multiply.
    fn of(product: &Product) -> Result<Key> {
        let types = (product.a.1, product.b.1, product.out.1);
        match types {
            (Dtype::Bf16, Dtype::Bf16, Dtype::Bf16 | Dtype::F32)
            | (Dtype::F32, Dtype::F32, Dtype::F32) => {}
            (a, b, out) => {
                return Err(Error::Device(format!(
                    "cuBLASLt does not multiply {a} by {b} into {out}"
                )));
            }
        }
        let aligned = [product.b.0, product.a.0, product.out.0]
            .map(|address| 1 << address.trailing_zeros().min(8));
        Ok(Key {
            form: product.form,
            shape: product.shape,
            add: product.add,
            factors: types.0,
            out: types.2,
            aligned,
        })
    }

    /// The library's first and second factor, and its product.
    fn matrices(&self) -> [Matrix; 3] {
        let Shape { m, n, k } = self.shape;
        // Ours is [rows, columns]; the library sees columns times rows.
        let seen = |rows, columns, transposed| Matrix { rows: columns, columns: rows, transposed };
        let first = match self.form {
            Form::Nt => seen(n, k, true),
            Form::Nn | Form::Tn => seen(k, n, false),
        };
        let second = match self.form {
            Form::Nt | Form::Nn => seen(m, k, false),
            Form::Tn => seen(k, m, true),
        };
        [first, second, seen(m, n, false)]
    }
}

impl Lt {
    /// The library for the context that is bound, with its working memory.
    ///
    /// # Errors
    /// Of the library.
    pub(crate) fn new(workspace: u64) -> Result<Lt> {
        let handle = result::create_handle().map_err(|e| refused("a handle", e))?;
        Ok(Lt { handle, workspace, plans: HashMap::new() })
    }

    /// How many plans are kept.
    #[cfg(test)]
    pub(crate) fn plans(&self) -> usize {
        self.plans.len()
    }

    /// Puts a product into the stream of the context that is bound. None of the sides is empty.
    ///
    /// # Errors
    /// Types or shapes that the library does not know.
    pub(crate) fn product(&mut self, product: &Product, stream: CUstream) -> Result<()> {
        let key = Key::of(product)?;
        if !self.plans.contains_key(&key) {
            if self.plans.len() >= PLANS {
                self.plans.clear();
            }
            let plan = Plan::new(self.handle, &key)?;
            self.plans.insert(key, plan);
        }
        let plan = &self.plans[&key];
        let (alpha, beta) = (1.0_f32, if product.add { 1.0_f32 } else { 0.0 });
        let address = |address: u64| address as *mut c_void;
        // SAFETY: the descriptors live and are those of these addresses; ops check that buffers
        // are as long as the shape says; the scalars are read before the call returns.
        let outcome = unsafe {
            result::matmul(
                self.handle,
                plan.about.0,
                std::ptr::from_ref(&alpha).cast(),
                std::ptr::from_ref(&beta).cast(),
                address(product.b.0),
                plan.first.0,
                address(product.a.0),
                plan.second.0,
                address(product.out.0),
                plan.out.0,
                address(product.out.0),
                plan.out.0,
                &raw const plan.algorithm,
                address(self.workspace),
                WORKSPACE,
                stream.cast(),
            )
        };
        outcome.map_err(|e| refused(&told(&key), e))
    }
}

impl Drop for Lt {
    fn drop(&mut self) {
        self.plans.clear();
        // SAFETY: it was made once, and the stream is done.
        let _ = unsafe { result::destroy_handle(self.handle) };
    }
}

impl Plan {
    /// Asks the library for its choice.
    fn new(handle: sys::cublasLtHandle_t, key: &Key) -> Result<Plan> {
        let (about, [first, second, out]) = describe(key)?;
        let preference = Preference::new(key)?;
        // SAFETY: all descriptors live.
        let choice = unsafe {
            result::get_matmul_algo_heuristic(
                handle,
                about.0,
                first.0,
                second.0,
                out.0,
                out.0,
                preference.0,
            )
        };
        let algorithm = choice.map_err(|e| refused(&told(key), e))?.algo;
        Ok(Plan { about, first, second, out, algorithm })
    }
}

/// The descriptors of a product and of its matrices.
fn describe(key: &Key) -> Result<(About, [Layout; 3])> {
    use sys::cublasLtMatmulDescAttributes_t as Attribute;
    let matrices = key.matrices();
    let about = About::new()?;
    for (attribute, matrix) in [
        (Attribute::CUBLASLT_MATMUL_DESC_TRANSA, matrices[0]),
        (Attribute::CUBLASLT_MATMUL_DESC_TRANSB, matrices[1]),
    ] {
        // CUBLAS_OP_N and CUBLAS_OP_T.
        let how = i32::from(matrix.transposed);
        // SAFETY: the descriptor lives; the attribute is an `int32_t`.
        let set = unsafe {
            result::set_matmul_desc_attribute(
                about.0,
                attribute,
                std::ptr::from_ref(&how).cast(),
                size_of_val(&how),
            )
        };
        set.map_err(|e| refused("a transposition", e))?;
    }
    let types = [key.factors, key.factors, key.out];
    let [first, second, out] = [0, 1, 2].map(|at| Layout::new(types[at], matrices[at]));
    Ok((about, [first?, second?, out?]))
}

/// What is multiplied how; freed when dropped.
#[derive(Debug)]
struct About(sys::cublasLtMatmulDesc_t);

impl About {
    /// Sums in f32, whatever the factors.
    fn new() -> Result<About> {
        let compute = sys::cublasComputeType_t::CUBLAS_COMPUTE_32F;
        let made = result::create_matmul_desc(compute, sys::cudaDataType_t::CUDA_R_32F);
        made.map(About).map_err(|e| refused("a descriptor", e))
    }
}

impl Drop for About {
    fn drop(&mut self) {
        // SAFETY: it was made once.
        let _ = unsafe { result::destroy_matmul_desc(self.0) };
    }
}

/// How a matrix lies; freed when dropped.
#[derive(Debug)]
struct Layout(sys::cublasLtMatrixLayout_t);

impl Layout {
    fn new(dtype: Dtype, matrix: Matrix) -> Result<Layout> {
        let kind = match dtype {
            Dtype::F32 => sys::cudaDataType_t::CUDA_R_32F,
            _ => sys::cudaDataType_t::CUDA_R_16BF,
        };
        let (rows, columns) = (matrix.rows as u64, matrix.columns as u64);
        let made = result::create_matrix_layout(kind, rows, columns, matrix.rows as i64);
        made.map(Layout).map_err(|e| refused("a layout", e))
    }
}

impl Drop for Layout {
    fn drop(&mut self) {
        // SAFETY: it was made once.
        let _ = unsafe { result::destroy_matrix_layout(self.0) };
    }
}

/// What the library may choose from; freed when dropped.
#[derive(Debug)]
struct Preference(sys::cublasLtMatmulPreference_t);

impl Preference {
    fn new(key: &Key) -> Result<Preference> {
        use sys::cublasLtMatmulPreferenceAttributes_t as Attribute;
        let made = result::create_matmul_pref().map_err(|e| refused("a preference", e))?;
        let preference = Preference(made);
        let workspace = WORKSPACE as u64;
        preference.set(Attribute::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace)?;
        let [first, second, out] = key.aligned;
        preference.set(Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &first)?;
        preference.set(Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &second)?;
        preference.set(Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &out)?;
        preference.set(Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &out)?;
        Ok(preference)
    }

    fn set<T>(
        &self,
        attribute: sys::cublasLtMatmulPreferenceAttributes_t,
        value: &T,
    ) -> Result<()> {
        // SAFETY: the preference lives; the value has the attribute's type.
        let set = unsafe {
            result::set_matmul_pref_attribute(
                self.0,
                attribute,
                std::ptr::from_ref(value).cast(),
                size_of::<T>(),
            )
        };
        set.map_err(|e| refused(&format!("{attribute:?}"), e))
    }
}

impl Drop for Preference {
    fn drop(&mut self) {
        // SAFETY: it was made once.
        let _ = unsafe { result::destroy_matmul_pref(self.0) };
    }
}

fn told(key: &Key) -> String {
    let Shape { m, n, k } = key.shape;
    format!("a product {:?} of {m}x{n}x{k}, {} into {}", key.form, key.factors, key.out)
}

/// What the library refused: its status has the name of the error.
fn refused(what: &str, error: CublasError) -> Error {
    Error::Device(format!("cuBLASLt: {what}: {:?}", error.0))
}

#[cfg(test)]
#[path = "lt_tests.rs"]
mod tests;
