// logprob.rs tells the formulas. A block takes a row. Forward reads it once: each thread keeps the
// largest logit so far and the sums relative to it, and scales them down when it grows.
#include "common.cuh"

// What e^x is 0 below, for sums of f32; -infinity times 0 would be NaN.
#define LOWEST -100.f

// Not fmaxf, which would drop a NaN.
__device__ __forceinline__ float at_least_lowest(float x) { return x < LOWEST ? LOWEST : x; }

template <class T, int N>
__device__ __forceinline__ void summary(const T* row, u32 vocab, float& peak, float& sum,
                                        float& weighted) {
#pragma unroll 4
  for (u32 i = threadIdx.x * N; i < vocab; i += blockDim.x * N) {
    Piece<T, N> p;
    p.load(row + i);
    float highest = p.v[0];
#pragma unroll
    for (int k = 1; k < N; k++) highest = fmaxf(highest, p.v[k]);
    if (highest > peak) {
      float shift = at_least_lowest(peak - highest), factor = fast_exp(shift);
      weighted = factor * (weighted + shift * sum);
      sum *= factor;
      peak = highest;
    }
#pragma unroll
    for (int k = 0; k < N; k++) {
      float x = at_least_lowest(p.v[k] - peak), e = fast_exp(x);
      sum += e;
      weighted += e * x;
    }
  }
}

template <class T>
__device__ __forceinline__ void forward(float* logp, float* entropy, float* lse, const T* logits,
                                        const u32* targets, u32 vocab) {
  const T* row = logits + (u64)blockIdx.x * vocab;
  float own = -3.4e38f, sum = 0.f, weighted = 0.f;
  if (wide(logits, vocab))
    summary<T, Widest<T>::count>(row, vocab, own, sum, weighted);
  else
    summary<T, 1>(row, vocab, own, sum, weighted);
  float peak = block_reduce(own, Max(), -3.4e38f);
  float shift = at_least_lowest(own - peak), factor = fast_exp(shift);
  // A thread that had nothing to read has sums of 0, and is left out whatever its peak.
  weighted = block_reduce(factor * (weighted + shift * sum), Sum(), 0.f);
  sum = block_reduce(factor * sum, Sum(), 0.f);
  if (threadIdx.x == 0) {
    u32 target = targets[blockIdx.x];
    float log = logf(sum), all = peak + log;
    lse[blockIdx.x] = all;
    entropy[blockIdx.x] = log - weighted / sum;
    logp[blockIdx.x] = target < vocab ? to_float(row[target]) - all : NOT_A_NUMBER;
  }
}

// Without entropies: p · -dlogp, and + dlogp at the target.
template <class T, int N>
__device__ __forceinline__ void plain(T* row, float lse, u32 target, float dlogp, u32 vocab) {
#pragma unroll 2
  for (u32 i = threadIdx.x * N; i < vocab; i += blockDim.x * N) {
    Piece<T, N> p;
    p.load(row + i);
#pragma unroll
    for (int k = 0; k < N; k++) {
      float slope = -dlogp * fast_exp(p.v[k] - lse);
      p.v[k] = i + k == target ? slope + dlogp : slope;
    }
    p.store(row + i);
  }
}

template <class T, int N>
__device__ __forceinline__ void spread(T* row, float lse, u32 target, float dlogp, float entropy,
                                       float dentropy, u32 vocab) {
#pragma unroll 2
  for (u32 i = threadIdx.x * N; i < vocab; i += blockDim.x * N) {
    Piece<T, N> p;
    p.load(row + i);
#pragma unroll
    for (int k = 0; k < N; k++) {
      float x = at_least_lowest(p.v[k] - lse);
      float slope = fast_exp(x) * (-dentropy * (x + entropy) - dlogp);
      p.v[k] = i + k == target ? slope + dlogp : slope;
    }
    p.store(row + i);
  }
}

template <class T, int N>
__device__ __forceinline__ void set_row(T* row, float value, u32 vocab) {
  Piece<T, N> p;
#pragma unroll
  for (int k = 0; k < N; k++) p.v[k] = value;
  for (u32 i = threadIdx.x * N; i < vocab; i += blockDim.x * N) p.store(row + i);
}

template <class T, int N>
__device__ __forceinline__ void backward_row(T* row, float lse, u32 target, float dlogp,
                                             float entropy, float dentropy, u32 vocab) {
  if (dlogp == 0.f && dentropy == 0.f)
    set_row<T, N>(row, 0.f, vocab);
  else if (target >= vocab)
    set_row<T, N>(row, NOT_A_NUMBER, vocab);
  else if (dentropy == 0.f)
    plain<T, N>(row, lse, target, dlogp, vocab);
  else
    spread<T, N>(row, lse, target, dlogp, entropy, dentropy, vocab);
}

template <class T>
__device__ __forceinline__ void backward(T* logits, const float* lse, const u32* targets,
                                         const float* dlogp, const float* entropy,
                                         const float* dentropy, u32 vocab) {
  u32 at = blockIdx.x;
  T* row = logits + (u64)at * vocab;
  float h = entropy ? entropy[at] : 0.f, dh = entropy ? dentropy[at] : 0.f;
  if (wide(logits, vocab))
    backward_row<T, Widest<T>::count>(row, lse[at], targets[at], dlogp[at], h, dh, vocab);
  else
    backward_row<T, 1>(row, lse[at], targets[at], dlogp[at], h, dh, vocab);
}

extern "C" __global__ void __launch_bounds__(1024)
    logprob_forward_f32(float* logp, float* entropy, float* lse, const float* logits,
                        const u32* targets, u32 vocab) {
  forward(logp, entropy, lse, logits, targets, vocab);
}
extern "C" __global__ void __launch_bounds__(1024)
    logprob_forward_bf16(float* logp, float* entropy, float* lse, const bf16* logits,
                         const u32* targets, u32 vocab) {
  forward(logp, entropy, lse, logits, targets, vocab);
}
extern "C" __global__ void __launch_bounds__(1024)
    logprob_backward_f32(float* logits, const float* lse, const u32* targets, const float* dlogp,
                         const float* entropy, const float* dentropy, u32 vocab) {
  backward(logits, lse, targets, dlogp, entropy, dentropy, vocab);
}
extern "C" __global__ void __launch_bounds__(1024)
    logprob_backward_bf16(bf16* logits, const float* lse, const u32* targets, const float* dlogp,
                          const float* entropy, const float* dentropy, u32 vocab) {
  backward(logits, lse, targets, dlogp, entropy, dentropy, vocab);
}
