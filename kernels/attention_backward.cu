// The backward pass on tensor cores, bf16: probabilities are computed again from lse. Gradients of
// queries are one launch and those of keys and values another, so that each sum is one block's, in
// one order, without atomics.
#include "attention.cuh"

// Σ dout · out of each row of a head, a warp a row, and beside it lse to base 2, head by head.
__device__ __forceinline__ void deltas(float* delta, float2* sides, const bf16* dout,
                                       const bf16* out, const float* lse, u32 tokens, u32 heads,
                                       u32 width) {
  u32 lane = threadIdx.x & 31;
  u64 step = (u64)gridDim.x * blockDim.x / 32, rows = (u64)tokens * heads;
  for (u64 row = ((u64)blockIdx.x * blockDim.x + threadIdx.x) / 32; row < rows; row += step) {
    const u32* a = reinterpret_cast<const u32*>(dout + row * width);
    const u32* o = reinterpret_cast<const u32*>(out + row * width);
    float sum = 0.f;
    for (u32 i = lane; i < width / 2; i += 32)
      sum += low_float(a[i]) * low_float(o[i]) + high_float(a[i]) * high_float(o[i]);
    sum = warp_reduce(sum, Sum());
    if (lane) continue;
    delta[row] = sum;
    sides[row % heads * tokens + row / heads] = make_float2(lse[row] * LOG2E, sum);
  }
}

// Gradients of 128 queries of a head, 32 a warp: dQ = dS · K.
template <int D>
__device__ __forceinline__ void backward_queries(bf16* dqkv, const bf16* dout, const float2* sides,
                                                 const bf16* qkv, const Batch& b, float scale) {
  constexpr int KEYS = 32, TILE = KEYS * (D + 8);
  SHARED_DYNAMIC(bf16, queries);
  bf16 *slopes = queries + 128 * (D + 8), *stage = slopes + 128 * (D + 8);
  u32 head = blockIdx.y, kv = head / (b.heads / b.kv_heads), lane = threadIdx.x & 31;
  u64 stride = (u64)(b.heads + 2 * b.kv_heads) * D;
  const bf16* keys = qkv + (b.heads + kv) * D;
  const bf16* values = keys + b.kv_heads * D;
  u32 first = blockIdx.x * 128, last = min(first + 128, b.tokens);
  u32 warp_first = first + threadIdx.x / 32 * 32, row = warp_first + lane / 4;
  KeyWalk walk;
  walk.start(b, first, last);
  fetch<D, 128>(queries, qkv + head * D, stride, first, last);
  fetch<D, 128>(slopes, dout + head * D, (u64)b.heads * D, first, last);
  fetch<D, KEYS>(stage, keys, stride, walk.now.at, walk.now.end);
  fetch<D, KEYS>(stage + TILE, values, stride, walk.now.at, walk.now.end);
  commit_copies();
  float sums[2][D / 8][4];
  float2 side[4];
  u32 edges[4], sequence = sequence_of(b.starts, b.sequences, first);
#pragma unroll
  for (int r = 0; r < 4; r++) {
    edges[r] = edge_of<false>(b, sequence, row + r * 8);
    side[r] = make_float2(0.f, 0.f);
    if (row + r * 8 < last) side[r] = sides[(u64)head * b.tokens + row + r * 8];
  }
  clear(sums);
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
    float scores[2][KEYS / 8][4], dscores[2][KEYS / 8][4];
    u32 rows = threadIdx.x / 32 * 32 * (D + 8);
    dots<D>(scores, queries + rows, stage + turn);
    if (!all_see<false>(now, row, edges, now.at, now.at + KEYS))
      hide<false>(scores, now, row, edges, now.at, NEGATIVE_INFINITY);
    dots<D>(dscores, slopes + rows, stage + turn + TILE);
#pragma unroll
    for (int r = 0; r < 4; r++)
#pragma unroll
      for (int n = 0; n < KEYS / 8; n++)
#pragma unroll
        for (int i = r % 2 * 2; i < r % 2 * 2 + 2; i++) {
          float weight = fast_exp2(scores[r >> 1][n][i] * (scale * LOG2E) - side[r].x);
          dscores[r >> 1][n][i] = weight * (dscores[r >> 1][n][i] - side[r].y);
        }
    u32 weights[2][KEYS / 16][4];
    pack_weights(weights, dscores);
    weigh<D>(sums, weights, stage + turn);
  }
  wait_copies<0>();
  store_rows<D>(dqkv + head * D, stride, warp_first, last, sums, [&](int) { return scale; });
}

