// decode.rs tells the formula and the layout. The context of a row is cut into parts, each a block
// of threads of its own, which leaves unfinished sums with their maximum and mass; join puts them
// together in order. The first `splits` parts are of the prefix, the others of the tail.
//
// The kernels for heads of 64, 96 and 128 go over 64 tokens at a time on tensor cores: the queries
// of a key-value head side by side, and for the prefix those of all rows of a run, so that keys and
// values are read once for all of them. A run is of rows with the same prefix, cut at every
// multiple of `run`, so each row finds its own alone. The other kernel takes one head of one row.
#include "common.cuh"

#define CACHE_BLOCK 32
#define STEP 64
#define LEAST 256

struct Layout {
  u32 rows, heads, kv, splits, run, listed, blocks;
  __device__ __forceinline__ u32 group() const { return heads / kv; }
};

// What one block of threads attends to: tokens from.. to.. of a list of cache blocks.
struct Part {
  u32 start, from, to, count;
  bool idle, bad;
};

struct Words {
  u32 prefix, prefix_len, tail, tail_len;
  __device__ __forceinline__ Words(const u32* rows, u32 row) {
    uint4 w = *reinterpret_cast<const uint4*>(rows + 4 * (u64)row);
    prefix = w.x, prefix_len = w.y, tail = w.z, tail_len = w.w;
  }
  __device__ __forceinline__ bool shares(const Words& other) const {
    return prefix_len && other.prefix_len && prefix == other.prefix;
  }
};

__device__ __forceinline__ Part cut(const u32* rows, u32 row, u32 z, const Layout& l) {
  Words own(rows, row);
  Part p;
  p.count = 1;
  p.idle = false;
  u32 len = own.tail_len, which = z - l.splits;
  p.start = own.tail;
  if (z < l.splits) {
    len = own.prefix_len, which = z;
    p.start = own.prefix;
    if (row % l.run && own.shares(Words(rows, row - 1))) {
      p.idle = true;
      return p;
    }
    for (u32 at = row + 1; at < l.rows && at % l.run; at++, p.count++) {
      Words next(rows, at);
      if (!own.shares(next)) break;
      len = max(len, next.prefix_len);
    }
  }
  u64 end = (u64)p.start + (len + (u64)CACHE_BLOCK - 1) / CACHE_BLOCK;
  p.bad = end > l.listed;
  u32 each = (u32)(((len + (u64)l.splits - 1) / l.splits + STEP - 1) / STEP * STEP);
  each = max(each, (u32)LEAST);
  u64 from = (u64)which * each, to = from + each;
  p.from = from < len ? (u32)from : len;
  p.to = to < len ? (u32)to : len;
  if (p.bad) p.to = p.from;
  return p;
}

// Where the part of one row and head leaves its sums; twice that is where maximum and mass go.
__device__ __forceinline__ u64 slot(u32 row, u32 head, u32 z, const Layout& l) {
  return ((u64)row * l.heads + head) * (2 * l.splits) + z;
}

__device__ __forceinline__ void mark(float* marks, u64 at, float most, float mass) {
  marks[2 * at] = most;
  marks[2 * at + 1] = mass;
}

// Copies 64 tokens of keys and values to shared memory: zeros where there is no token.
template <int D>
__device__ __forceinline__ void fetch(bf16* k, bf16* v, const bf16* keys, const bf16* values,
                                      const u32* table, u32 first, const Part& p, u32 head,
                                      const Layout& l, bool& bad) {
  constexpr int PITCH = CACHE_BLOCK + 8, ROW = D + 8;
  const bf16* from[2];
  bool there[2];
#pragma unroll
  for (int b = 0; b < 2; b++) {
    u32 token = first + b * CACHE_BLOCK;
    u32 block = token < p.to ? table[p.start + token / CACHE_BLOCK] : 0;
    there[b] = token < p.to && block < l.blocks;
    bad = bad || block >= l.blocks;
    from[b] = nullptr;
    if (there[b]) from[b] = keys + ((u64)block * l.kv + head) * (D * CACHE_BLOCK);
  }
#pragma unroll
  for (int b = 0; b < 2; b++) {
#pragma unroll
    for (int at = 0; at < D * 4; at += 128) {
      u32 i = at + threadIdx.x;
      const bf16* source = there[b] ? from[b] + i * 8 : keys;
      copy_async<16>(k + (b * D + i / 4) * PITCH + i % 4 * 8, source, there[b]);
    }
#pragma unroll
    for (int at = 0; at < CACHE_BLOCK * (D / 8); at += 128) {
      u32 i = at + threadIdx.x, row = b * CACHE_BLOCK + i / (D / 8);
      bool seen = there[b] && first + row < p.to;
      const bf16* source = seen ? values + (from[b] - keys) + i * 8 : values;
      copy_async<16>(v + row * ROW + i % (D / 8) * 8, source, seen);
    }
  }
}

