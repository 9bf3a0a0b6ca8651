// head.rs tells the formulas. Rows and cross-entropy take a block a row, the losses of single
// logits a thread each.
#include "common.cuh"

template <class T, int N>
__device__ __forceinline__ void copy_row(T* out, const T* from, u32 width) {
  for (u32 i = threadIdx.x * N; i < width; i += blockDim.x * N) {
    Piece<T, N> p;
    p.load(from + i);
    p.store(out + i);
  }
}

template <class T>
__device__ __forceinline__ void gather(T* out, const T* x, const u32* last, u32 rows, u32 width) {
  u32 row = last[blockIdx.x];
  out += (u64)blockIdx.x * width;
  if (row >= rows) {
    for (u32 i = threadIdx.x; i < width; i += blockDim.x) out[i] = from_float<T>(NOT_A_NUMBER);
    return;
  }
  const T* from = x + (u64)row * width;
  if (wide(out, width) && wide(x, width))
    copy_row<T, Widest<T>::count>(out, from, width);
  else
    copy_row<T, 1>(out, from, width);
}

template <class T, int N>
__device__ __forceinline__ void add_row(T* to, const T* row, u32 width) {
  for (u32 i = threadIdx.x * N; i < width; i += blockDim.x * N) {
    Piece<T, N> p, d;
    p.load(to + i);
    d.load(row + i);
#pragma unroll
    for (int k = 0; k < N; k++) p.v[k] += d.v[k];
    p.store(to + i);
  }
}

template <class T>
__device__ __forceinline__ void scatter(T* dx, const T* dout, const u32* last, u32 rows,
                                        u32 width) {
  u32 row = last[blockIdx.x];
  if (row >= rows) return;
  T* to = dx + (u64)row * width;
  const T* from = dout + (u64)blockIdx.x * width;
  if (wide(dx, width) && wide(dout, width))
    add_row<T, Widest<T>::count>(to, from, width);
  else
    add_row<T, 1>(to, from, width);
}

// Not fmaxf, which would drop a NaN.
__device__ __forceinline__ float positive(float x) { return x < 0.f ? 0.f : x; }

template <class T>
__device__ __forceinline__ void cross_entropy(float* loss, T* dlogits, const T* logits,
                                              const u32* labels, const float* weights,
                                              u32 classes) {
  u64 row = (u64)blockIdx.x * classes;
  u32 label = labels[blockIdx.x];
  float weight = weights[blockIdx.x], peak = NEGATIVE_INFINITY, sum = 0.f;
  bool known = label < classes;
  for (u32 i = threadIdx.x; i < classes; i += blockDim.x)
    peak = fmaxf(peak, to_float(logits[row + i]));
  peak = block_reduce(peak, Max(), NEGATIVE_INFINITY);
  for (u32 i = threadIdx.x; i < classes; i += blockDim.x)
    sum += expf(to_float(logits[row + i]) - peak);
  sum = block_reduce(sum, Sum(), 0.f);
  float chosen = known ? to_float(logits[row + label]) : NOT_A_NUMBER;
  float factor = known ? weight / sum : NOT_A_NUMBER;
  // The logits may be the place of their gradients.
  __syncthreads();
  for (u32 i = threadIdx.x; i < classes; i += blockDim.x) {
    float slope = factor * expf(to_float(logits[row + i]) - peak);
    dlogits[row + i] = from_float<T>(i == label ? slope - weight : slope);
  }
  if (threadIdx.x == 0) loss[blockIdx.x] = weight * (logf(sum) - (chosen - peak));
}

template <class T>
__device__ __forceinline__ void bce(float* loss, T* dlogit, const T* logit, const float* targets,
                                    const float* weights, u32 count) {
  u32 at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= count) return;
  float x = to_float(logit[at]), target = targets[at], weight = weights[at];
  loss[at] = weight * (positive(x) - target * x + log1pf(expf(-fabsf(x))));
  dlogit[at] = from_float<T>(weight * (1.f / (1.f + expf(-x)) - target));
}

template <class T>
__device__ __forceinline__ void preference(float* loss, T* dlogit, const T* logit,
                                           const float* weights, u32 pairs) {
  u32 at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= pairs) return;
  float lead = to_float(logit[2 * (u64)at]) - to_float(logit[2 * (u64)at + 1]);
  float weight = weights[at];
  loss[at] = weight * (positive(-lead) + log1pf(expf(-fabsf(lead))));
  float slope = weight / (1.f + expf(lead));
  dlogit[2 * (u64)at] = from_float<T>(-slope);
  dlogit[2 * (u64)at + 1] = from_float<T>(slope);
}

extern "C" __global__ void __launch_bounds__(512)
    head_gather_f32(float* out, const float* x, const u32* last, u32 rows, u32 width) {
  gather(out, x, last, rows, width);
}
extern "C" __global__ void __launch_bounds__(512)
    head_gather_bf16(bf16* out, const bf16* x, const u32* last, u32 rows, u32 width) {
  gather(out, x, last, rows, width);
}
extern "C" __global__ void __launch_bounds__(512)
    head_scatter_f32(float* dx, const float* dout, const u32* last, u32 rows, u32 width) {
  scatter(dx, dout, last, rows, width);
}
extern "C" __global__ void __launch_bounds__(512)
    head_scatter_bf16(bf16* dx, const bf16* dout, const u32* last, u32 rows, u32 width) {
  scatter(dx, dout, last, rows, width);
}
extern "C" __global__ void __launch_bounds__(128)
    head_cross_entropy_f32(float* loss, float* dlogits, const float* logits, const u32* labels,
                           const float* weights, u32 classes) {
  cross_entropy(loss, dlogits, logits, labels, weights, classes);
}
extern "C" __global__ void __launch_bounds__(128)
    head_cross_entropy_bf16(float* loss, bf16* dlogits, const bf16* logits, const u32* labels,
                            const float* weights, u32 classes) {
  cross_entropy(loss, dlogits, logits, labels, weights, classes);
}
extern "C" __global__ void __launch_bounds__(128)
    head_bce_f32(float* loss, float* dlogit, const float* logit, const float* targets,
                 const float* weights, u32 count) {
  bce(loss, dlogit, logit, targets, weights, count);
}
extern "C" __global__ void __launch_bounds__(128)
    head_bce_bf16(float* loss, bf16* dlogit, const bf16* logit, const float* targets,
                  const float* weights, u32 count) {
  bce(loss, dlogit, logit, targets, weights, count);
}
extern "C" __global__ void __launch_bounds__(128)
    head_preference_f32(float* loss, float* dlogit, const float* logit, const float* weights,
                        u32 pairs) {
  preference(loss, dlogit, logit, weights, pairs);
}
extern "C" __global__ void __launch_bounds__(128)
    head_preference_bf16(float* loss, bf16* dlogit, const bf16* logit, const float* weights,
                         u32 pairs) {
  preference(loss, dlogit, logit, weights, pairs);
}
