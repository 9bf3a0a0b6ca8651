// surrogate.rs tells the formulas. Tokens are few, so all is in double precision as on the host. A
// block leaves its sums of each kind; sums.cu adds those up.
#include "common.cuh"

#define KINDS 7

// Loss, clipped above, clipped below, divergence, ratio, tokens, entropy.
struct Sums {
  double kinds[KINDS];
};

__device__ __forceinline__ void leave(double* partial, const Sums& sums) {
#pragma unroll
  for (int kind = 0; kind < KINDS; kind++) {
    double sum = block_sum(sums.kinds[kind]);
    if (threadIdx.x == 0) partial[(u64)blockIdx.x * KINDS + kind] = sum;
  }
}

extern "C" __global__ void __launch_bounds__(256)
    surrogate_backward(float* dlogp, double* partial, const float* logp, const float* log_ratio,
                       const float* reference, const float* advantage, const float* weight,
                       float below, float above, float penalty, u32 count) {
  double low = 1.0 - (double)below, high = 1.0 + (double)above;
  Sums sums = {};
  for (u32 at = blockIdx.x * blockDim.x + threadIdx.x; at < count; at += gridDim.x * blockDim.x) {
    double a = advantage[at], w = weight[at], ratio = exp((double)log_ratio[at]), change = 0.0;
    double inside = ratio < low ? low : ratio > high ? high : ratio;
    double clipped = inside * a;
    sums.kinds[4] += ratio;
    sums.kinds[5] += 1.0;
    sums.kinds[0] -= w * fmin(ratio * a, clipped);
    // Where the clipped term is the smaller one it does not move with the ratio.
    if (ratio * a <= clipped)
      change = -w * a * ratio;
    else if (ratio > high)
      sums.kinds[1] += 1.0;
    else
      sums.kinds[2] += 1.0;
    if (reference) {
      double d = (double)reference[at] - (double)logp[at], grown = exp(d), beta = penalty;
      double apart = grown - d - 1.0;
      sums.kinds[3] += apart;
      sums.kinds[0] += w * beta * apart;
      change += w * beta * (1.0 - grown);
    }
    dlogp[at] = (float)change;
  }
  leave(partial, sums);
}

extern "C" __global__ void __launch_bounds__(256)
    surrogate_entropy(float* dentropy, double* partial, const float* entropy, const float* weight,
                      float worth, u32 count) {
  Sums sums = {};
  for (u32 at = blockIdx.x * blockDim.x + threadIdx.x; at < count; at += gridDim.x * blockDim.x) {
    dentropy[at] = -worth * weight[at];
    sums.kinds[0] -= (double)worth * (double)weight[at] * (double)entropy[at];
    sums.kinds[6] += (double)entropy[at];
  }
  leave(partial, sums);
}
