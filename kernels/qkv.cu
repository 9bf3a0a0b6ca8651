// qkv.rs tells the formulas. A few lanes share a head: each holds values i.. of it and their
// partners i + D/2.., so a rotation needs no one else and a norm one sum over the lanes. Threads
// keep their heads and go over tokens, so that backward's sums stay in registers until the end.
#include "common.cuh"

struct Heads {
  u32 tokens, heads, kv, dim, positions, lanes, each;
};

// Where a thread works: its head, and its lane among those of the head.
struct Place {
  u32 head, lane, half, width;
  bool active, turned, query;
  __device__ __forceinline__ Place(const Heads& h) {
    u32 group = threadIdx.x / h.lanes, all = h.heads + 2 * h.kv;
    head = blockIdx.y * h.each + group;
    lane = threadIdx.x & (h.lanes - 1);
    half = h.dim / 2;
    width = all * h.dim;
    active = group < h.each && head < all;
    turned = active && head < h.heads + h.kv;
    query = head < h.heads;
  }
};

__device__ __forceinline__ float over_lanes(float v, u32 lanes) {
  for (u32 by = lanes / 2; by; by >>= 1) v += __shfl_xor_sync(FULL, v, by);
  return v;
}

// The cosines, or sines, of one place of a token; NaN where the table has no such position.
template <int N>
__device__ __forceinline__ void angles(float* to, const float* table, const Heads& h, u32 position,
                                       u32 half, u32 i) {
  if (position >= h.positions) {
#pragma unroll
    for (int k = 0; k < N; k++) to[k] = __uint_as_float(0x7fc00000u);
    return;
  }
  const float* from = table + (u64)position * half + i;
  if (N == 1) {
    to[0] = *from;
  } else {
#pragma unroll
    for (int k = 0; k < N; k += 4) {
      Piece<float, 4> p;
      p.load(from + k);
      to[k] = p.v[0], to[k + 1] = p.v[1], to[k + 2] = p.v[2], to[k + 3] = p.v[3];
    }
  }
}

template <class T, int N>
__device__ __forceinline__ void add_bias(Piece<T, N>& to, const T* bias, u32 at) {
  if (!bias) return;
  Piece<T, N> b;
  b.load(bias + at);
#pragma unroll
  for (int k = 0; k < N; k++) to.v[k] += b.v[k];
}

// A thread has up to P pieces of N values, and as many partners.
template <class T, int N, int P>
__device__ __forceinline__ void forward_rows(T* out, float* rstd, const T* raw, const T* bias,
                                             const T* q, const T* k, const u32* positions,
                                             const float* cos, const float* sin, const Heads& h,
                                             float eps) {
  Place at(h);
  for (u32 token = blockIdx.x; token < h.tokens; token += gridDim.x) {
    u64 row = (u64)token * at.width + at.head * h.dim;
    Piece<T, N> a[P], b[P];
    float sum = 0.f;
#pragma unroll
    for (int p = 0; p < P; p++) {
      u32 i = (p * h.lanes + at.lane) * N;
      if (!at.active || i >= at.half) continue;
      a[p].load(raw + row + i);
      b[p].load(raw + row + at.half + i);
      add_bias(a[p], bias, at.head * h.dim + i);
      add_bias(b[p], bias, at.head * h.dim + at.half + i);
#pragma unroll
      for (int n = 0; n < N; n++) sum += a[p].v[n] * a[p].v[n] + b[p].v[n] * b[p].v[n];
    }
    float scale = 1.f;
    if (q) scale = rsqrtf(over_lanes(sum, h.lanes) / (float)h.dim + eps);
    if (q && at.turned && at.lane == 0) rstd[(u64)token * (h.heads + h.kv) + at.head] = scale;
    const T* weight = at.query ? q : k;
#pragma unroll
    for (int p = 0; p < P; p++) {
      u32 i = (p * h.lanes + at.lane) * N;
      if (!at.active || i >= at.half) continue;
      if (at.turned) {
        if (q) {
          Piece<T, N> w, v;
          w.load(weight + i);
          v.load(weight + at.half + i);
#pragma unroll
          for (int n = 0; n < N; n++) a[p].v[n] *= scale * w.v[n], b[p].v[n] *= scale * v.v[n];
        }
        float c[N], s[N];
        angles<N>(c, cos, h, positions[token], at.half, i);
        angles<N>(s, sin, h, positions[token], at.half, i);
#pragma unroll
        for (int n = 0; n < N; n++) {
          float x = a[p].v[n], y = b[p].v[n];
          a[p].v[n] = x * c[n] - y * s[n];
          b[p].v[n] = y * c[n] + x * s[n];
        }
      }
      a[p].store(out + row + i);
      b[p].store(out + row + at.half + i);
    }
  }
}

