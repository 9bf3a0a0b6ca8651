// What the two passes of attention on tensor cores share: bf16, heads of 64, 96 and 128 (Dao 2023,
// "FlashAttention-2"). attention.rs tells the formulas and the layout.
//
// A tile of rows (queries, or keys for their gradients) is worked through stretches of the other
// axis. Tiles go over the packed tokens as they are, whatever sequences they touch: each row knows
// what it sees, and a tile is as full with short sequences as with long ones.
#pragma once
#include "common.cuh"

#define LOG2E 1.4426950408889634f
#define LN2 0.6931471805599453f

// Where rows of qkv, out and their gradients lie, and the batch.
struct Batch {
  const u32 *starts, *prefixes;
  u32 sequences, tokens, heads, kv_heads;
};

// Part of the axis that a tile is worked through along. Rows `first` to `last` see all of a prefix
// up to `end`; of a stretch of the tile's own, each row sees what its bounds tell.
struct Stretch {
  u32 at, end, first, last;
  bool own;
};

__device__ __forceinline__ bool same_prefix(const u32* prefixes, u32 a, u32 b) {
  return prefixes[2 * a] == prefixes[2 * b] && prefixes[2 * a + 1] == prefixes[2 * b + 1];
}

// The keys that the queries first..last see: the prefixes, run by run of the sequences that share
// one, then the keys of their own sequences.
struct KeyWalk {
  u32 sequence, begin, first, last;
  int stage;
  Stretch now;

  __device__ __forceinline__ void start(const Batch& b, u32 from, u32 to) {
    sequence = sequence_of(b.starts, b.sequences, from);
    begin = b.starts[sequence], first = from, last = to, stage = 0;
    open(b);
  }
  __device__ __forceinline__ bool done() const { return stage == 2; }
  __device__ __forceinline__ void open(const Batch& b) {
    while (b.prefixes && stage == 0 && sequence < b.sequences && b.starts[sequence] < last) {
      u32 run = sequence, prefix = b.prefixes[2 * run], length = b.prefixes[2 * run + 1];
      do sequence++;
      while (sequence < b.sequences && b.starts[sequence] < last &&
             same_prefix(b.prefixes, run, sequence));
      now = {prefix, prefix + length, b.starts[run], b.starts[sequence], false};
      if (length) return;
    }
    if (stage == 0) now = {begin, last, first, last, true};
    stage++;
  }
  __device__ __forceinline__ void next(const Batch& b, u32 step) {
    now.at += step;
    if (now.at >= now.end) open(b);
  }
};

// The queries that see the keys first..last: those of the keys' own sequences, then run by run the
// sequences to which some of the keys are a prefix.
struct QueryWalk {
  u32 sequence, first, last, head, heads;
  bool over;
  Stretch now;

  __device__ __forceinline__ void start(const Batch& b, u32 from, u32 to) {
    u32 at = sequence_of(b.starts, b.sequences, to - 1);
    now = {from, b.starts[at + 1], from, to, true};
    sequence = 0, first = from, last = to, head = 0, heads = b.heads / b.kv_heads, over = false;
  }
  __device__ __forceinline__ bool done() const { return over; }
  __device__ __forceinline__ void open(const Batch& b) {
    while (b.prefixes && sequence < b.sequences) {
      u32 at = sequence + (threadIdx.x & 31);
      bool hit = at < b.sequences && b.prefixes[2 * at + 1] != 0 && b.prefixes[2 * at] < last &&
                 first < b.prefixes[2 * at] + b.prefixes[2 * at + 1] &&
                 b.starts[at] < b.starts[at + 1];
      u32 hits = __ballot_sync(FULL, hit);
      u32 run = sequence + (hits ? __ffs((int)hits) - 1 : 32);
      sequence = run;
      if (!hits) continue;
      do sequence++;
      while (sequence < b.sequences && same_prefix(b.prefixes, run, sequence));
      u32 prefix = b.prefixes[2 * run];
      now = {b.starts[run], b.starts[sequence], prefix, prefix + b.prefixes[2 * run + 1], false};
      return;
    }
    over = true;
  }
  // Heads of the group come first, so that all of them are done with a tile of queries.
  __device__ __forceinline__ void next(const Batch& b, u32 step) {
    if (++head < heads) return;
    head = 0;
    now.at += step;
    if (now.at >= now.end) open(b);
  }
};

