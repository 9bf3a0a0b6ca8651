// Attention for the heads and types that attention.cuh has no tiles for: any width up to 256, f32
// or bf16; attention.rs tells the formulas. A warp has one row: a query of a head, or a key and
// value for their gradients. It takes 32 rows of the other side at a time, a lane each for the dot
// products, and all lanes together, each with some columns, for the sums.
#include "common.cuh"

#define WIDEST 256
#define WARPS 4

struct Batch {
  const u32 *starts, *prefixes;
  u32 sequences, tokens, heads, kv_heads, width;

  __device__ __forceinline__ u64 row() const { return (u64)(heads + 2 * kv_heads) * width; }
  __device__ __forceinline__ u64 query(u32 token, u32 head) const {
    return token * row() + head * width;
  }
};

// Columns of one row, one in 32 a lane.
struct Sums {
  float at[WIDEST / 32];

  __device__ __forceinline__ void scale(float factor) {
#pragma unroll
    for (int i = 0; i < WIDEST / 32; i++) at[i] *= factor;
  }
  template <class T>
  __device__ __forceinline__ void add(const T* row, u32 width, float weight) {
#pragma unroll
    for (int i = 0; i < WIDEST / 32; i++) {
      u32 column = i * 32 + (threadIdx.x & 31);
      if (column < width) at[i] += weight * to_float(row[column]);
    }
  }
  template <class T>
  __device__ __forceinline__ void store(T* row, u32 width, float factor) const {
#pragma unroll
    for (int i = 0; i < WIDEST / 32; i++) {
      u32 column = i * 32 + (threadIdx.x & 31);
      if (column < width) row[column] = from_float<T>(at[i] * factor);
    }
  }
};

// A warp's own row in shared memory.
template <class T>
__device__ __forceinline__ void keep(float* to, const T* row, u32 width) {
  for (u32 i = threadIdx.x & 31; i < width; i += 32) to[i] = to_float(row[i]);
}

template <class T>
__device__ __forceinline__ float dot(const T* row, const float* kept, u32 width) {
  float sum = 0.f;
  for (u32 i = 0; i < width; i++) sum += to_float(row[i]) * kept[i];
  return sum;
}

// The ranges of keys that a query sees: a prefix, its own sequence.
struct Keys {
  u32 at, token, from, to;
  int stage;

  __device__ __forceinline__ Keys(const Batch& b, u32 row) {
    at = sequence_of(b.starts, b.sequences, row), token = row, stage = 0;
  }
  __device__ __forceinline__ bool next(const Batch& b) {
    from = b.starts[at], to = token + 1;
    if (stage == 0 && b.prefixes && b.prefixes[2 * at + 1])
      from = b.prefixes[2 * at], to = from + b.prefixes[2 * at + 1];
    else if (stage == 0)
      stage = 1;
    return ++stage <= 2;
  }
};

// The ranges of queries that see a key: of its own sequence, then of those that it is a prefix to.
struct Queries {
  u32 token, sequence, hits, from, to;
  bool own;

  __device__ __forceinline__ Queries(u32 row) {
    token = row, sequence = 0, hits = 0, own = true;
  }
  __device__ __forceinline__ bool next(const Batch& b) {
    if (own) {
      own = false;
      from = token, to = b.starts[sequence_of(b.starts, b.sequences, token) + 1];
      return true;
    }
    for (; !hits; sequence += 32) {
      if (!b.prefixes || sequence >= b.sequences) return false;
      u32 at = sequence + (threadIdx.x & 31);
      hits = __ballot_sync(FULL, at < b.sequences && token >= b.prefixes[2 * at] &&
                                     token - b.prefixes[2 * at] < b.prefixes[2 * at + 1]);
    }
    u32 at = sequence - 32 + __ffs((int)hits) - 1;
    hits &= hits - 1;
    from = b.starts[at], to = b.starts[at + 1];
    return true;
  }
};

