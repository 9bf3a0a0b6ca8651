// Kernels without a fault: the emulator must find none, and their results are known.
#include "common.cuh"

// Sums of 1 + thread + 1000 * block over a block, by every reduction there is.
extern "C" __global__ void block_sums(float* out) {
  float v = (float)(1 + threadIdx.x + 1000 * blockIdx.x);
  float sum = block_reduce(v, Sum(), 0.f);
  float most = block_reduce(v, Max(), 0.f);
  out[(blockIdx.x * blockDim.x + threadIdx.x) * 2] = sum;
  out[(blockIdx.x * blockDim.x + threadIdx.x) * 2 + 1] = most;
}

// Eight values a lane: what each operation gives it.
extern "C" __global__ void every_operation(u32* out) {
  u32 lane = threadIdx.x & 31, *to = out + threadIdx.x * 8;
  to[0] = __shfl_xor_sync(FULL, lane, 5);
  to[1] = __shfl_down_sync(FULL, lane, 3);
  to[2] = __shfl_up_sync(FULL, lane, 3);
  to[3] = __shfl_sync(FULL, lane, 35);
  to[4] = __ballot_sync(FULL, lane % 3 == 0);
  to[5] = __any_sync(FULL, lane == 9) * 2 + __all_sync(FULL, lane < 31);
  u32 mask = lane < 8 ? 0xffu : 0xffffff00u;  // two groups, each by itself
  to[6] = __ballot_sync(mask, lane & 1);
  to[7] = (u32)__shfl_xor_sync(mask, (double)lane, 1);
}

extern "C" __global__ void where_am_i(u32* out) {
  u32 thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  u32 block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  out[block * blockDim.x * blockDim.y * blockDim.z + thread] = thread + 10000 * block;
}

extern "C" __global__ void counted(u32* out) {
  atomicAdd(out, 1u);
  atomicMax(out + 1, threadIdx.x);
  atomicOr(out + 2, 1u << (threadIdx.x & 31));
}

// Three groups of copies, waited for one by one; the places without a source become zeros.
extern "C" __global__ void copies_in_groups(u32* out) {
  SHARED(u32, values, 3 * 64);
  out[threadIdx.x] = threadIdx.x;
  __syncthreads();
  u32 mine = threadIdx.x % 4 ? 64 : threadIdx.x;
  for (u32 group = 0; group < 3; group++) {
    if (mine < 64) copy_async<16>(values + group * 64 + mine, out + mine, group != 1);
    commit_copies();
  }
  wait_copies<2>();
  __syncthreads();
  u32 first = values[threadIdx.x];
  wait_copies<1>();
  __syncthreads();
  u32 second = values[64 + threadIdx.x];
  wait_copies<0>();
  __syncthreads();
  out[threadIdx.x] = first + second + values[128 + threadIdx.x] - threadIdx.x;
}