// What a row sees of a stretch: low..high.
struct Bounds {
  u32 low, high;
};

// A query's own keys begin at its edge and end with itself; a key's own queries begin with itself
// and end at its edge. A row past the last token sees nothing.
template <bool KEY>
__device__ __forceinline__ u32 edge_of(const Batch& b, u32 sequence, u32 row) {
  if (row >= b.tokens) return KEY ? 0 : FULL;
  while (b.starts[sequence + 1] <= row) sequence++;
  return b.starts[sequence + KEY];
}

template <bool KEY>
__device__ __forceinline__ Bounds bounds(const Stretch& s, u32 row, u32 edge) {
  if (s.own) return KEY ? Bounds{row, edge} : Bounds{edge, row + 1};
  bool inside = row >= s.first && row < s.last;
  return {0, inside ? s.end : 0};
}

// Whether some row of the warp sees something of `from`..`to`, and whether each sees all of it.
// The warp's rows begin at `row`; a lane has every eighth.
template <bool KEY>
__device__ __forceinline__ bool any_sees(const Stretch& s, u32 row, const u32 (&edges)[4],
                                         u32 from, u32 to) {
  bool some = false;
#pragma unroll
  for (int r = 0; r < 4; r++) {
    Bounds seen = bounds<KEY>(s, row + r * 8, edges[r]);
    some = some || (seen.low < to && seen.high > from);
  }
  return __any_sync(FULL, some);
}
template <bool KEY>
__device__ __forceinline__ bool all_see(const Stretch& s, u32 row, const u32 (&edges)[4],
                                        u32 from, u32 to) {
  bool all = true;
#pragma unroll
  for (int r = 0; r < 4; r++) {
    Bounds seen = bounds<KEY>(s, row + r * 8, edges[r]);
    all = all && seen.low <= from && seen.high >= to;
  }
  return __all_sync(FULL, all);
}

// Sums of what a row does not see become `hidden`.
template <bool KEY, int N>
__device__ __forceinline__ void hide(float (&sums)[2][N][4], const Stretch& s, u32 row,
                                     const u32 (&edges)[4], u32 from, float hidden) {
#pragma unroll
  for (int r = 0; r < 4; r++) {
    Bounds seen = bounds<KEY>(s, row + r * 8, edges[r]);
#pragma unroll
    for (int n = 0; n < N; n++)
#pragma unroll
      for (int i = 0; i < 2; i++) {
        u32 at = from + n * 8 + threadIdx.x % 4 * 2 + i;
        if (at < seen.low || at >= seen.high) sums[r >> 1][n][(r & 1) * 2 + i] = hidden;
      }
  }
}

// Keys, or queries, of a tile: as many as registers hold the scores of.
template <int D>
struct Keys {
  static constexpr int count = D == 64 ? 64 : 32;
};

// ---- tiles in shared memory: rows of D values and 8 more, so that eight rows of a matrix lie in
// different banks ----

// Rows from `first` on, zeros from `last` on, by 128 threads.
template <int D, int ROWS>
__device__ __forceinline__ void fetch(bf16* to, const bf16* from, u64 stride, u32 first,
                                      u32 last) {
  constexpr u32 ACROSS = D == 96 ? 4 : D / 8, STEP = 128 / ACROSS;
  u32 row = threadIdx.x / ACROSS, column = threadIdx.x % ACROSS * 8;
  const bf16* source = from + (first + row) * stride + column;
  to += row * (D + 8) + column;
#pragma unroll
  for (u32 i = 0; i < ROWS; i += STEP) {
    bool there = first + row + i < last;
#pragma unroll
    for (u32 j = 0; j < D; j += ACROSS * 8)
      copy_async<16>(to + i * (D + 8) + j, source + j, there);
    source += STEP * stride;
  }
}

