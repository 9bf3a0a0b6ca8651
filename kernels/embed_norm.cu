// embed_norm.rs tells the formulas. A block takes a token: it copies the row, sums its squares on
// the way, and norms the row, which it then reads from the first cache.
#include "common.cuh"

template <class T, int N>
__device__ __forceinline__ void embed_row(T* out, T* x, float* rstd, const T* from,
                                          const T* weight, u32 width, float eps) {
  float sum = 0.f;
  for (u32 i = threadIdx.x * N; i < width; i += blockDim.x * N) {
    Piece<T, N> p;
    p.load(from + i);
    p.store(x + i);
#pragma unroll
    for (int k = 0; k < N; k++) sum += p.v[k] * p.v[k];
  }
  float scale = rsqrtf(block_reduce(sum, Sum(), 0.f) / (float)width + eps);
  for (u32 i = threadIdx.x * N; i < width; i += blockDim.x * N) {
    Piece<T, N> p, w;
    p.load(from + i);
    w.load(weight + i);
#pragma unroll
    for (int k = 0; k < N; k++) p.v[k] = p.v[k] * scale * w.v[k];
    p.store(out + i);
  }
  if (threadIdx.x == 0) *rstd = scale;
}

template <class T>
__device__ __forceinline__ void forward(T* out, T* x, float* rstd, const T* table, const u32* ids,
                                        const T* weight, u32 vocab, u32 width, float eps) {
  u32 id = ids[blockIdx.x];
  u64 row = (u64)blockIdx.x * width;
  if (id >= vocab) {
    for (u32 i = threadIdx.x; i < width; i += blockDim.x)
      out[row + i] = x[row + i] = from_float<T>(NOT_A_NUMBER);
    if (threadIdx.x == 0) rstd[blockIdx.x] = NOT_A_NUMBER;
    return;
  }
  const T* from = table + (u64)id * width;
  bool all = wide(out, width) && wide(x, width) && wide(table, width) && wide(weight, width);
  out += row, x += row, rstd += blockIdx.x;
  if (all)
    embed_row<T, Widest<T>::count>(out, x, rstd, from, weight, width, eps);
  else
    embed_row<T, 1>(out, x, rstd, from, weight, width, eps);
}

extern "C" __global__ void __launch_bounds__(512)
    embed_norm_f32(float* out, float* x, float* rstd, const float* table, const u32* ids,
                   const float* weight, u32 vocab, u32 width, float eps) {
  forward(out, x, rstd, table, ids, weight, vocab, width, eps);
}
extern "C" __global__ void __launch_bounds__(512)
    embed_norm_bf16(bf16* out, bf16* x, float* rstd, const bf16* table, const u32* ids,
                    const bf16* weight, u32 vocab, u32 width, float eps) {
  forward(out, x, rstd, table, ids, weight, vocab, width, eps);
}
