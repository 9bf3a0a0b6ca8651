// scale.rs tells the formula. A thread takes sixteen bytes at once where the address allows it.
#include "common.cuh"

template <class T, int N>
__device__ __forceinline__ void scale_pieces(T* x, float factor, u64 count) {
  u64 first = ((u64)blockIdx.x * blockDim.x + threadIdx.x) * N;
  u64 step = (u64)gridDim.x * blockDim.x * N;
  for (u64 at = first; at < count; at += step) {
    if (at + N > count) {
      for (; at < count; at++) x[at] = from_float<T>(to_float(x[at]) * factor);
      return;
    }
    Piece<T, N> p;
    p.load(x + at);
#pragma unroll
    for (int k = 0; k < N; k++) p.v[k] *= factor;
    p.store(x + at);
  }
}

template <class T>
__device__ __forceinline__ void scale(T* x, float factor, u64 count) {
  if (((u64)x & 15) == 0)
    scale_pieces<T, Widest<T>::count>(x, factor, count);
  else
    scale_pieces<T, 1>(x, factor, count);
}

extern "C" __global__ void __launch_bounds__(256) scale_f32(float* x, float factor, u64 count) {
  scale(x, factor, count);
}

extern "C" __global__ void __launch_bounds__(256) scale_bf16(bf16* x, float factor, u64 count) {
  scale(x, factor, count);
}
