// norm.rs tells the formula. A block leaves the sum of squares of 65,536 gradients, in double
// precision; norm_finish adds those up.
#include "common.cuh"

#define BLOCK 65536

template <class T, int N>
__device__ __forceinline__ double squares(const T* grads, u32 count) {
  double sum = 0.0;
#pragma unroll 4
  for (u32 i = threadIdx.x * N; i < count; i += blockDim.x * N) {
    if (i + N > count) {
      for (; i < count; i++) sum += (double)to_float(grads[i]) * (double)to_float(grads[i]);
      break;
    }
    Piece<T, N> p;
    p.load(grads + i);
#pragma unroll
    for (int k = 0; k < N; k++) sum += (double)p.v[k] * (double)p.v[k];
  }
  return sum;
}

template <class T>
__device__ __forceinline__ void part(double* partial, const T* grads, u64 count) {
  const int N = Widest<T>::count;
  u64 first = (u64)blockIdx.x * BLOCK, left = count - first;
  u32 here = left < BLOCK ? (u32)left : BLOCK;
  grads += first;
  double sum = ((u64)grads & 15) == 0 ? squares<T, N>(grads, here) : squares<T, 1>(grads, here);
  sum = block_sum(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

extern "C" __global__ void __launch_bounds__(512)
    norm_squares_f32(double* partial, const float* grads, u64 count) {
  part(partial, grads, count);
}
extern "C" __global__ void __launch_bounds__(512)
    norm_squares_bf16(double* partial, const bf16* grads, u64 count) {
  part(partial, grads, count);
}

// The norm goes to the first part, and with the factor for clipping to `factor` where there is one.
extern "C" __global__ void __launch_bounds__(1024)
    norm_finish(float* factor, double* partial, u32 blocks, u64 most) {
  double sum = 0.0;
  for (u32 i = threadIdx.x; i < blocks; i += blockDim.x) sum += partial[i];
  double norm = sqrt(block_sum(sum));
  if (threadIdx.x) return;
  if (blocks) partial[0] = norm;
  if (!factor) return;
  double scale = fmin(double_of(most) / (norm + 1e-6), 1.0);
  factor[0] = norm < 1.7e308 ? (float)scale : NOT_A_NUMBER;
  factor[1] = (float)norm;
}
