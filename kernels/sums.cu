// sums.rs tells what it adds. A warp takes the sums of one kind, its lanes by turns.
#include "common.cuh"

extern "C" __global__ void __launch_bounds__(1024)
    sums(double* to, const double* rows, u32 blocks, u32 kinds) {
  u32 lane = threadIdx.x & 31, kind = threadIdx.x >> 5;
  double sum = 0.0;
  for (u32 block = lane; block < blocks; block += 32) sum += rows[(u64)block * kinds + kind];
#pragma unroll
  for (int by = 16; by; by >>= 1) sum += __shfl_xor_sync(FULL, sum, by);
  if (lane == 0) to[kind] += sum;
}
