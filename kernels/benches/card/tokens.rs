//! Ops on tokens and on all parameters: embedding, log-probabilities, losses, sampling, AdamW.

use heedful_kernels::philox::Place;
use heedful_kernels::sample::{self, Settings};
use heedful_kernels::{Result, adamw, advantage, embedding, gemm, head, logprob, norm, surrogate};
use heedful_kernels::{Dtype, copy, sums};

use crate::dims::Dims;
use crate::op::{Op, Work};
use crate::side::Side;

/// All of them with their names.
pub(crate) const OPS: [(&str, crate::op::Make<Dims>); 21] = [
    ("gemm::nt", product),
    ("gemm::nn, added", product_nn),
    ("gemm::tn, added", product_tn),
    ("embedding::forward", embedded),
    ("embedding::backward", embedded_back),
    ("logprob::forward", logprobs),
    ("logprob::backward", logprobs_back),
    ("logprob::backward, entropy", entropies_back),
    ("sample::forward, greedy", greedy),
    ("sample::forward, plain", plain),
    ("sample::forward, top-k and top-p", cut),
    ("head::gather", gathered),
    ("head::scatter_add", scattered),
    ("head::cross_entropy", classes),
    ("head::bce", binary),
    ("head::preference", preferred),
    ("surrogate::accumulate", clipped),
    ("advantage::group, deviation", deviation),
    ("advantage::group, leave one out", one_out),
    ("norm::global", global),
    ("adamw::step", adam),
];