// Gradients of 64 keys and values of a head. Two warps share 32 keys: the first has their
// probabilities and dV = Pᵀ · dO, and hands the probabilities, rounded, to the second, which has
// dS = P ∘ (dP - delta) and dK = dSᵀ · Q. Products are taken keys by queries, so that the sums
// of one are the left factor of the next.
template <int D>
__device__ __forceinline__ void backward_keys(bf16* dqkv, const bf16* dout, const float2* sides,
                                              const bf16* qkv, const Batch& b, float scale) {
  constexpr int QUERIES = Keys<D>::count, TILE = QUERIES * (D + 8);
  SHARED_DYNAMIC(bf16, keys);
  bf16 *values = keys + 64 * (D + 8), *stage = values + 64 * (D + 8);
  float2* side = reinterpret_cast<float2*>(stage + 4 * TILE);
  u32* exchange = reinterpret_cast<u32*>(side + 2 * QUERIES);
  u32 kv = blockIdx.y, lane = threadIdx.x & 31, second = threadIdx.x / 32 & 1;
  u32 pair = threadIdx.x / 64;
  u64 stride = (u64)(b.heads + 2 * b.kv_heads) * D;
  u32 first = blockIdx.x * 64, last = min(first + 64, b.tokens), row = first + pair * 32 + lane / 4;
  exchange += pair * QUERIES * 16 + lane;
  QueryWalk walk;
  walk.start(b, first, last);
  auto fetch_queries = [&](u32 turn) {
    u32 head = kv * (b.heads / b.kv_heads) + walk.head;
    bf16* to = stage + turn * 2 * TILE;
    fetch<D, QUERIES>(to, qkv + head * D, stride, walk.now.at, walk.now.end);
    fetch<D, QUERIES>(to + TILE, dout + head * D, (u64)b.heads * D, walk.now.at, walk.now.end);
    u32 at = walk.now.at + threadIdx.x;
    if (threadIdx.x < QUERIES)
      copy_async<8>(side + turn * QUERIES + threadIdx.x, sides + (u64)head * b.tokens + at,
                    at < walk.now.end);
  };
  fetch<D, 64>(keys, qkv + (b.heads + kv) * D, stride, first, last);
  fetch<D, 64>(values, qkv + (b.heads + b.kv_heads + kv) * D, stride, first, last);
  fetch_queries(0);
  commit_copies();
  float sums[2][D / 8][4];
  u32 edges[4], sequence = sequence_of(b.starts, b.sequences, first);
#pragma unroll
  for (int r = 0; r < 4; r++) edges[r] = edge_of<true>(b, sequence, row + r * 8);
  clear(sums);
  for (u32 turn = 0; !walk.done(); turn ^= 1) {
    Stretch now = walk.now;
    wait_copies<0>();
    __syncthreads();
    walk.next(b, QUERIES);
    if (!walk.done()) fetch_queries(turn ^ 1);
    commit_copies();
    bool active = any_sees<true>(now, row, edges, now.at, now.at + QUERIES);
    const bf16 *queries = stage + turn * 2 * TILE, *slopes = queries + TILE;
    float products[2][QUERIES / 8][4];
    u32 weights[2][QUERIES / 16][4];
    if (active) {
      dots<D>(products, (second ? values : keys) + pair * 32 * (D + 8), second ? slopes : queries);
      if (!second) {
        if (!all_see<true>(now, row, edges, now.at, now.at + QUERIES))
          hide<true>(products, now, row, edges, now.at, NEGATIVE_INFINITY);
#pragma unroll
        for (int n = 0; n < QUERIES / 8; n++)
#pragma unroll
          for (int i = 0; i < 4; i++) {
            float lse = side[turn * QUERIES + n * 8 + lane % 4 * 2 + (i & 1)].x;
#pragma unroll
            for (int m = 0; m < 2; m++)
              products[m][n][i] = fast_exp2(products[m][n][i] * (scale * LOG2E) - lse);
          }
        pack_weights(weights, products);
#pragma unroll
        for (int m = 0; m < 2; m++)
#pragma unroll
          for (int i = 0; i < QUERIES / 4; i++)
            exchange[(m * (QUERIES / 4) + i) * 32] = weights[m][i / 4][i % 4];
      }
    }
    __syncthreads();
    if (!active) continue;
    if (second) {
#pragma unroll
      for (int n = 0; n < QUERIES / 8; n++) {
        const float2* at = side + turn * QUERIES + n * 8 + lane % 4 * 2;
        float delta[2] = {at[0].y, at[1].y};
#pragma unroll
        for (int m = 0; m < 2; m++)
#pragma unroll
          for (int half = 0; half < 2; half++) {
            u32 weight = exchange[((m * (QUERIES / 16) + n / 2) * 4 + n % 2 * 2 + half) * 32];
            float* d = &products[m][n][half * 2];
            d[0] = low_float(weight) * (d[0] - delta[0]);
            d[1] = high_float(weight) * (d[1] - delta[1]);
          }
      }
      pack_weights(weights, products);
    }
    weigh<D>(sums, weights, second ? queries : slopes);
  }
  wait_copies<0>();
  u32 column = b.heads + (second ? 0 : b.kv_heads) + kv;
  float factor = second ? scale : 1.f;
  store_rows<D>(dqkv + column * D, stride, first + pair * 32, last, sums,
                [&](int) { return factor; });
}