// Sixteen queries and what they have gathered, in the layout of `multiply`.
template <int D>
struct Tile {
  u32 q[D / 16][4];
  float sums[D / 8][4];
  float most[2], mass[2];
  u32 limit[2];

  // Queries from `first` on of the part's rows, and how many tokens each may see.
  __device__ __forceinline__ void load(const bf16* qkv, const u32* rows, u32 first, u32 row,
                                       u32 kv_head, const Part& p, bool prefix, const Layout& l) {
    u32 lane = threadIdx.x & 31, group = l.group();
#pragma unroll
    for (int half = 0; half < 2; half++) {
      u32 query = first + lane / 4 + half * 8;
      bool there = query < p.count * group;
      u32 mine = row + (there ? query / group : 0);
      u64 at = (u64)mine * (l.heads + 2 * l.kv) + kv_head * group + query % group;
      const u32* from = reinterpret_cast<const u32*>(qkv + at * D) + lane % 4;
#pragma unroll
      for (int c = 0; c < D / 16; c++) {
        q[c][half] = there ? from[c * 8] : 0;
        q[c][half + 2] = there ? from[c * 8 + 4] : 0;
      }
      limit[half] = !there ? 0 : prefix ? min(Words(rows, mine).prefix_len, p.to) : p.to;
      most[half] = NEGATIVE_INFINITY;
      mass[half] = 0.f;
    }
#pragma unroll
    for (int c = 0; c < D / 8; c++)
#pragma unroll
      for (int i = 0; i < 4; i++) sums[c][i] = 0.f;
  }

  // Sixteen tokens, the first of them number `token`; `scale` brings scores to powers of two.
  __device__ __forceinline__ void visit(const bf16* k, const bf16* v, u32 token, float scale) {
    constexpr int PITCH = CACHE_BLOCK + 8, ROW = D + 8;
    u32 lane = threadIdx.x & 31, low = lane % 8 + (lane / 8 % 2) * 8, high = lane / 16 * 8;
    float s[2][4] = {{0.f, 0.f, 0.f, 0.f}, {0.f, 0.f, 0.f, 0.f}};
#pragma unroll
    for (int c = 0; c < D / 16; c++) {
      u32 b[4];
      load_turned(b, k + (c * 16 + low) * PITCH + high);
      multiply(s[0], q[c], b[0], b[1]);
      multiply(s[1], q[c], b[2], b[3]);
    }
    bool moved = false;
    float kept[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
      float top = most[half];
#pragma unroll
      for (int i = 0; i < 4; i++) {
        float& score = s[i / 2][half * 2 + i % 2];
        u32 at = token + i / 2 * 8 + lane % 4 * 2 + i % 2;
        score = at < limit[half] ? score * scale : NEGATIVE_INFINITY;
        top = fmaxf(top, score);
      }
      top = fmaxf(top, __shfl_xor_sync(FULL, top, 1));
      top = fmaxf(top, __shfl_xor_sync(FULL, top, 2));
      float base = top == NEGATIVE_INFINITY ? 0.f : top;
      kept[half] = fast_exp2(most[half] - base);
      moved = moved || top != most[half];
      most[half] = top;
      mass[half] *= kept[half];
#pragma unroll
      for (int i = 0; i < 4; i++) {
        float& weight = s[i / 2][half * 2 + i % 2];
        weight = fast_exp2(weight - base);
        mass[half] += weight;
      }
    }
    if (__any_sync(FULL, moved)) {
#pragma unroll
      for (int c = 0; c < D / 8; c++)
#pragma unroll
        for (int i = 0; i < 4; i++) sums[c][i] *= kept[i / 2];
    }
    u32 p[4] = {pack(s[0][0], s[0][1]), pack(s[0][2], s[0][3]), pack(s[1][0], s[1][1]),
                pack(s[1][2], s[1][3])};
#pragma unroll
    for (int c = 0; c < D / 16; c++) {
      u32 b[4];
      load_turned(b, v + low * ROW + c * 16 + high);
      multiply(sums[2 * c], p, b[0], b[1]);
      multiply(sums[2 * c + 1], p, b[2], b[3]);
    }
  }

