// adamw8.rs tells the formulas and the codes. A warp takes a block of 256 parameters, a lane eight
// of them side by side.
#include "common.cuh"

#define BLOCK 256
#define EACH 8

struct Factors {
  float grad, decay, toward1, beta2, toward2, root, eps, rate;
};

// Well mixed bits of a step and a place.
__device__ __forceinline__ u32 mixed(u32 seed, u64 at) {
  u32 x = ((u32)at * 0x9e3779b1u) ^ seed ^ ((u32)(at >> 32) * 0x85ebca77u);
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ x >> 16;
}

__device__ __forceinline__ float join(u16 high, u8 low) {
  return __uint_as_float(((u32)high << 16) + ((u32)(int)(i8)low << 8));
}

// The upper bits of a ratio, 3 of its mantissa and `finer` more; twelve random bits decide between
// the two nearest.
__device__ __forceinline__ u32 rounded(float ratio, u32 random, u32 finer) {
  return (__float_as_uint(ratio) + ((2 * random + 1) << (7 - finer))) >> (20 - finer);
}

__device__ __forceinline__ float mean_of(u32 code, float scale) {
  u32 size = code & 127u;
  float value = size >= 8 ? __uint_as_float((size + 896u) << 20) : (float)size * 0x1p-17f;
  value = size ? value * scale : 0.f;
  return code & 128u ? -value : value;
}

__device__ __forceinline__ u32 code_of_mean(float mean, float inverse, u32 random) {
  float ratio = mul_rn(fabsf(mean), inverse);
  u32 code = ratio < 0x1p-14f ? (u32)(ratio * 0x1p17f + (float)random * 0x1p-12f)
                              : rounded(ratio, random, 0) - 896u;
  return min(code, 127u) | (__float_as_uint(mean) >> 31 << 7);
}

// How mean squares of a block are coded: with so many bits of mantissa more than 3, which the two
// lowest bits of the scale are.
struct Squares {
  float scale, inverse;
  u32 finer, below;

  __device__ __forceinline__ explicit Squares(float scale)
      : scale(scale),
        inverse(scale == 0.f ? 0.f : 1.f / scale),
        finer(__float_as_uint(scale) & 3u),
        below((1024u << finer) - 256u) {}

  __device__ __forceinline__ float value(u32 code) const {
    return code ? __uint_as_float((code + below) << (20 - finer)) * scale : 0.f;
  }
  __device__ __forceinline__ u32 code(float square, u32 random) const {
    int code = (int)rounded(mul_rn(square, inverse), random, finer) - (int)below;
    return square == 0.f ? 0u : (u32)min(max(code, 1), 255);
  }
};

// The scale by the largest of a block and by the smallest above 0.
__device__ __forceinline__ float scale_of_squares(float largest, float least) {
  if (!(largest >= 1e-36f)) return 0.f;
  // Nothing is as fine where the largest is infinite: their ratio is 0, or no number.
  float ratio = least / largest, top = 1.875f;
  u32 finer = 0;
  if (ratio >= 0x1p-7f)
    finer = 2, top = 1.96875f;
  else if (ratio >= 0x1p-15f)
    finer = 1, top = 1.9375f;
  return __uint_as_float((__float_as_uint(largest / top) & ~3u) | finer);
}

// What the largest of a block makes its scale and the inverse of that; nothing for hardly any.
__device__ __forceinline__ float2 scales_of(float largest) {
  if (!(largest >= 1e-36f)) return make_float2(0.f, 0.f);
  return make_float2(largest / 1.875f, 1.875f / largest);
}

