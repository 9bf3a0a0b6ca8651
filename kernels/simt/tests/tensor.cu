// Products on tensor cores and asynchronous copies: sound kernels with known results, and faults.
#include "common.cuh"

// out = a · b, 16 by 8 over 16, the fragments taken one by one from where the card keeps them.
extern "C" __global__ void product_of_fragments(float* out, const bf16* a, const bf16* b) {
  u32 lane = threadIdx.x, g = lane / 4, t = lane % 4;
  u32 x[4], y[2];
  for (u32 i = 0; i < 4; i++) {
    const bf16* at = a + (g + i % 2 * 8) * 16 + t * 2 + i / 2 * 8;
    x[i] = at[0].bits | (u32)at[1].bits << 16;
  }
  for (u32 i = 0; i < 2; i++) {
    const bf16* at = b + (t * 2 + i * 8) * 8 + g;
    y[i] = at[0].bits | (u32)at[8].bits << 16;
  }
  float d[4] = {1.f, 2.f, 3.f, 4.f};
  multiply(d, x, y[0], y[1]);
  for (u32 i = 0; i < 4; i++) out[(g + i / 2 * 8) * 8 + t * 2 + i % 2] = d[i];
}

// The same from shared memory, b once by columns and once, turned, by rows; rows have padding.
extern "C" __global__ void product_of_matrices(float* out, const bf16* a, const bf16* b) {
  SHARED(bf16, left, 16 * 24);
  SHARED(bf16, columns, 16 * 24);
  SHARED(bf16, rows, 16 * 24);
  u32 lane = threadIdx.x;
  for (u32 i = lane; i < 256; i += 32) left[i / 16 * 24 + i % 16] = a[i];
  for (u32 i = lane; i < 128; i += 32) {
    columns[i % 8 * 24 + i / 8] = b[i];
    columns[(8 + i % 8) * 24 + i / 8] = b[i];
    rows[i / 8 * 24 + i % 8] = b[i];
    rows[i / 8 * 24 + 8 + i % 8] = b[i];
  }
  __syncwarp();
  u32 x[4], y[4], z[4];
  load_matrices(x, left + lane % 16 * 24 + lane / 16 * 8);
  load_matrices(y, columns + (lane % 8 + lane / 16 * 8) * 24 + lane / 8 % 2 * 8);
  load_turned(z, rows + lane % 16 * 24 + lane / 16 * 8);
  float d[4][4] = {};
  multiply(d[0], x, y[0], y[1]);
  multiply(d[1], x, y[2], y[3]);
  multiply(d[2], x, z[0], z[1]);
  multiply(d[3], x, z[2], z[3]);
  for (u32 way = 0; way < 4; way++)
    for (u32 i = 0; i < 4; i++)
      out[way * 128 + (lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = d[way][i];
}

// 64 threads copy `count` values, four each and then two each, of which those past it are zeros.
extern "C" __global__ void copied(float* out, const float* from, u32 count) {
  SHARED(float, to, 64 * 6);
  u32 four = threadIdx.x * 4, two = 256 + threadIdx.x * 2;
  copy_async<16>(to + four, from + four, four < count);
  commit_copies();
  copy_async<8>(to + two, from + two, two < count);
  commit_copies();
  wait_copies<1>();
  __syncthreads();
  for (u32 i = threadIdx.x; i < 256; i += 64) out[i] = to[i];
  wait_copies<0>();
  __syncthreads();
  for (u32 i = 256 + threadIdx.x; i < 384; i += 64) out[i] = to[i];
}

// ---- faults ----

extern "C" __global__ void ends_before_its_copies(float* out) {
  SHARED(float, to, 64 * 4);
  copy_async<16>(to + threadIdx.x * 4, out + threadIdx.x / 32 * 4, true);
  commit_copies();
  wait_copies<1>();
  out[blockIdx.x * 64 + threadIdx.x] = 1.f;
}

extern "C" __global__ void reads_before_its_copy(float* out) {
  SHARED(float, to, 64 * 4);
  copy_async<16>(to + threadIdx.x * 4, out, true);
  commit_copies();
  float early = to[threadIdx.x * 4];
  wait_copies<0>();
  __syncthreads();
  out[threadIdx.x] = early;
}

// Its own copy is there, that of another thread may not be.
extern "C" __global__ void reads_before_the_barrier(float* out) {
  SHARED(float, to, 64 * 4);
  copy_async<16>(to + threadIdx.x * 4, out, true);
  commit_copies();
  wait_copies<0>();
  float early = to[(63 - threadIdx.x) * 4];
  __syncthreads();
  out[threadIdx.x] = early;
}

extern "C" __global__ void copies_to_a_crooked_place(float* out) {
  SHARED(float, to, 64 * 4 + 1);
  copy_async<16>(to + threadIdx.x * 4 + 1, out, true);
  wait_copies<0>();
}

extern "C" __global__ void loads_crooked_rows(float* out) {
  SHARED(bf16, rows, 64 * 9);
  u32 r[4];
  load_matrices(r, rows + threadIdx.x * 9);
  out[threadIdx.x] = (float)r[0];
}

extern "C" __global__ void half_a_warp_multiplies(float* out) {
  float d[4] = {};
  u32 a[4] = {};
  if (threadIdx.x % 32 < 16) multiply(d, a, 0, 0);
  out[blockIdx.x * 64 + threadIdx.x] = d[0];
}