template <class T>
__device__ __forceinline__ void forward(T* out, float* lse, const T* qkv, const Batch& b,
                                        float scale) {
  SHARED(float, kept, WARPS * WIDEST);
  u32 warp = threadIdx.x / 32, lane = threadIdx.x & 31;
  u64 row = (u64)blockIdx.x * WARPS + warp;
  if (row >= (u64)b.tokens * b.heads) return;
  u32 token = row / b.heads, head = row % b.heads, kv = head / (b.heads / b.kv_heads);
  float* query = kept + warp * WIDEST;
  keep(query, qkv + b.query(token, head), b.width);
  __syncwarp();
  float peak = NEGATIVE_INFINITY, total = 0.f;
  Sums sums = {};
  for (Keys keys(b, token); keys.next(b);)
    for (u32 from = keys.from, to = keys.to; from < to; from += 32) {
      u32 key = from + lane, count = min(32u, to - from);
      float score = NEGATIVE_INFINITY;
      if (key < to) score = dot(qkv + b.query(key, b.heads + kv), query, b.width) * scale;
      float highest = fmaxf(peak, warp_reduce(score, Max()));
      float weight = key < to ? expf(score - highest) : 0.f;
      float factor = peak == highest ? 1.f : expf(peak - highest);
      total = total * factor + warp_reduce(weight, Sum());
      peak = highest;
      sums.scale(factor);
      for (u32 i = 0; i < count; i++)
        sums.add(qkv + b.query(from + i, b.heads + b.kv_heads + kv), b.width,
                 __shfl_sync(FULL, weight, i));
    }
  sums.store(out + row * b.width, b.width, 1.f / total);
  if (lane == 0) lse[row] = peak + logf(total);
}

// Σ dout · out of each head, a warp each.
template <class T>
__device__ __forceinline__ void deltas(float* delta, const T* dout, const T* out, u64 rows,
                                       u32 width) {
  u64 row = (u64)blockIdx.x * WARPS + threadIdx.x / 32;
  if (row >= rows) return;
  float sum = 0.f;
  for (u32 i = threadIdx.x & 31; i < width; i += 32)
    sum += to_float(dout[row * width + i]) * to_float(out[row * width + i]);
  sum = warp_reduce(sum, Sum());
  if ((threadIdx.x & 31) == 0) delta[row] = sum;
}

template <class T>
__device__ __forceinline__ void queries(T* dqkv, const T* dout, const float* lse,
                                        const float* delta, const T* qkv, const Batch& b,
                                        float scale) {
  SHARED(float, kept, 2 * WARPS * WIDEST);
  u32 warp = threadIdx.x / 32, lane = threadIdx.x & 31;
  u64 row = (u64)blockIdx.x * WARPS + warp;
  if (row >= (u64)b.tokens * b.heads) return;
  u32 token = row / b.heads, head = row % b.heads, kv = head / (b.heads / b.kv_heads);
  float *query = kept + 2 * warp * WIDEST, *slope = query + WIDEST;
  keep(query, qkv + b.query(token, head), b.width);
  keep(slope, dout + row * b.width, b.width);
  __syncwarp();
  Sums sums = {};
  for (Keys keys(b, token); keys.next(b);)
    for (u32 from = keys.from, to = keys.to; from < to; from += 32) {
      u32 key = from + lane, count = min(32u, to - from);
      float dscore = 0.f;
      if (key < to) {
        float score = dot(qkv + b.query(key, b.heads + kv), query, b.width) * scale;
        float dweight = dot(qkv + b.query(key, b.heads + b.kv_heads + kv), slope, b.width);
        dscore = expf(score - lse[row]) * (dweight - delta[row]);
      }
      for (u32 i = 0; i < count; i++)
        sums.add(qkv + b.query(from + i, b.heads + kv), b.width, __shfl_sync(FULL, dscore, i));
    }
  sums.store(dqkv + b.query(token, head), b.width, scale);
}

