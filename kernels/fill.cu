// fill.rs tells what it does. A thread takes sixteen bytes at once where the address allows it.
#include "common.cuh"

template <class T, int N>
__device__ __forceinline__ void fill_pieces(T* x, float value, u64 count) {
  u64 first = ((u64)blockIdx.x * blockDim.x + threadIdx.x) * N;
  u64 step = (u64)gridDim.x * blockDim.x * N;
  Piece<T, N> p;
#pragma unroll
  for (int k = 0; k < N; k++) p.v[k] = value;
  for (u64 at = first; at < count; at += step) {
    if (at + N > count) {
      for (; at < count; at++) x[at] = from_float<T>(value);
      return;
    }
    p.store(x + at);
  }
}

template <class T>
__device__ __forceinline__ void fill(T* x, float value, u64 count) {
  if (((u64)x & 15) == 0)
    fill_pieces<T, Widest<T>::count>(x, value, count);
  else
    fill_pieces<T, 1>(x, value, count);
}

extern "C" __global__ void __launch_bounds__(256) fill_f32(float* x, float value, u64 count) {
  fill(x, value, count);
}

extern "C" __global__ void __launch_bounds__(256) fill_bf16(bf16* x, float value, u64 count) {
  fill(x, value, count);
}