// Eight values at once where the address allows it, else one by one as far as there are any.
__device__ __forceinline__ void load_grads(float* v, const float* from, u32 here, bool aligned) {
  if (aligned) {
    Piece<float, 4> a, b;
    a.load(from);
    b.load(from + 4);
#pragma unroll
    for (int k = 0; k < 4; k++) v[k] = a.v[k], v[k + 4] = b.v[k];
    return;
  }
#pragma unroll
  for (int k = 0; k < EACH; k++) v[k] = k < here ? from[k] : 0.f;
}
__device__ __forceinline__ void load_grads(float* v, const bf16* from, u32 here, bool aligned) {
  if (aligned) {
    Piece<bf16, 8> a;
    a.load(from);
#pragma unroll
    for (int k = 0; k < EACH; k++) v[k] = a.v[k];
    return;
  }
#pragma unroll
  for (int k = 0; k < EACH; k++) v[k] = k < here ? to_float(from[k]) : 0.f;
}
__device__ __forceinline__ uint2 load_codes(const u8* from, u32 here, bool aligned) {
  if (aligned) return *reinterpret_cast<const uint2*>(from);
  uint2 codes = make_uint2(0, 0);
#pragma unroll
  for (int k = 0; k < EACH; k++) {
    u32 code = k < here ? from[k] : 0u;
    if (k < 4)
      codes.x |= code << 8 * k;
    else
      codes.y |= code << 8 * (k - 4);
  }
  return codes;
}
__device__ __forceinline__ u32 code_at(uint2 codes, int k) {
  return (k < 4 ? codes.x >> 8 * k : codes.y >> 8 * (k - 4)) & 255u;
}
__device__ __forceinline__ void put_code(uint2& codes, int k, u32 code) {
  if (k < 4)
    codes.x |= code << 8 * k;
  else
    codes.y |= code << 8 * (k - 4);
}
__device__ __forceinline__ void store_codes(u8* to, uint2 codes, u32 here, bool aligned) {
  if (aligned) {
    *reinterpret_cast<uint2*>(to) = codes;
    return;
  }
#pragma unroll
  for (int k = 0; k < EACH; k++)
    if (k < here) to[k] = (u8)code_at(codes, k);
}
__device__ __forceinline__ uint4 load_params(const u16* from, u32 here, bool aligned) {
  if (aligned) return *reinterpret_cast<const uint4*>(from);
  u32 q[4] = {0, 0, 0, 0};
#pragma unroll
  for (int k = 0; k < EACH; k++)
    if (k < here) q[k / 2] |= (u32)from[k] << 16 * (k % 2);
  return make_uint4(q[0], q[1], q[2], q[3]);
}
__device__ __forceinline__ void store_params(u16* to, const u32* q, u32 here, bool aligned) {
  if (aligned) {
    *reinterpret_cast<uint4*>(to) = make_uint4(q[0], q[1], q[2], q[3]);
    return;
  }
#pragma unroll
  for (int k = 0; k < EACH; k++)
    if (k < here) to[k] = (u16)(q[k / 2] >> 16 * (k % 2));
}