  // To shared memory, with maximum and mass behind the sums of all warps.
  __device__ __forceinline__ void leave(float* shared, u32 warp) {
    u32 lane = threadIdx.x & 31;
    float* to = shared + warp * 16 * D;
    float* marks = shared + 4 * 16 * D + warp * 32;
#pragma unroll
    for (int half = 0; half < 2; half++) {
      u32 row = lane / 4 + half * 8;
#pragma unroll
      for (int c = 0; c < D / 8; c++) {
        to[row * D + c * 8 + lane % 4 * 2] = sums[c][half * 2];
        to[row * D + c * 8 + lane % 4 * 2 + 1] = sums[c][half * 2 + 1];
      }
      mass[half] += __shfl_xor_sync(FULL, mass[half], 1);
      mass[half] += __shfl_xor_sync(FULL, mass[half], 2);
      if (lane % 4 == 0) marks[row * 2] = most[half], marks[row * 2 + 1] = mass[half];
    }
  }
};

template <int D>
__device__ __forceinline__ void attend(float* sums, float* marks, const bf16* qkv,
                                       const bf16* keys, const bf16* values, const u32* table,
                                       const u32* rows, float scale, const Layout& l) {
  SHARED_DYNAMIC(bf16, shared);
  constexpr int PITCH = CACHE_BLOCK + 8, ROW = D + 8, WHOLE = 2 * D * PITCH + STEP * ROW;
  u32 row = blockIdx.x, head = blockIdx.y, z = blockIdx.z, group = l.group();
  Part p = cut(rows, row, z, l);
  if (p.idle) return;
  u32 queries = p.count * group;
  if (p.from >= p.to) {
    float mass = p.bad ? __uint_as_float(0x7fc00000u) : 0.f;
    for (u32 i = threadIdx.x; i < queries; i += blockDim.x)
      mark(marks, slot(row + i / group, head * group + i % group, z, l), NEGATIVE_INFINITY, mass);
    return;
  }
  // Warps take tiles of queries, and those that share a tile take tokens by turns.
  u32 warp = threadIdx.x / 32, tiles = queries > 32 ? 4 : queries > 16 ? 2 : 1;
  u32 tile = warp % tiles, turns = 4 / tiles;
  Tile<D> t;
  t.load(qkv, rows, tile * 16, row, head, p, z < l.splits, l);
  bool bad = false;
  u32 steps = (p.to - p.from + STEP - 1) / STEP;
  fetch<D>(shared, shared + 2 * D * PITCH, keys, values, table, p.from, p, head, l, bad);
  commit_copies();
  for (u32 step = 0; step < steps; step++) {
    u32 first = p.from + step * STEP;
    bf16* next = shared + ((step + 1) & 1) * WHOLE;
    if (step + 1 < steps)
      fetch<D>(next, next + 2 * D * PITCH, keys, values, table, first + STEP, p, head, l, bad);
    commit_copies();
    wait_copies<1>();
    __syncthreads();
    const bf16* k = shared + (step & 1) * WHOLE;
    const bf16* v = k + 2 * D * PITCH;
    for (u32 unit = warp / tiles; unit < STEP / 16; unit += turns)
      t.visit(k + unit / 2 * (D * PITCH) + unit % 2 * 16, v + unit * 16 * ROW, first + unit * 16,
              scale);
    __syncthreads();
  }
  wait_copies<0>();
  float* left = reinterpret_cast<float*>(shared);
  t.leave(left, warp);
  __syncthreads();
  const float* left_marks = left + 4 * 16 * D;
  for (u32 i = threadIdx.x; i < queries * D; i += blockDim.x) {
    u32 query = i / D, d = i % D, from = query / 16, line = query % 16;
    float most = NEGATIVE_INFINITY, mass = 0.f, sum = 0.f;
    for (u32 w = from; w < 4; w += tiles) most = fmaxf(most, left_marks[w * 32 + line * 2]);
    float base = most == NEGATIVE_INFINITY ? 0.f : most;
    for (u32 w = from; w < 4; w += tiles) {
      float weight = fast_exp2(left_marks[w * 32 + line * 2] - base);
      mass += left_marks[w * 32 + line * 2 + 1] * weight;
      sum += left[(w * 16 + line) * D + d] * weight;
    }
    if (bad) mass = __uint_as_float(0x7fc00000u);
    u64 at = slot(row + query / group, head * group + query % group, z, l);
    sums[at * D + d] = sum;
    if (d == 0) mark(marks, at, most, mass);
  }
}

