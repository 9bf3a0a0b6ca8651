// ratio.rs tells the formulas. A block takes a sequence.
#include "common.cuh"

extern "C" __global__ void __launch_bounds__(256)
    ratio_tokens(float* out, const float* logp, const float* old, u32 count) {
  u32 at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at < count) out[at] = logp[at] - old[at];
}

extern "C" __global__ void __launch_bounds__(256)
    ratio_sequences(float* out, const float* logp, const float* old, const u32* starts,
                    u32 count) {
  u32 first = min(starts[blockIdx.x], count), end = min(starts[blockIdx.x + 1], count);
  double sum = 0.0;
  for (u32 at = first + threadIdx.x; at < end; at += blockDim.x)
    sum += (double)logp[at] - (double)old[at];
  sum = block_sum(sum);
  float mean = (float)(sum / (double)(end - first));
  for (u32 at = first + threadIdx.x; at < end; at += blockDim.x) out[at] = mean;
}
