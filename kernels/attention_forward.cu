// The forward pass on tensor cores, bf16: a block has 128 queries of a head, 32 a warp; tiles of
// keys and values come in two stages, one on its way while the other is worked on.
#include "attention.cuh"

// One row of scores of a tile becomes weights; returns what earlier sums are scaled by.
template <int N>
__device__ __forceinline__ float soften(float (&s)[N][4], int half, float& peak, float& sum,
                                        float scale) {
  float highest = peak;
#pragma unroll
  for (int n = 0; n < N; n++) highest = fmaxf(highest, fmaxf(s[n][half * 2], s[n][half * 2 + 1]));
  highest = fmaxf(highest, __shfl_xor_sync(FULL, highest, 1));
  highest = fmaxf(highest, __shfl_xor_sync(FULL, highest, 2));
  float base = highest == NEGATIVE_INFINITY ? 0.f : highest * scale;
  float factor = peak == highest ? 1.f : fast_exp2((peak - highest) * scale);
  float total = 0.f;
#pragma unroll
  for (int n = 0; n < N; n++)
#pragma unroll
    for (int i = half * 2; i < half * 2 + 2; i++) {
      s[n][i] = fast_exp2(s[n][i] * scale - base);
      total += s[n][i];
    }
  peak = highest;
  sum = sum * factor + total;
  return factor;
}

template <int D>
__device__ __forceinline__ void forward(bf16* out, float* lse, const bf16* qkv, const Batch& b,
                                        float scale) {
  constexpr int KEYS = Keys<D>::count, TILE = KEYS * (D + 8);
  SHARED_DYNAMIC(bf16, queries);
  bf16* stage = queries + 128 * (D + 8);  // keys and values, twice
  u32 head = blockIdx.y, kv = head / (b.heads / b.kv_heads), lane = threadIdx.x & 31;
  u64 stride = (u64)(b.heads + 2 * b.kv_heads) * D;
  const bf16* keys = qkv + (b.heads + kv) * D;
  const bf16* values = keys + b.kv_heads * D;
  u32 first = blockIdx.x * 128, last = min(first + 128, b.tokens);
  u32 warp_first = first + threadIdx.x / 32 * 32, row = warp_first + lane / 4;
  KeyWalk walk;
  walk.start(b, first, last);
  fetch<D, 128>(queries, qkv + head * D, stride, first, last);
  fetch<D, KEYS>(stage, keys, stride, walk.now.at, walk.now.end);
  fetch<D, KEYS>(stage + TILE, values, stride, walk.now.at, walk.now.end);
  commit_copies();
  float sums[2][D / 8][4], peaks[4], totals[4];
  u32 edges[4], sequence = sequence_of(b.starts, b.sequences, first);
#pragma unroll
  for (int r = 0; r < 4; r++) {
    peaks[r] = NEGATIVE_INFINITY, totals[r] = 0.f;
    edges[r] = edge_of<false>(b, sequence, row + r * 8);
  }
  clear(sums);
  scale *= LOG2E;
  for (u32 turn = 0; !walk.done(); turn ^= 2 * TILE) {
    Stretch now = walk.now;
    wait_copies<0>();
    __syncthreads();
    walk.next(b, KEYS);
    if (!walk.done()) {
      bf16* other = stage + (turn ^ 2 * TILE);
      fetch<D, KEYS>(other, keys, stride, walk.now.at, walk.now.end);
      fetch<D, KEYS>(other + TILE, values, stride, walk.now.at, walk.now.end);
    }
    commit_copies();
    if (!any_sees<false>(now, row, edges, now.at, now.at + KEYS)) continue;
    float scores[2][KEYS / 8][4];
    dots<D>(scores, queries + threadIdx.x / 32 * 32 * (D + 8), stage + turn);
    if (!all_see<false>(now, row, edges, now.at, now.at + KEYS))
      hide<false>(scores, now, row, edges, now.at, NEGATIVE_INFINITY);
    float factors[4];
    bool same = true;
#pragma unroll
    for (int r = 0; r < 4; r++) {
      factors[r] = soften(scores[r >> 1], r & 1, peaks[r], totals[r], scale);
      same = same && factors[r] == 1.f;
    }
    if (!__all_sync(FULL, same)) {
#pragma unroll
      for (int r = 0; r < 4; r++)
#pragma unroll
        for (int n = 0; n < D / 8; n++) {
          sums[r >> 1][n][(r & 1) * 2] *= factors[r];
          sums[r >> 1][n][(r & 1) * 2 + 1] *= factors[r];
        }
    }
    u32 weights[2][KEYS / 16][4];
    pack_weights(weights, scores);
    weigh<D>(sums, weights, stage + turn + TILE);
  }
  wait_copies<0>();
#pragma unroll
  for (int r = 0; r < 4; r++) {
    totals[r] += __shfl_xor_sync(FULL, totals[r], 1);
    totals[r] += __shfl_xor_sync(FULL, totals[r], 2);
    u32 at = row + r * 8;
    if (lane % 4 == 0 && at < last)
      lse[(u64)at * b.heads + head] = (peaks[r] * scale) * LN2 + logf(totals[r]);
  }
  store_rows<D>(out + head * D, (u64)b.heads * D, warp_first, last, sums,
                [&](int r) { return 1.f / totals[r]; });
}

extern "C" __global__ void __launch_bounds__(128)
    attention_forward_64_bf16(bf16* out, float* lse, const bf16* qkv, const u32* starts,
                              const u32* prefixes, u32 sequences, u32 tokens, u32 heads,
                              u32 kv_heads, float scale) {
  forward<64>(out, lse, qkv, BATCH, scale);
}
extern "C" __global__ void __launch_bounds__(128)
    attention_forward_96_bf16(bf16* out, float* lse, const bf16* qkv, const u32* starts,
                              const u32* prefixes, u32 sequences, u32 tokens, u32 heads,
                              u32 kv_heads, float scale) {
  forward<96>(out, lse, qkv, BATCH, scale);
}
extern "C" __global__ void __launch_bounds__(128)
    attention_forward_128_bf16(bf16* out, float* lse, const bf16* qkv, const u32* starts,
                               const u32* prefixes, u32 sequences, u32 tokens, u32 heads,
                               u32 kv_heads, float scale) {
  forward<128>(out, lse, qkv, BATCH, scale);
}