// Any even head size up to 256: four warps take cache blocks by turns, a lane a token for the
// scores and then a lane a few columns of the values.
template <class T>
__device__ __forceinline__ void attend_any(float* sums, float* marks, const T* qkv, const T* keys,
                                           const T* values, const u32* table, const u32* rows,
                                           u32 dim, float scale, const Layout& l) {
  SHARED(float, q, 256);
  SHARED(float, left, 4 * 256);
  SHARED(float, left_marks, 8);
  u32 row = blockIdx.x, head = blockIdx.y, z = blockIdx.z, lane = threadIdx.x & 31;
  u32 warp = threadIdx.x / 32, kv_head = head / l.group();
  Part p = cut(rows, row, z, l);
  u64 to = slot(row, head, z, l);
  const T* from = qkv + ((u64)row * (l.heads + 2 * l.kv) + head) * dim;
  for (u32 d = threadIdx.x; d < dim; d += blockDim.x) q[d] = to_float(from[d]) * scale;
  __syncthreads();
  float most = NEGATIVE_INFINITY, mass = 0.f, sum[8];
  bool bad = p.bad;
#pragma unroll
  for (int c = 0; c < 8; c++) sum[c] = 0.f;
  for (u32 first = p.from + warp * CACHE_BLOCK; first < p.to; first += 4 * CACHE_BLOCK) {
    u32 block = table[p.start + first / CACHE_BLOCK];
    bad = bad || block >= l.blocks;
    if (bad) break;
    u64 at = ((u64)block * l.kv + kv_head) * dim * CACHE_BLOCK;
    float score = 0.f;
    for (u32 d = 0; d < dim; d++) score += q[d] * to_float(keys[at + d * CACHE_BLOCK + lane]);
    bool seen = first + lane < p.to;
    float top = fmaxf(most, warp_reduce(seen ? score : NEGATIVE_INFINITY, Max()));
    float weight = seen ? fast_exp2(score - top) : 0.f, kept = fast_exp2(most - top);
    mass = mass * kept + warp_reduce(weight, Sum());
    most = top;
#pragma unroll
    for (int c = 0; c < 8; c++) sum[c] *= kept;
    for (u32 j = 0; j < CACHE_BLOCK && first + j < p.to; j++) {
      float share = __shfl_sync(FULL, weight, j);
#pragma unroll
      for (int c = 0; c < 8; c++) {
        u32 d = c * 32 + lane;
        if (d < dim) sum[c] += share * to_float(values[at + j * dim + d]);
      }
    }
  }
#pragma unroll
  for (int c = 0; c < 8; c++) left[warp * 256 + c * 32 + lane] = sum[c];
  if (lane == 0) left_marks[warp * 2] = most;
  if (lane == 0) left_marks[warp * 2 + 1] = bad ? __uint_as_float(0x7fc00000u) : mass;
  __syncthreads();
  for (u32 d = threadIdx.x; d < dim; d += blockDim.x) {
    float top = NEGATIVE_INFINITY, whole = 0.f, all = 0.f;
    for (u32 w = 0; w < 4; w++) top = fmaxf(top, left_marks[w * 2]);
    float base = top == NEGATIVE_INFINITY ? 0.f : top;
    for (u32 w = 0; w < 4; w++) {
      float weight = fast_exp2(left_marks[w * 2] - base);
      whole += left_marks[w * 2 + 1] * weight;
      all += left[w * 256 + d] * weight;
    }
    sums[to * dim + d] = all;
    if (d == 0) mark(marks, to, top, whole);
  }
}

// One warp a row and head: a lane a part, at most 32 of them. Nothing attended to is NaN.
template <class T>
__device__ __forceinline__ void join(T* out, const float* sums, const float* marks, u32 count,
                                     u32 parts, u32 dim) {
  u64 at = (u64)blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
  u32 lane = threadIdx.x & 31;
  if (at >= count) return;
  u64 first = at * parts;
  bool there = lane < parts;
  float most = there ? marks[2 * (first + lane)] : NEGATIVE_INFINITY;
  float mass = there ? marks[2 * (first + lane) + 1] : 0.f;
  float top = warp_reduce(most, Max());
  float weight = fast_exp2(most - (top == NEGATIVE_INFINITY ? 0.f : top));
  // A mass of NaN tells of a row that points nowhere, whatever its weight.
  bool nan = mass != mass;
  float whole = warp_reduce(nan ? mass : mass * weight, Sum());
  u32 used = __ballot_sync(FULL, mass > 0.f);
  for (u32 d = lane; d - lane < dim; d += 32) {
    float sum = 0.f;
    for (u32 left = used; left; left &= left - 1) {
      u32 part = (u32)__ffs((int)left) - 1;
      float share = __shfl_sync(FULL, weight, part);
      if (d < dim) sum += sums[(first + part) * dim + d] * share;
    }
    if (d < dim) out[at * dim + d] = from_float<T>(sum / whole);
  }
}

