// One fault a kernel: what the emulator must find, and the tests of it name.
#include "common.cuh"

extern "C" __global__ void some_reach_a_barrier(float* out) {
  if (threadIdx.x < 16) __syncthreads();
  out[threadIdx.x] = 1.f;
}

extern "C" __global__ void some_wait_for_ever(float* out) {
  if (threadIdx.x < 32)
    __syncthreads();
  else if (threadIdx.x > 32)
    __syncwarp();
  else
    __syncthreads();
  out[threadIdx.x] = 1.f;
}

extern "C" __global__ void two_barriers(float* out) {
  if (threadIdx.x < 32)
    __syncthreads();
  else
    __syncthreads();
  out[threadIdx.x] = 1.f;
}

extern "C" __global__ void a_barrier_after_the_end(float* out) {
  if (threadIdx.x == 40) return;
  __syncthreads();
  out[threadIdx.x] = 1.f;
}

extern "C" __global__ void a_lane_misses(float* out) {
  float v = (float)threadIdx.x;
  if (threadIdx.x != 35) v = __shfl_xor_sync(FULL, v, 1);
  __syncthreads();
  out[threadIdx.x] = v;
}

extern "C" __global__ void two_operations(float* out) {
  float v = (float)threadIdx.x;
  if (threadIdx.x & 1)
    v = __shfl_xor_sync(FULL, v, 1);
  else
    v = __shfl_down_sync(FULL, v, 1);
  out[threadIdx.x] = v;
}

extern "C" __global__ void two_types(float* out) {
  float v = (float)threadIdx.x;
  if (threadIdx.x & 1)
    v = __shfl_xor_sync(FULL, v, 1);
  else
    v = (float)__shfl_xor_sync(FULL, (double)v, 1);
  out[threadIdx.x] = v;
}

extern "C" __global__ void two_masks(float* out) {
  u32 mask = threadIdx.x & 1 ? FULL : 0x55555555u;
  out[threadIdx.x] = __shfl_xor_sync(mask, (float)threadIdx.x, 2);
}

extern "C" __global__ void an_ended_lane(float* out) {
  if ((threadIdx.x & 31) == 31) return;
  out[threadIdx.x] = __shfl_xor_sync(FULL, 1.f, 1);
}

extern "C" __global__ void not_in_its_mask(float* out) {
  out[threadIdx.x] = __shfl_xor_sync(0x7fffffffu, 1.f, 1);
}

// Reads what other threads write before a barrier says that they have.
extern "C" __global__ void no_barrier(float* out) {
  SHARED(float, values, 64);
  values[threadIdx.x] = (float)threadIdx.x;
  out[threadIdx.x] = values[63 - threadIdx.x];
}

// Writes anew what other threads may still read.
extern "C" __global__ void no_second_barrier(float* out) {
  SHARED(float, values, 64);
  float sum = 0.f;
  for (int round = 1; round < 5; round++) {
    values[threadIdx.x] = (float)(threadIdx.x * round);
    __syncthreads();
    sum += values[63 - threadIdx.x] * (float)round;
  }
  out[threadIdx.x] = sum;
}

// The same between the warps of a block, each of which keeps step by itself.
extern "C" __global__ void a_warp_runs_ahead(float* out) {
  SHARED(float, values, 1);
  float sum = 0.f;
  for (int round = 1; round < 5; round++) {
    if (threadIdx.x == 63) values[0] = (float)round;
    __syncthreads();
    sum += values[0];
    __syncwarp();
  }
  out[threadIdx.x] = sum;
}

extern "C" __global__ void nobody_wrote(float* out) {
  SHARED(float, values, 64);
  SHARED_DYNAMIC(float, more);
  if (threadIdx.x != 5) values[threadIdx.x] = 1.f;
  if (threadIdx.x != 6) more[threadIdx.x] = 1.f;
  __syncthreads();
  out[threadIdx.x] = values[threadIdx.x] * more[threadIdx.x];
}

extern "C" __global__ void lanes_outside_the_mask(float* out) {
  float v = 1.f;
  if ((threadIdx.x & 31) < 8) v = __shfl_xor_sync(0xffu, v, 8);
  out[threadIdx.x] = v;
}

extern "C" __global__ void blocks_write_one_place(float* out) {
  if (threadIdx.x == 0) out[0] = (float)blockIdx.x;
}

extern "C" __global__ void sum_by_atomics(float* out) {
  atomicAdd(out, 1.f / (float)(1 + threadIdx.x + 64 * blockIdx.x));
}

extern "C" __global__ void misaligned(float* out) {
  Piece<float, 4> p;
  p.load(out + (threadIdx.x == 3 ? 1 : 0));
  __syncwarp();
  if (threadIdx.x == 0) p.store(out);
}

extern "C" __global__ void outside_of_an_array(float* out, u32 at) {
  SHARED(float, values, 64);
  values[threadIdx.x + at] = 1.f;
  __syncthreads();
  out[threadIdx.x] = values[threadIdx.x];
}

extern "C" __global__ void beyond_shared_memory(float* out, u32 at) {
  SHARED_DYNAMIC(float, values);
  values[threadIdx.x + at] = 1.f;
  __syncthreads();
  out[threadIdx.x] = values[threadIdx.x];
}

extern "C" __global__ void beyond_a_buffer(float* out, u32 at) {
  out[threadIdx.x + at] = 1.f;
}

extern "C" __global__ void through_null(const float* from, float* out) {
  out[threadIdx.x] = *from;
}

extern "C" __global__ void divided_by(float* out, u32 by) {
  out[threadIdx.x] = (float)(threadIdx.x / by);
}

extern "C" __global__ void large_arrays(float* out, u32 count) {
  float many[100000];
  for (u32 i = 0; i < count; i++) many[i] = (float)(i * threadIdx.x);
  __syncthreads();
  float sum = 0.f;
  for (u32 i = 0; i < count; i++) sum += many[(i * 7) % count];
  out[threadIdx.x] = sum;
}

extern "C" __global__ void too_much_shared_memory(float* out) {
  SHARED(float, values, 1024 * 12);
  values[threadIdx.x] = 1.f;
  out[threadIdx.x] = values[threadIdx.x];
}

// Four bytes of each thread, by copies of sixteen; waits for all but the last group.
extern "C" __global__ void copies_read_too_early(float* out) {
  SHARED(float, values, 64);
  if (threadIdx.x % 4 == 0) copy_async<16>(values + threadIdx.x, out + threadIdx.x, true);
  commit_copies();
  wait_copies<1>();
  __syncthreads();
  float v = values[threadIdx.x];
  wait_copies<0>();
  __syncthreads();
  out[threadIdx.x] = v;
}

extern "C" __global__ void copies_never_waited_for(float* out) {
  SHARED(float, values, 64);
  if (threadIdx.x % 4 == 0) copy_async<16>(values + threadIdx.x, out + threadIdx.x, true);
  commit_copies();
}

extern "C" __global__ void a_copy_off_its_size(float* out) {
  SHARED(float, values, 68);
  copy_async<16>(values + threadIdx.x, out, true);
  commit_copies();
  wait_copies<0>();
}

extern "C" __global__ void a_product_of_half_a_warp(float* out) {
  float sums[4] = {0.f, 0.f, 0.f, 0.f};
  u32 left[4] = {0, 0, 0, 0};
  multiply(sums, left, 0, 0);
  out[threadIdx.x] = sums[0];
}