template <class T>
__device__ __forceinline__ void keys(T* dqkv, const T* dout, const float* lse, const float* delta,
                                     const T* qkv, const Batch& b, float scale) {
  SHARED(float, kept, 2 * WARPS * WIDEST);
  u32 warp = threadIdx.x / 32, lane = threadIdx.x & 31;
  u64 row = (u64)blockIdx.x * WARPS + warp;
  if (row >= (u64)b.tokens * b.kv_heads) return;
  u32 token = row / b.kv_heads, kv = row % b.kv_heads, group = b.heads / b.kv_heads;
  float *key = kept + 2 * warp * WIDEST, *value = key + WIDEST;
  keep(key, qkv + b.query(token, b.heads + kv), b.width);
  keep(value, qkv + b.query(token, b.heads + b.kv_heads + kv), b.width);
  __syncwarp();
  Sums dkey = {}, dvalue = {};
  for (Queries queries(token); queries.next(b);)
    for (u32 head = kv * group; head < (kv + 1) * group; head++)
      for (u32 from = queries.from, to = queries.to; from < to; from += 32) {
        u32 count = min(32u, to - from);
        float weight = 0.f, dscore = 0.f;
        if (from + lane < to) {
          u64 at = (u64)(from + lane) * b.heads + head;
          float score = dot(qkv + b.query(from + lane, head), key, b.width) * scale;
          weight = expf(score - lse[at]);
          dscore = weight * (dot(dout + at * b.width, value, b.width) - delta[at]);
        }
        for (u32 i = 0; i < count; i++) {
          u64 at = (u64)(from + i) * b.heads + head;
          dvalue.add(dout + at * b.width, b.width, __shfl_sync(FULL, weight, i));
          dkey.add(qkv + b.query(from + i, head), b.width, __shfl_sync(FULL, dscore, i));
        }
      }
  dkey.store(dqkv + b.query(token, b.heads + kv), b.width, scale);
  dvalue.store(dqkv + b.query(token, b.heads + b.kv_heads + kv), b.width, 1.f);
}

#define BATCH \
  { starts, prefixes, sequences, tokens, heads, kv_heads, width }

extern "C" __global__ void __launch_bounds__(128)
    attention_general_forward_f32(float* out, float* lse, const float* qkv, const u32* starts,
                                  const u32* prefixes, u32 sequences, u32 tokens, u32 heads,
                                  u32 kv_heads, u32 width, float scale) {
  forward(out, lse, qkv, BATCH, scale);
}
extern "C" __global__ void __launch_bounds__(128)
    attention_general_forward_bf16(bf16* out, float* lse, const bf16* qkv, const u32* starts,
                                   const u32* prefixes, u32 sequences, u32 tokens, u32 heads,
                                   u32 kv_heads, u32 width, float scale) {
  forward(out, lse, qkv, BATCH, scale);
}
extern "C" __global__ void __launch_bounds__(128)
    attention_general_deltas_f32(float* delta, const float* dout, const float* out, u64 rows,
                                 u32 width) {
  deltas(delta, dout, out, rows, width);
}
extern "C" __global__ void __launch_bounds__(128)
    attention_general_deltas_bf16(float* delta, const bf16* dout, const bf16* out, u64 rows,
                                  u32 width) {
  deltas(delta, dout, out, rows, width);
}
extern "C" __global__ void __launch_bounds__(128)
    attention_general_queries_f32(float* dqkv, const float* dout, const float* lse,
                                  const float* delta, const float* qkv, const u32* starts,
                                  const u32* prefixes, u32 sequences, u32 tokens, u32 heads,
                                  u32 kv_heads, u32 width, float scale) {
  queries(dqkv, dout, lse, delta, qkv, BATCH, scale);
}
extern "C" __global__ void __launch_bounds__(128)
    attention_general_queries_bf16(bf16* dqkv, const bf16* dout, const float* lse,
                                   const float* delta, const bf16* qkv, const u32* starts,
                                   const u32* prefixes, u32 sequences, u32 tokens, u32 heads,
                                   u32 kv_heads, u32 width, float scale) {
  queries(dqkv, dout, lse, delta, qkv, BATCH, scale);
}
extern "C" __global__ void __launch_bounds__(128)
    attention_general_keys_f32(float* dqkv, const float* dout, const float* lse,
                               const float* delta, const float* qkv, const u32* starts,
                               const u32* prefixes, u32 sequences, u32 tokens, u32 heads,
                               u32 kv_heads, u32 width, float scale) {
  keys(dqkv, dout, lse, delta, qkv, BATCH, scale);
}
extern "C" __global__ void __launch_bounds__(128)
    attention_general_keys_bf16(bf16* dqkv, const bf16* dout, const float* lse,
                                const float* delta, const bf16* qkv, const u32* starts,
                                const u32* prefixes, u32 sequences, u32 tokens, u32 heads,
                                u32 kv_heads, u32 width, float scale) {
  keys(dqkv, dout, lse, delta, qkv, BATCH, scale);
}
