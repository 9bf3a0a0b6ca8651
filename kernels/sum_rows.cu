// sum_rows.rs tells the formula. A block takes 32 columns; its warps take rows by turns, and their
// sums are added up in the order of the warps.
#include "common.cuh"

template <class G>
__device__ void sum_rows(G* to, const float* rows, u32 count, u32 width) {
  SHARED(float, sums, 8 * 33);
  u32 lane = threadIdx.x & 31, warp = threadIdx.x >> 5, column = blockIdx.x * 32 + lane;
  float sum = 0.f;
  if (column < width)
    for (u32 row = warp; row < count; row += 8) sum += rows[(u64)row * width + column];
  sums[warp * 33 + lane] = sum;
  __syncthreads();
  if (warp == 0 && column < width) {
    float all = 0.f;
#pragma unroll
    for (int w = 0; w < 8; w++) all += sums[w * 33 + lane];
    to[column] = from_float<G>(to_float(to[column]) + all);
  }
}

extern "C" __global__ void __launch_bounds__(256)
    sum_rows_f32(float* to, const float* rows, u32 count, u32 width) {
  sum_rows(to, rows, count, width);
}

extern "C" __global__ void __launch_bounds__(256)
    sum_rows_bf16(bf16* to, const float* rows, u32 count, u32 width) {
  sum_rows(to, rows, count, width);
}
