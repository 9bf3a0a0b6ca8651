// cast.rs tells what it does. Eight values a thread at a time where the addresses allow it.
#include "common.cuh"

extern "C" __global__ void __launch_bounds__(256)
    cast_bf16(bf16* to, const float* from, u64 count) {
  u64 first = ((u64)blockIdx.x * blockDim.x + threadIdx.x) * 8;
  u64 step = (u64)gridDim.x * blockDim.x * 8;
  bool whole = (((u64)to | (u64)from) & 15) == 0;
  for (u64 at = first; at < count; at += step) {
    if (whole && at + 8 <= count) {
      Piece<float, 4> low, high;
      Piece<bf16, 8> all;
      low.load(from + at);
      high.load(from + at + 4);
#pragma unroll
      for (int k = 0; k < 4; k++) all.v[k] = low.v[k], all.v[k + 4] = high.v[k];
      all.store(to + at);
    } else {
      for (u64 i = at; i < count && i < at + 8; i++) to[i] = to_bf16(from[i]);
    }
  }
}
