// embedding.rs tells the formulas. Forward takes a block a token. Backward finds the place of each
// token among all by id, and then sums each id's tokens in their order, a block an id.
#include "common.cuh"

template <class T, int N>
__device__ __forceinline__ void copy_row(T* out, const T* from, u32 width) {
  for (u32 i = threadIdx.x * N; i < width; i += blockDim.x * N) {
    Piece<T, N> p;
    p.load(from + i);
    p.store(out + i);
  }
}

template <class T>
__device__ __forceinline__ void forward(T* out, const T* table, const u32* ids, u32 vocab,
                                        u32 width) {
  u32 id = ids[blockIdx.x];
  out += (u64)blockIdx.x * width;
  if (id >= vocab) {
    for (u32 i = threadIdx.x; i < width; i += blockDim.x) out[i] = from_float<T>(NOT_A_NUMBER);
    return;
  }
  const T* from = table + (u64)id * width;
  if (wide(out, width) && wide(table, width))
    copy_row<T, Widest<T>::count>(out, from, width);
  else
    copy_row<T, 1>(out, from, width);
}

// Adds to place[t] how many of a stretch of tokens come before t: those of smaller ids, and those
// of the same id that stand before it. Counts of integers do not depend on their order.
extern "C" __global__ void __launch_bounds__(256)
    embedding_places(u32* place, const u32* ids, u32 tokens) {
  SHARED(u32, others, 256);
  u32 token = blockIdx.x * 256 + threadIdx.x;
  u32 own = token < tokens ? ids[token] : 0, count = 0;
  for (u32 first = blockIdx.y * 256; first < tokens; first += gridDim.y * 256) {
    u32 left = min(256u, tokens - first);
    __syncthreads();
    if (threadIdx.x < left) others[threadIdx.x] = ids[first + threadIdx.x];
    __syncthreads();
#pragma unroll 8
    for (u32 k = 0; k < left; k++) {
      u32 other = others[k];
      count += other < own || (other == own && first + k < token);
    }
  }
  if (token < tokens && count) atomicAdd(place + token, count);
}

extern "C" __global__ void __launch_bounds__(256)
    embedding_order(u32* order, const u32* place, u32 tokens) {
  u32 token = blockIdx.x * 256 + threadIdx.x;
  if (token < tokens) order[place[token]] = token;
}

// The run of tokens of one id that begins at `at`; several rows are fetched at a time.
template <class T, class G, int N>
__device__ __forceinline__ void sum_run(G* to, const T* dout, const u32* order, u32 at, u32 end,
                                        u32 width) {
  const int ROWS = 32 / N;
  for (u32 i = threadIdx.x * N; i < width; i += blockDim.x * N) {
    float sum[N];
#pragma unroll
    for (int k = 0; k < N; k++) sum[k] = 0.f;
    u32 next = at;
    for (; next + ROWS <= end; next += ROWS) {
      Piece<T, N> rows[ROWS];
#pragma unroll
      for (int r = 0; r < ROWS; r++) rows[r].load(dout + (u64)order[next + r] * width + i);
#pragma unroll
      for (int r = 0; r < ROWS; r++)
#pragma unroll
        for (int k = 0; k < N; k++) sum[k] += rows[r].v[k];
    }
    for (; next < end; next++) {
      Piece<T, N> row;
      row.load(dout + (u64)order[next] * width + i);
#pragma unroll
      for (int k = 0; k < N; k++) sum[k] += row.v[k];
    }
#pragma unroll
    for (int k = 0; k < N; k++) to[i + k] = from_float<G>(to_float(to[i + k]) + sum[k]);
  }
}

template <class T, class G>
__device__ __forceinline__ void backward(G* dtable, const T* dout, const u32* ids,
                                         const u32* order, u32 tokens, u32 vocab, u32 width) {
  u32 at = blockIdx.x, id = ids[order[at]];
  if (id >= vocab || (at > 0 && ids[order[at - 1]] == id)) return;
  // The run ends where another id begins, which all threads look for together.
  u32 end = at + 1;
  for (u32 first = at + 1; first < tokens; first += blockDim.x) {
    u32 mine = first + threadIdx.x;
    bool same = mine < tokens && ids[order[mine]] == id;
    u32 found = (u32)block_reduce(same ? 1.f : 0.f, Sum(), 0.f);
    end += found;
    if (found < blockDim.x) break;
  }
  G* to = dtable + (u64)id * width;
  if (wide(dout, width))
    sum_run<T, G, Widest<T>::count>(to, dout, order, at, end, width);
  else
    sum_run<T, G, 1>(to, dout, order, at, end, width);
}

extern "C" __global__ void __launch_bounds__(512)
    embedding_forward_f32(float* out, const float* table, const u32* ids, u32 vocab, u32 width) {
  forward(out, table, ids, vocab, width);
}
extern "C" __global__ void __launch_bounds__(512)
    embedding_forward_bf16(bf16* out, const bf16* table, const u32* ids, u32 vocab, u32 width) {
  forward(out, table, ids, vocab, width);
}
extern "C" __global__ void __launch_bounds__(512)
    embedding_backward_f32_f32(float* dtable, const float* dout, const u32* ids, const u32* order,
                               u32 tokens, u32 vocab, u32 width) {
  backward(dtable, dout, ids, order, tokens, vocab, width);
}
extern "C" __global__ void __launch_bounds__(512)
    embedding_backward_f32_bf16(bf16* dtable, const float* dout, const u32* ids, const u32* order,
                                u32 tokens, u32 vocab, u32 width) {
  backward(dtable, dout, ids, order, tokens, vocab, width);
}
extern "C" __global__ void __launch_bounds__(512)
    embedding_backward_bf16_f32(float* dtable, const bf16* dout, const u32* ids, const u32* order,
                                u32 tokens, u32 vocab, u32 width) {
  backward(dtable, dout, ids, order, tokens, vocab, width);
}
extern "C" __global__ void __launch_bounds__(512)
    embedding_backward_bf16_bf16(bf16* dtable, const bf16* dout, const u32* ids, const u32* order,
                                 u32 tokens, u32 vocab, u32 width) {
  backward(dtable, dout, ids, order, tokens, vocab, width);
}