// What a thread of backward has summed, pieces and partners.
template <int N, int P>
struct Sums {
  float v[2][P][N];
  __device__ __forceinline__ Sums() {
#pragma unroll
    for (int p = 0; p < P; p++)
#pragma unroll
      for (int n = 0; n < N; n++) v[0][p][n] = v[1][p][n] = 0.f;
  }
  // Values of one head, at its first.
  __device__ __forceinline__ void write(float* to, const Heads& h, const Place& at) const {
#pragma unroll
    for (int p = 0; p < P; p++) {
      u32 i = (p * h.lanes + at.lane) * N;
      if (!at.active || i >= at.half) continue;
#pragma unroll
      for (int n = 0; n < N; n++) to[i + n] = v[0][p][n], to[at.half + i + n] = v[1][p][n];
    }
  }
};

// The sums of the heads of this block, queries and keys apart, each in the order of the heads.
__device__ __forceinline__ void over_heads(float* to_q, float* to_k, const float* sums,
                                           const Heads& h) {
  u64 row = ((u64)blockIdx.y * gridDim.x + blockIdx.x) * h.dim;
  u32 first = blockIdx.y * h.each, turned = h.heads + h.kv;
  for (u32 i = threadIdx.x; i < h.dim; i += blockDim.x) {
    float q = 0.f, k = 0.f;
    for (u32 group = 0; group < h.each && first + group < turned; group++)
      (first + group < h.heads ? q : k) += sums[group * h.dim + i];
    to_q[row + i] = q;
    to_k[row + i] = k;
  }
}

// The pieces of one head of one token through rotation and norm; adds to the norm's sums.
template <class T, int N, int P>
__device__ __forceinline__ void backward_head(Piece<T, N>* a, Piece<T, N>* b, Sums<N, P>& norm,
                                              const T* raw, const T* bias, const T* weight,
                                              const float* cos, const float* sin, u32 position,
                                              float scale, u64 row, const Heads& h,
                                              const Place& at) {
  Piece<T, N> x[P], y[P];
  float projected = 0.f;
#pragma unroll
  for (int p = 0; p < P; p++) {
    u32 i = (p * h.lanes + at.lane) * N;
    if (!at.turned || i >= at.half) continue;
    float c[N], s[N];
    angles<N>(c, cos, h, position, at.half, i);
    angles<N>(s, sin, h, position, at.half, i);
#pragma unroll
    for (int n = 0; n < N; n++) {
      float u = a[p].v[n], v = b[p].v[n];
      a[p].v[n] = u * c[n] + v * s[n];
      b[p].v[n] = v * c[n] - u * s[n];
    }
    if (!weight) continue;
    x[p].load(raw + row + i);
    y[p].load(raw + row + at.half + i);
    add_bias(x[p], bias, at.head * h.dim + i);
    add_bias(y[p], bias, at.head * h.dim + at.half + i);
    Piece<T, N> w, v;
    w.load(weight + i);
    v.load(weight + at.half + i);
#pragma unroll
    for (int n = 0; n < N; n++) {
      x[p].v[n] *= scale, y[p].v[n] *= scale;
      norm.v[0][p][n] += a[p].v[n] * x[p].v[n];
      norm.v[1][p][n] += b[p].v[n] * y[p].v[n];
      a[p].v[n] *= w.v[n], b[p].v[n] *= v.v[n];
      projected += a[p].v[n] * x[p].v[n] + b[p].v[n] * y[p].v[n];
    }
  }
  if (!weight) return;
  float mean = over_lanes(projected, h.lanes) / (float)h.dim;
#pragma unroll
  for (int p = 0; p < P; p++) {
    u32 i = (p * h.lanes + at.lane) * N;
    if (!at.turned || i >= at.half) continue;
#pragma unroll
    for (int n = 0; n < N; n++) {
      a[p].v[n] = scale * (a[p].v[n] - mean * x[p].v[n]);
      b[p].v[n] = scale * (b[p].v[n] - mean * y[p].v[n]);
    }
  }
}

