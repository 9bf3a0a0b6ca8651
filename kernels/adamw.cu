// adamw.rs tells the formulas. A thread takes four parameters at once where the addresses allow it.
#include "common.cuh"

struct Factors {
  float grad, decay, toward1, beta2, toward2, root, eps, rate;
};

// Four values of a gradient, or the place of four rounded parameters.
__device__ __forceinline__ void load4(float* v, const float* from) {
  float4 q = *reinterpret_cast<const float4*>(from);
  v[0] = q.x, v[1] = q.y, v[2] = q.z, v[3] = q.w;
}
__device__ __forceinline__ void load4(float* v, const bf16* from) {
  uint2 q = *reinterpret_cast<const uint2*>(from);
  v[0] = low_float(q.x), v[1] = high_float(q.x), v[2] = low_float(q.y), v[3] = high_float(q.y);
}

__device__ __forceinline__ void update(float& p, float& m, float& v, float g, const Factors& with) {
  g *= with.grad;
  m = fmaf(with.toward1, g - m, m);
  v = fmaf(with.toward2 * g, g, v * with.beta2);
  float denominator = sqrtf(v) / with.root + with.eps;
  p = fmaf(with.rate, m / denominator, p * with.decay);
}

template <class G>
__device__ __forceinline__ void step(float* p, bf16* copy, float* m, float* v, const G* grads,
                                     const float* factor, Factors with, u64 count) {
  if (factor) {
    with.grad *= *factor;
    // The norm was not finite: nothing changes.
    if (with.grad != with.grad) return;
  }
  u64 first = (u64)blockIdx.x * blockDim.x + threadIdx.x, step = (u64)gridDim.x * blockDim.x;
  bool four = (((u64)p | (u64)m | (u64)v) & 15) == 0 && (u64)grads % (4 * sizeof(G)) == 0 &&
              ((u64)copy & 7) == 0;
  u64 pieces = four ? count / 4 : 0;
  for (u64 piece = first; piece < pieces; piece += step) {
    u64 at = piece * 4;
    Piece<float, 4> a, b, c;
    float g[4];
    a.load(p + at);
    b.load(m + at);
    c.load(v + at);
    load4(g, grads + at);
#pragma unroll
    for (int k = 0; k < 4; k++) update(a.v[k], b.v[k], c.v[k], g[k], with);
    a.store(p + at);
    b.store(m + at);
    c.store(v + at);
    if (copy) {
      uint2 q = make_uint2(pack(a.v[0], a.v[1]), pack(a.v[2], a.v[3]));
      *reinterpret_cast<uint2*>(copy + at) = q;
    }
  }
  for (u64 at = pieces * 4 + first; at < count; at += step) {
    float a = p[at], b = m[at], c = v[at];
    update(a, b, c, to_float(grads[at]), with);
    p[at] = a;
    m[at] = b;
    v[at] = c;
    if (copy) copy[at] = to_bf16(a);
  }
}

extern "C" __global__ void __launch_bounds__(256, 4)
    adamw_f32(float* p, bf16* copy, float* m, float* v, const float* grads, const float* factor,
              float grad, float decay, float toward1, float beta2, float toward2, float root,
              float eps, float rate, u64 count) {
  Factors with = {grad, decay, toward1, beta2, toward2, root, eps, rate};
  step(p, copy, m, v, grads, factor, with, count);
}
extern "C" __global__ void __launch_bounds__(256, 4)
    adamw_bf16(float* p, bf16* copy, float* m, float* v, const bf16* grads, const float* factor,
               float grad, float decay, float toward1, float beta2, float toward2, float root,
               float eps, float rate, u64 count) {
  Factors with = {grad, decay, toward1, beta2, toward2, root, eps, rate};
  step(p, copy, m, v, grads, factor, with, count);
}
