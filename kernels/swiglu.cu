// swiglu.rs tells the formulas. A thread owns a piece of the columns and goes down over rows, so
// that no index is divided. Backward computes the activation again.
#include "common.cuh"

__device__ __forceinline__ float sigmoid(float x) {
  return __fdividef(1.f, 1.f + fast_exp(-x));
}

template <class T, int N>
__device__ __forceinline__ void forward_columns(T* out, const T* gate_up, u32 rows, u32 width) {
  for (u32 i = (blockIdx.x * blockDim.x + threadIdx.x) * N; i < width;
       i += gridDim.x * blockDim.x * N) {
    for (u32 row = blockIdx.y; row < rows; row += gridDim.y) {
      Piece<T, N> gate, up;
      const T* from = gate_up + (u64)row * 2 * width + i;
      gate.load(from);
      up.load(from + width);
#pragma unroll
      for (int k = 0; k < N; k++) gate.v[k] *= sigmoid(gate.v[k]) * up.v[k];
      gate.store(out + (u64)row * width + i);
    }
  }
}

template <class T, int N>
__device__ __forceinline__ void backward_columns(T* dgate_up, const T* dout, const T* gate_up,
                                                 u32 rows, u32 width) {
  for (u32 i = (blockIdx.x * blockDim.x + threadIdx.x) * N; i < width;
       i += gridDim.x * blockDim.x * N) {
    for (u32 row = blockIdx.y; row < rows; row += gridDim.y) {
      Piece<T, N> gate, up, d;
      u64 at = (u64)row * 2 * width + i;
      gate.load(gate_up + at);
      up.load(gate_up + at + width);
      d.load(dout + (u64)row * width + i);
#pragma unroll
      for (int k = 0; k < N; k++) {
        float g = gate.v[k], s = sigmoid(g);
        gate.v[k] = d.v[k] * up.v[k] * s * (1.f + g * (1.f - s));
        up.v[k] = d.v[k] * g * s;
      }
      gate.store(dgate_up + at);
      up.store(dgate_up + at + width);
    }
  }
}

template <class T>
__device__ __forceinline__ void forward(T* out, const T* gate_up, u32 rows, u32 width) {
  if (wide(out, width) && wide(gate_up, width))
    forward_columns<T, Widest<T>::count>(out, gate_up, rows, width);
  else
    forward_columns<T, 1>(out, gate_up, rows, width);
}

template <class T>
__device__ __forceinline__ void backward(T* dgate_up, const T* dout, const T* gate_up, u32 rows,
                                         u32 width) {
  if (wide(dgate_up, width) && wide(dout, width) && wide(gate_up, width))
    backward_columns<T, Widest<T>::count>(dgate_up, dout, gate_up, rows, width);
  else
    backward_columns<T, 1>(dgate_up, dout, gate_up, rows, width);
}

extern "C" __global__ void __launch_bounds__(128)
    swiglu_forward_f32(float* out, const float* gate_up, u32 rows, u32 width) {
  forward(out, gate_up, rows, width);
}
extern "C" __global__ void __launch_bounds__(128)
    swiglu_forward_bf16(bf16* out, const bf16* gate_up, u32 rows, u32 width) {
  forward(out, gate_up, rows, width);
}
extern "C" __global__ void __launch_bounds__(128)
    swiglu_backward_f32(float* dgate_up, const float* dout, const float* gate_up, u32 rows,
                        u32 width) {
  backward(dgate_up, dout, gate_up, rows, width);
}
extern "C" __global__ void __launch_bounds__(128)
    swiglu_backward_bf16(bf16* dgate_up, const bf16* dout, const bf16* gate_up, u32 rows,
                         u32 width) {
  backward(dgate_up, dout, gate_up, rows, width);
}