extern "C" __global__ void __launch_bounds__(128)
    attention_backward_queries_64_bf16(bf16* dqkv, const bf16* dout, const float2* sides,
                              const bf16* qkv, const u32* starts, const u32* prefixes,
                              u32 sequences, u32 tokens, u32 heads, u32 kv_heads, float scale) {
  backward_queries<64>(dqkv, dout, sides, qkv, BATCH, scale);
}
extern "C" __global__ void __launch_bounds__(128)
    attention_backward_queries_96_bf16(bf16* dqkv, const bf16* dout, const float2* sides,
                              const bf16* qkv, const u32* starts, const u32* prefixes,
                              u32 sequences, u32 tokens, u32 heads, u32 kv_heads, float scale) {
  backward_queries<96>(dqkv, dout, sides, qkv, BATCH, scale);
}
extern "C" __global__ void __launch_bounds__(128)
    attention_backward_queries_128_bf16(bf16* dqkv, const bf16* dout, const float2* sides,
                               const bf16* qkv, const u32* starts, const u32* prefixes,
                               u32 sequences, u32 tokens, u32 heads, u32 kv_heads, float scale) {
  backward_queries<128>(dqkv, dout, sides, qkv, BATCH, scale);
}
extern "C" __global__ void __launch_bounds__(128)
    attention_backward_keys_64_bf16(bf16* dqkv, const bf16* dout, const float2* sides,
                           const bf16* qkv, const u32* starts, const u32* prefixes,
                           u32 sequences, u32 tokens, u32 heads, u32 kv_heads, float scale) {
  backward_keys<64>(dqkv, dout, sides, qkv, BATCH, scale);
}
extern "C" __global__ void __launch_bounds__(128)
    attention_backward_keys_96_bf16(bf16* dqkv, const bf16* dout, const float2* sides,
                           const bf16* qkv, const u32* starts, const u32* prefixes,
                           u32 sequences, u32 tokens, u32 heads, u32 kv_heads, float scale) {
  backward_keys<96>(dqkv, dout, sides, qkv, BATCH, scale);
}
extern "C" __global__ void __launch_bounds__(128)
    attention_backward_keys_128_bf16(bf16* dqkv, const bf16* dout, const float2* sides,
                            const bf16* qkv, const u32* starts, const u32* prefixes,
                            u32 sequences, u32 tokens, u32 heads, u32 kv_heads, float scale) {
  backward_keys<128>(dqkv, dout, sides, qkv, BATCH, scale);
}
extern "C" __global__ void __launch_bounds__(256)
    attention_backward_deltas_bf16(float* delta, float2* sides, const bf16* dout, const bf16* out,
                          const float* lse, u32 tokens, u32 heads, u32 width) {
  deltas(delta, sides, dout, out, lse, tokens, heads, width);
}