template <class G>
__device__ __forceinline__ void step(u16* params, u8* residual, u8* m, u8* v, float* scales,
                                     const G* grads, const float* factor, Factors with, u32 seed,
                                     u32 turn, u64 count) {
  if (factor) {
    with.grad *= *factor;
    // The norm was not finite: nothing changes.
    if (with.grad != with.grad) return;
  }
  bool all = (((u64)params | (u64)grads) & 15) == 0 &&
             (((u64)residual | (u64)m | (u64)v) & 7) == 0;
  u32 lane = threadIdx.x & 31;
  u64 blocks = (count + BLOCK - 1) / BLOCK, warps = (u64)gridDim.x * (blockDim.x >> 5);
  for (u64 block = (u64)blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5); block < blocks;
       block += warps) {
    u64 at = block * BLOCK + lane * EACH;
    u32 here = at >= count ? 0 : count - at < EACH ? (u32)(count - at) : EACH;
    bool aligned = all && here == EACH;
    float g[EACH], mean[EACH], square[EACH], p[EACH];
    load_grads(g, grads + at, here, aligned);
    uint4 high = load_params(params + at, here, aligned);
    uint2 low = load_codes(residual + at, here, aligned);
    uint2 means = load_codes(m + at, here, aligned), squares = load_codes(v + at, here, aligned);
    float of_mean = scales[2 * block];
    Squares before(scales[2 * block + 1]);
    u32 pairs[4] = {high.x, high.y, high.z, high.w};
    float largest = 0.f, largest_square = 0.f, least = __uint_as_float(0x7f800000u);
#pragma unroll
    for (int k = 0; k < EACH; k++) {
      float grad = mul_rn(g[k], with.grad), old = mean_of(code_at(means, k), of_mean);
      mean[k] = fmaf(with.toward1, grad - old, old);
      old = before.value(code_at(squares, k));
      square[k] = fmaf(mul_rn(with.toward2, grad), grad, mul_rn(old, with.beta2));
      float denominator = fmaf(fast_sqrt(square[k]), with.root, with.eps);
      p[k] = join((u16)(pairs[k / 2] >> 16 * (k % 2)), (u8)code_at(low, k));
      p[k] = fmaf(with.rate, __fdividef(mean[k], denominator), mul_rn(p[k], with.decay));
      // Values beyond the last are 0 and stay so.
      largest = fmaxf(largest, fabsf(mean[k]));
      largest_square = fmaxf(largest_square, square[k]);
      if (square[k] > 0.f) least = fminf(least, square[k]);
    }
    float2 by_mean = scales_of(warp_reduce(largest, Max()));
    least = -warp_reduce(-least, Max());
    Squares by_square(scale_of_squares(warp_reduce(largest_square, Max()), least));
    means = squares = low = make_uint2(0, 0);
#pragma unroll
    for (int k = 0; k < EACH; k++) {
      // Of a weight and a mean square the chance goes on from step to step by the golden ratio.
      u32 own = mixed(0, at + k), random = own + turn * 159u;
      put_code(means, k, code_of_mean(mean[k], by_mean.y, (own ^ seed) * 0x846ca68bu >> 20));
      put_code(squares, k, by_square.code(square[k], ((own >> 8) + turn * 2531u) & 0xfffu));
      // The card's NaN is all ones, which must not run over.
      u32 bits = p[k] != p[k] ? 0x7fc00000u : __float_as_uint(p[k]) + (random & 255u);
      u32 word = ((bits >> 8) + 128u) >> 8 & 0xffffu, shift = 16 * (k % 2);
      pairs[k / 2] = (pairs[k / 2] & ~(0xffffu << shift)) | word << shift;
      put_code(low, k, bits >> 8 & 255u);
    }
    store_params(params + at, pairs, here, aligned);
    store_codes(residual + at, low, here, aligned);
    store_codes(m + at, means, here, aligned);
    store_codes(v + at, squares, here, aligned);
    if (lane == 0) {
      scales[2 * block] = by_mean.x;
      scales[2 * block + 1] = by_square.scale;
    }
  }
}

extern "C" __global__ void __launch_bounds__(256)
    adamw8_f32(u16* params, u8* residual, u8* m, u8* v, float* scales, const float* grads,
               const float* factor, float grad, float decay, float toward1, float beta2,
               float toward2, float root, float eps, float rate, u32 seed, u32 turn, u64 count) {
  Factors with = {grad, decay, toward1, beta2, toward2, root, eps, rate};
  step(params, residual, m, v, scales, grads, factor, with, seed, turn, count);
}
extern "C" __global__ void __launch_bounds__(256)
    adamw8_bf16(u16* params, u8* residual, u8* m, u8* v, float* scales, const bf16* grads,
                const float* factor, float grad, float decay, float toward1, float beta2,
                float toward2, float root, float eps, float rate, u32 seed, u32 turn, u64 count) {
  Factors with = {grad, decay, toward1, beta2, toward2, root, eps, rate};
  step(params, residual, m, v, scales, grads, factor, with, seed, turn, count);
}