template <int M, int N>
__device__ __forceinline__ void clear(float (&sums)[M][N][4]) {
#pragma unroll
  for (int m = 0; m < M; m++)
#pragma unroll
    for (int n = 0; n < N; n++)
#pragma unroll
      for (int i = 0; i < 4; i++) sums[m][n][i] = 0.f;
}

// sums = rows of a · rows of b: 16 M by 8 N.
template <int D, int M, int N>
__device__ __forceinline__ void dots(float (&sums)[M][N][4], const bf16* a, const bf16* b) {
  u32 lane = threadIdx.x & 31;
  const bf16* left = a + (lane & 15) * (D + 8) + (lane >> 4) * 8;
  const bf16* right = b + ((lane & 7) + (lane >> 4) * 8) * (D + 8) + (lane >> 3 & 1) * 8;
  clear(sums);
#pragma unroll
  for (int k = 0; k < D; k += 16) {
    u32 x[M][4];
#pragma unroll
    for (int m = 0; m < M; m++) load_matrices(x[m], left + m * 16 * (D + 8) + k);
#pragma unroll
    for (int n = 0; n < N; n += 2) {
      u32 y[4];
      load_matrices(y, right + n * 8 * (D + 8) + k);
#pragma unroll
      for (int m = 0; m < M; m++) {
        multiply(sums[m][n], x[m], y[0], y[1]);
        multiply(sums[m][n + 1], x[m], y[2], y[3]);
      }
    }
  }
}

// sums += weights · b: 16 M by D, over 16 K rows of b.
template <int D, int M, int K>
__device__ __forceinline__ void weigh(float (&sums)[M][D / 8][4], const u32 (&weights)[M][K][4],
                                      const bf16* b) {
  u32 lane = threadIdx.x & 31;
  const bf16* right = b + (lane & 15) * (D + 8) + (lane >> 4) * 8;
#pragma unroll
  for (int k = 0; k < K; k++)
#pragma unroll
    for (int n = 0; n < D / 8; n += 2) {
      u32 y[4];
      load_turned(y, right + k * 16 * (D + 8) + n * 8);
#pragma unroll
      for (int m = 0; m < M; m++) {
        multiply(sums[m][n], weights[m][k], y[0], y[1]);
        multiply(sums[m][n + 1], weights[m][k], y[2], y[3]);
      }
    }
}

// Sums of dots as the left factor of the next product: a lane holds the same places of both.
template <int M, int N>
__device__ __forceinline__ void pack_weights(u32 (&to)[M][N / 2][4], const float (&from)[M][N][4]) {
#pragma unroll
  for (int m = 0; m < M; m++)
#pragma unroll
    for (int k = 0; k < N / 2; k++)
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const float* pair = &from[m][2 * k + (i >> 1)][(i & 1) * 2];
        to[m][k][i] = pack(pair[0], pair[1]);
      }
}

// Rows of 16 M sums, times what `factor` gives for a row, to memory.
template <int D, int M, class Factor>
__device__ __forceinline__ void store_rows(bf16* to, u64 stride, u32 first, u32 last,
                                           const float (&sums)[M][D / 8][4], Factor factor) {
  u32 lane = threadIdx.x & 31;
#pragma unroll
  for (int m = 0; m < M; m++)
#pragma unroll
    for (int half = 0; half < 2; half++) {
      u32 row = first + m * 16 + half * 8 + lane / 4;
      if (row >= last) continue;
      float scale = factor(m * 2 + half);
      u32* at = reinterpret_cast<u32*>(to + row * stride) + lane % 4;
#pragma unroll
      for (int n = 0; n < D / 8; n++)
        at[n * 4] = pack(sums[m][n][half * 2] * scale, sums[m][n][half * 2 + 1] * scale);
    }
}

#define BATCH \
  { starts, prefixes, sequences, tokens, heads, kv_heads }
