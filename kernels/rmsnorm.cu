// rmsnorm.rs tells the formulas. Forward takes a block a row and reads it twice, the second time
// from the first cache. Backward gives a block a run of rows, keeps the sums for dweight in
// registers and writes them once a block; sum_rows.cu adds those up.
#include "common.cuh"

template <class T, int N>
__device__ __forceinline__ void forward_row(T* out, float* rstd, const T* x, const T* weight,
                                            u32 width, float eps) {
  float sum = 0.f;
  for (u32 i = threadIdx.x * N; i < width; i += blockDim.x * N) {
    Piece<T, N> p;
    p.load(x + i);
#pragma unroll
    for (int k = 0; k < N; k++) sum += p.v[k] * p.v[k];
  }
  float scale = rsqrtf(block_reduce(sum, Sum(), 0.f) / (float)width + eps);
  for (u32 i = threadIdx.x * N; i < width; i += blockDim.x * N) {
    Piece<T, N> p, w;
    p.load(x + i);
    w.load(weight + i);
#pragma unroll
    for (int k = 0; k < N; k++) p.v[k] = p.v[k] * scale * w.v[k];
    p.store(out + i);
  }
  if (threadIdx.x == 0) *rstd = scale;
}

template <class T>
__device__ __forceinline__ void forward(T* out, float* rstd, const T* x, const T* weight,
                                        u32 width, float eps) {
  u64 row = (u64)blockIdx.x * width;
  if (wide(out, width) && wide(x, width) && wide(weight, width))
    forward_row<T, Widest<T>::count>(out + row, rstd + blockIdx.x, x + row, weight, width, eps);
  else
    forward_row<T, 1>(out + row, rstd + blockIdx.x, x + row, weight, width, eps);
}

// sum = x + delta, rounded to T before it is normed: backward sees the rounded sum.
template <class T, int N>
__device__ __forceinline__ void add_row(T* sum, const T* x, const T* delta, u32 width) {
  for (u32 i = threadIdx.x * N; i < width; i += blockDim.x * N) {
    Piece<T, N> p, d;
    p.load(x + i);
    d.load(delta + i);
#pragma unroll
    for (int k = 0; k < N; k++) p.v[k] += d.v[k];
    p.store(sum + i);
  }
}

// A thread reads again only what it wrote itself, so no barrier is needed between the two.
template <class T>
__device__ __forceinline__ void residual(T* out, T* sum, float* rstd, const T* x, const T* delta,
                                         const T* weight, u32 width, float eps) {
  const int N = Widest<T>::count;
  u64 row = (u64)blockIdx.x * width;
  bool all = wide(out, width) && wide(sum, width) && wide(x, width) && wide(delta, width) &&
             wide(weight, width);
  if (all) {
    add_row<T, N>(sum + row, x + row, delta + row, width);
    forward_row<T, N>(out + row, rstd + blockIdx.x, sum + row, weight, width, eps);
  } else {
    add_row<T, 1>(sum + row, x + row, delta + row, width);
    forward_row<T, 1>(out + row, rstd + blockIdx.x, sum + row, weight, width, eps);
  }
}

// dx of a run of rows, and the run's sums for dweight in `partial`. A thread owns up to PIECES
// pieces of a row.
template <class T, int N, int PIECES>
__device__ __forceinline__ void backward_rows(T* dx, float* partial, const T* dout, const T* x,
                                              const float* rstd, const T* weight, u32 rows,
                                              u32 width) {
  float sums[PIECES][N];
#pragma unroll
  for (int p = 0; p < PIECES; p++)
#pragma unroll
    for (int k = 0; k < N; k++) sums[p][k] = 0.f;
  for (u32 row = blockIdx.x; row < rows; row += gridDim.x) {
    u64 at = (u64)row * width;
    float scale = rstd[row], projected = 0.f;
    Piece<T, N> d[PIECES], v[PIECES];
#pragma unroll
    for (int p = 0; p < PIECES; p++) {
      u32 i = (p * blockDim.x + threadIdx.x) * N;
      if (i >= width) continue;
      Piece<T, N> w;
      d[p].load(dout + at + i);
      v[p].load(x + at + i);
      w.load(weight + i);
#pragma unroll
      for (int k = 0; k < N; k++) {
        sums[p][k] += d[p].v[k] * v[p].v[k] * scale;
        d[p].v[k] *= w.v[k];
        projected += d[p].v[k] * v[p].v[k];
      }
    }
    float back = block_reduce(projected, Sum(), 0.f) * scale * scale / (float)width;
#pragma unroll
    for (int p = 0; p < PIECES; p++) {
      u32 i = (p * blockDim.x + threadIdx.x) * N;
      if (i >= width) continue;
      Piece<T, N> to;
      to.load(dx + at + i);
#pragma unroll
      for (int k = 0; k < N; k++) to.v[k] += scale * (d[p].v[k] - back * v[p].v[k]);
      to.store(dx + at + i);
    }
  }
#pragma unroll
  for (int p = 0; p < PIECES; p++) {
    u32 i = (p * blockDim.x + threadIdx.x) * N;
    if (i >= width) continue;
#pragma unroll
    for (int k = 0; k < N; k++) partial[(u64)blockIdx.x * width + i + k] = sums[p][k];
  }
}

template <class T>
__device__ __forceinline__ void backward(T* dx, float* partial, const T* dout, const T* x,
                                         const float* rstd, const T* weight, u32 rows, u32 width) {
  if (wide(dx, width) && wide(dout, width) && wide(x, width) && wide(weight, width))
    backward_rows<T, Widest<T>::count, 16 / Widest<T>::count>(dx, partial, dout, x, rstd, weight,
                                                              rows, width);
  else
    backward_rows<T, 1, 8>(dx, partial, dout, x, rstd, weight, rows, width);
}

extern "C" __global__ void __launch_bounds__(1024)
    rmsnorm_forward_f32(float* out, float* rstd, const float* x, const float* weight, u32 width,
                        float eps) {
  forward(out, rstd, x, weight, width, eps);
}
extern "C" __global__ void __launch_bounds__(1024)
    rmsnorm_forward_bf16(bf16* out, float* rstd, const bf16* x, const bf16* weight, u32 width,
                         float eps) {
  forward(out, rstd, x, weight, width, eps);
}
extern "C" __global__ void __launch_bounds__(1024)
    rmsnorm_residual_f32(float* out, float* sum, float* rstd, const float* x, const float* delta,
                         const float* weight, u32 width, float eps) {
  residual(out, sum, rstd, x, delta, weight, width, eps);
}
extern "C" __global__ void __launch_bounds__(1024)
    rmsnorm_residual_bf16(bf16* out, bf16* sum, float* rstd, const bf16* x, const bf16* delta,
                          const bf16* weight, u32 width, float eps) {
  residual(out, sum, rstd, x, delta, weight, width, eps);
}
extern "C" __global__ void __launch_bounds__(512, 1)
    rmsnorm_backward_f32(float* dx, float* partial, const float* dout, const float* x,
                         const float* rstd, const float* weight, u32 rows, u32 width) {
  backward(dx, partial, dout, x, rstd, weight, rows, width);
}
extern "C" __global__ void __launch_bounds__(512, 1)
    rmsnorm_backward_bf16(bf16* dx, float* partial, const bf16* dout, const bf16* x,
                          const float* rstd, const bf16* weight, u32 rows, u32 width) {
  backward(dx, partial, dout, x, rstd, weight, rows, width);
}