template <class T, int N, int P>
__device__ __forceinline__ void backward_rows(T* draw, float* to_bias, float* to_q, float* to_k,
                                              const T* dout, const T* raw, const float* rstd,
                                              const T* bias, const T* q, const T* k,
                                              const u32* positions, const float* cos,
                                              const float* sin, const Heads& h) {
  SHARED_DYNAMIC(float, shared);
  Place at(h);
  Sums<N, P> sums, norm;
  for (u32 token = blockIdx.x; token < h.tokens; token += gridDim.x) {
    u64 row = (u64)token * at.width + at.head * h.dim;
    Piece<T, N> a[P], b[P];
#pragma unroll
    for (int p = 0; p < P; p++) {
      u32 i = (p * h.lanes + at.lane) * N;
      if (!at.active || i >= at.half) continue;
      a[p].load(dout + row + i);
      b[p].load(dout + row + at.half + i);
    }
    float scale = q && at.turned ? rstd[(u64)token * (h.heads + h.kv) + at.head] : 0.f;
    backward_head<T, N, P>(a, b, norm, raw, bias, at.query ? q : k, cos, sin, positions[token],
                           scale, row, h, at);
#pragma unroll
    for (int p = 0; p < P; p++) {
      u32 i = (p * h.lanes + at.lane) * N;
      if (!at.active || i >= at.half) continue;
#pragma unroll
      for (int n = 0; n < N; n++) {
        sums.v[0][p][n] += a[p].v[n];
        sums.v[1][p][n] += b[p].v[n];
      }
      a[p].store(draw + row + i);
      b[p].store(draw + row + at.half + i);
    }
  }
  if (to_bias) sums.write(to_bias + (u64)blockIdx.x * at.width + at.head * h.dim, h, at);
  if (!to_q) return;
  norm.write(shared + threadIdx.x / h.lanes * h.dim, h, at);
  __syncthreads();
  over_heads(to_q, to_k, shared, h);
}

template <class T>
__device__ __forceinline__ void forward(T* out, float* rstd, const T* raw, const T* bias,
                                        const T* q, const T* k, const u32* positions,
                                        const float* cos, const float* sin, const Heads& h,
                                        u32 pieces, float eps) {
  if (pieces)
    forward_rows<T, Widest<T>::count, 1>(out, rstd, raw, bias, q, k, positions, cos, sin, h, eps);
  else
    forward_rows<T, 1, 4>(out, rstd, raw, bias, q, k, positions, cos, sin, h, eps);
}

template <class T>
__device__ __forceinline__ void backward(T* draw, float* to_bias, float* to_q, float* to_k,
                                         const T* dout, const T* raw, const float* rstd,
                                         const T* bias, const T* q, const T* k,
                                         const u32* positions, const float* cos, const float* sin,
                                         const Heads& h, u32 pieces) {
  if (pieces)
    backward_rows<T, Widest<T>::count, 1>(draw, to_bias, to_q, to_k, dout, raw, rstd, bias, q, k,
                                          positions, cos, sin, h);
  else
    backward_rows<T, 1, 4>(draw, to_bias, to_q, to_k, dout, raw, rstd, bias, q, k, positions, cos,
                           sin, h);
}

extern "C" __global__ void __launch_bounds__(512)
    qkv_forward_f32(float* out, float* rstd, const float* raw, const float* bias, const float* q,
                    const float* k, const u32* positions, const float* cos, const float* sin,
                    u32 tokens, u32 heads, u32 kv, u32 dim, u32 table, u32 lanes, u32 each,
                    u32 pieces, float eps) {
  forward(out, rstd, raw, bias, q, k, positions, cos, sin,
          {tokens, heads, kv, dim, table, lanes, each}, pieces, eps);
}
extern "C" __global__ void __launch_bounds__(512)
    qkv_forward_bf16(bf16* out, float* rstd, const bf16* raw, const bf16* bias, const bf16* q,
                     const bf16* k, const u32* positions, const float* cos, const float* sin,
                     u32 tokens, u32 heads, u32 kv, u32 dim, u32 table, u32 lanes, u32 each,
                     u32 pieces, float eps) {
  forward(out, rstd, raw, bias, q, k, positions, cos, sin,
          {tokens, heads, kv, dim, table, lanes, each}, pieces, eps);
}
extern "C" __global__ void __launch_bounds__(512)
    qkv_backward_f32(float* draw, float* to_bias, float* to_q, float* to_k, const float* dout,
                     const float* raw, const float* rstd, const float* bias, const float* q,
                     const float* k, const u32* positions, const float* cos, const float* sin,
                     u32 tokens, u32 heads, u32 kv, u32 dim, u32 table, u32 lanes, u32 each,
                     u32 pieces) {
  backward(draw, to_bias, to_q, to_k, dout, raw, rstd, bias, q, k, positions, cos, sin,
           {tokens, heads, kv, dim, table, lanes, each}, pieces);
}
extern "C" __global__ void __launch_bounds__(512)
    qkv_backward_bf16(bf16* draw, float* to_bias, float* to_q, float* to_k, const bf16* dout,
                      const bf16* raw, const float* rstd, const bf16* bias, const bf16* q,
                      const bf16* k, const u32* positions, const float* cos, const float* sin,
                      u32 tokens, u32 heads, u32 kv, u32 dim, u32 table, u32 lanes, u32 each,
                      u32 pieces) {
  backward(draw, to_bias, to_q, to_k, dout, raw, rstd, bias, q, k, positions, cos, sin,
           {tokens, heads, kv, dim, table, lanes, each}, pieces);
}