// A block a token.
template <class T>
__device__ __forceinline__ void store(T* keys, T* values, const T* qkv, const u32* slots, u32 heads,
                                      u32 kv, u32 dim, u32 places) {
  u32 place = slots[blockIdx.x];
  if (place >= places) return;
  const T* from = qkv + (u64)blockIdx.x * (heads + 2 * kv) * dim + heads * dim;
  u64 first = (u64)(place / CACHE_BLOCK) * kv * dim * CACHE_BLOCK;
  u32 offset = place % CACHE_BLOCK;
  for (u32 i = threadIdx.x; i < kv * dim; i += blockDim.x) {
    u32 head = i / dim, d = i % dim;
    u64 at = first + (u64)head * dim * CACHE_BLOCK;
    keys[at + d * CACHE_BLOCK + offset] = from[i];
    values[at + offset * dim + d] = from[kv * dim + i];
  }
}

extern "C" __global__ void __launch_bounds__(128)
    decode_attention_64_bf16(float* sums, float* marks, const bf16* qkv, const bf16* keys,
                             const bf16* values, const u32* table, const u32* rows, u32 count,
                             u32 heads, u32 kv, u32 splits, u32 run, u32 listed, u32 blocks,
                             float scale) {
  attend<64>(sums, marks, qkv, keys, values, table, rows, scale,
             {count, heads, kv, splits, run, listed, blocks});
}
extern "C" __global__ void __launch_bounds__(128)
    decode_attention_96_bf16(float* sums, float* marks, const bf16* qkv, const bf16* keys,
                             const bf16* values, const u32* table, const u32* rows, u32 count,
                             u32 heads, u32 kv, u32 splits, u32 run, u32 listed, u32 blocks,
                             float scale) {
  attend<96>(sums, marks, qkv, keys, values, table, rows, scale,
             {count, heads, kv, splits, run, listed, blocks});
}
extern "C" __global__ void __launch_bounds__(128)
    decode_attention_128_bf16(float* sums, float* marks, const bf16* qkv, const bf16* keys,
                              const bf16* values, const u32* table, const u32* rows, u32 count,
                              u32 heads, u32 kv, u32 splits, u32 run, u32 listed, u32 blocks,
                              float scale) {
  attend<128>(sums, marks, qkv, keys, values, table, rows, scale,
              {count, heads, kv, splits, run, listed, blocks});
}
extern "C" __global__ void __launch_bounds__(128)
    decode_attention_any_bf16(float* sums, float* marks, const bf16* qkv, const bf16* keys,
                              const bf16* values, const u32* table, const u32* rows, u32 count,
                              u32 heads, u32 kv, u32 splits, u32 listed, u32 blocks, u32 dim,
                              float scale) {
  attend_any(sums, marks, qkv, keys, values, table, rows, dim, scale,
             {count, heads, kv, splits, 1, listed, blocks});
}
extern "C" __global__ void __launch_bounds__(128)
    decode_attention_any_f32(float* sums, float* marks, const float* qkv, const float* keys,
                             const float* values, const u32* table, const u32* rows, u32 count,
                             u32 heads, u32 kv, u32 splits, u32 listed, u32 blocks, u32 dim,
                             float scale) {
  attend_any(sums, marks, qkv, keys, values, table, rows, dim, scale,
             {count, heads, kv, splits, 1, listed, blocks});
}
extern "C" __global__ void __launch_bounds__(128)
    decode_join_bf16(bf16* out, const float* sums, const float* marks, u32 count, u32 parts,
                     u32 dim) {
  join(out, sums, marks, count, parts, dim);
}
extern "C" __global__ void __launch_bounds__(128)
    decode_join_f32(float* out, const float* sums, const float* marks, u32 count, u32 parts,
                    u32 dim) {
  join(out, sums, marks, count, parts, dim);
}
extern "C" __global__ void __launch_bounds__(256)
    decode_store_bf16(bf16* keys, bf16* values, const bf16* qkv, const u32* slots, u32 heads,
                      u32 kv, u32 dim, u32 places) {
  store(keys, values, qkv, slots, heads, kv, dim, places);
}
extern "C" __global__ void __launch_bounds__(256)
    decode_store_f32(float* keys, float* values, const float* qkv, const u32* slots, u32 heads,
                     u32 kv, u32 dim, u32 places) {
  store(keys, values, qkv, slots, heads, kv, dim, places);
}
