// add.rs tells the formula. A thread takes sixteen bytes at once where the addresses allow it.
#include "common.cuh"

template <class T, int N>
__device__ __forceinline__ void add_pieces(T* y, const T* x, u64 count) {
  u64 first = ((u64)blockIdx.x * blockDim.x + threadIdx.x) * N;
  u64 step = (u64)gridDim.x * blockDim.x * N;
  for (u64 at = first; at < count; at += step) {
    if (at + N > count) {
      for (; at < count; at++) y[at] = from_float<T>(to_float(y[at]) + to_float(x[at]));
      return;
    }
    Piece<T, N> a, b;
    a.load(y + at);
    b.load(x + at);
#pragma unroll
    for (int k = 0; k < N; k++) a.v[k] += b.v[k];
    a.store(y + at);
  }
}

template <class T>
__device__ __forceinline__ void add(T* y, const T* x, u64 count) {
  if ((((u64)y | (u64)x) & 15) == 0)
    add_pieces<T, Widest<T>::count>(y, x, count);
  else
    add_pieces<T, 1>(y, x, count);
}

extern "C" __global__ void __launch_bounds__(256) add_f32(float* y, const float* x, u64 count) {
  add(y, x, count);
}

extern "C" __global__ void __launch_bounds__(256) add_bf16(bf16* y, const bf16* x, u64 count) {
  add(y, x, count);
}
