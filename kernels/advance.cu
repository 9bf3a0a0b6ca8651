// advance.rs tells the rules and the words. A thread a sequence.
#include "common.cuh"

#define CACHE_BLOCK 32
#define ROW 4
#define CHANCE 12
#define SEQUENCE 5
#define NONE 0xffffffffu

enum State : u32 { RUNS, STOPPED, FULL_LENGTH, WRONG, WAITS };

struct Sequence {
  u32 limit, room, length, state, line;
};

__device__ __forceinline__ bool among(const u32* stops, u32 count, u32 id) {
  bool found = false;
  for (u32 i = 0; i < count; i++) found = found || stops[i] == id;
  return found;
}

extern "C" __global__ void __launch_bounds__(256)
    advance(u32* ids, u32* positions, u32* slots, u32* rows, u32* chances, u32* seen,
            u32* sequences, u32* ended, u32* log_tokens, float* log_logp, const u32* tokens,
            const float* logp, const u32* told, const u32* stops, const u32* table, u32 count,
            u32 lines, u32 stop_count, u32 words, u32 listed) {
  u32 at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= count) return;
  u32* to = sequences + SEQUENCE * (u64)at;
  Sequence own = {to[0], to[1], to[2], to[3], to[4]};
  bool runs = own.state == RUNS;
  u32 token = runs ? tokens[at] : NONE;
  if (own.line < lines) {
    log_tokens[(u64)own.line * count + at] = token;
    log_logp[(u64)own.line * count + at] = runs ? logp[at] : 0.f;
    to[4] = own.line + 1;
  }
  if (!runs) return;
  to[2] = own.length + 1;
  chances[CHANCE * (u64)at + CHANCE - 1] += 1;
  if (token / 32 < words) seen[(u64)at * words + token / 32] |= 1u << (token % 32);
  u32* row = rows + ROW * (u64)at;
  u32 tail = row[3];
  u64 entry = (u64)row[2] + tail / CACHE_BLOCK;
  u32 state = RUNS;
  if (told[at])
    state = WRONG;
  else if (among(stops, stop_count, token))
    state = STOPPED;
  else if (own.length + 1 >= own.limit)
    state = FULL_LENGTH;
  else if (tail >= own.room || entry >= listed)
    state = WAITS;
  if (state != RUNS) {
    to[3] = state;
    atomicAdd(ended, 1u);
    return;
  }
  ids[at] = token;
  positions[at] = row[1] + tail;
  slots[at] = table[entry] * CACHE_BLOCK + tail % CACHE_BLOCK;
  row[3] = tail + 1;
}
