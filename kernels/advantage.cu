// advantage.rs tells the formulas. Groups are small and few: a thread takes one, and adds in the
// order of the host, in double precision.
#include "common.cuh"

// What is told of a group.
#define SAME 0
#define DIFFERENT 1
#define NOT_FINITE 2

extern "C" __global__ void __launch_bounds__(32)
    advantage_group(float* out, u32* told, const float* rewards, u32 groups, u32 size,
                    u32 leave_one_out, u32 scale, float least) {
  u32 group = blockIdx.x * blockDim.x + threadIdx.x;
  if (group >= groups) return;
  out += (u64)group * size;
  rewards += (u64)group * size;
  double sum = 0.0, squares = 0.0, count = size;
  bool same = true, finite = true;
  for (u32 i = 0; i < size; i++) {
    same = same && rewards[i] == rewards[0];
    finite = finite && fabsf(rewards[i]) < -NEGATIVE_INFINITY;
    sum += (double)rewards[i];
  }
  told[group] = !finite ? NOT_FINITE : same ? SAME : DIFFERENT;
  if (!finite) return;
  double mean = sum / count;
  for (u32 i = 0; i < size; i++) {
    double apart = (double)rewards[i] - mean;
    squares += apart * apart;
  }
  double deviation = sqrt(squares / (count - 1.0)), divisor = 1.0;
  if (scale == 1) divisor = deviation + (double)least;
  if (scale == 2) divisor = fmax(deviation, (double)least);
  for (u32 i = 0; i < size; i++) {
    double reward = rewards[i];
    double compared = leave_one_out ? (sum - reward) / (count - 1.0) : mean;
    out[i] = same ? 0.f : (float)((reward - compared) / divisor);
  }
}
