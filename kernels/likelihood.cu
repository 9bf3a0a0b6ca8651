// likelihood.rs tells the formulas. A block leaves its part of the loss; sums.cu adds those up.
#include "common.cuh"

extern "C" __global__ void __launch_bounds__(256)
    likelihood(float* dlogp, double* partial, const float* logp, const float* weights, u64 bits,
               u32 count) {
  double total = double_of(bits), sum = 0.0;
  for (u32 at = blockIdx.x * blockDim.x + threadIdx.x; at < count; at += gridDim.x * blockDim.x) {
    double weight = weights[at];
    dlogp[at] = (float)(-weight / total);
    sum -= weight * (double)logp[at] / total;
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}
