// sample.rs tells the rules. A block takes a row and goes over its logits twice where there are no
// cuts: for the largest and the mass, and for the weights, whose sums of parts lead to the token.
// Cuts are found by halving the range of scores, mostly among the few that are near the largest,
// which then lie in shared memory. All sums run in an order that depends on the shape alone.
#include "common.cuh"

#define WORDS 12
#define THREADS 384
#define NEAR 8192
#define TILES 256
#define NO_ID 0xffffffffu

struct Lower {
  __device__ __forceinline__ u32 operator()(u32 a, u32 b) const { return a < b ? a : b; }
};
struct Add {
  template <class V>
  __device__ __forceinline__ V operator()(V a, V b) const {
    return a + b;
  }
};

// As block_reduce, of other types.
template <class V, class Op>
__device__ __forceinline__ V block_all(V v, Op op, V neutral) {
  SHARED(V, partial, 33);
  int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
#pragma unroll
  for (int by = 16; by; by >>= 1) v = op(v, __shfl_xor_sync(FULL, v, by));
  if (lane == 0) partial[warp] = v;
  __syncthreads();
  if (warp == 0) {
    V all = lane < warps ? partial[lane] : neutral;
#pragma unroll
    for (int by = 16; by; by >>= 1) all = op(all, __shfl_xor_sync(FULL, all, by));
    if (lane == 0) partial[32] = all;
  }
  __syncthreads();
  V result = partial[32];
  __syncthreads();
  return result;
}

// Settings of one row; its chance stays in memory until it is wanted.
struct Row {
  const u32* words;
  float temperature, top_p, penalty;
  u32 top_k;

  __device__ __forceinline__ Row(const u32* w) : words(w) {
    temperature = __uint_as_float(w[0]), top_k = w[1], top_p = __uint_as_float(w[2]);
    penalty = __uint_as_float(w[5]);
  }

  __device__ __forceinline__ float least() const { return __uint_as_float(words[4]); }

  // philox.rs tells the counter and the key.
  __device__ __forceinline__ double uniform() const {
    u32 x[4] = {words[8], words[9], words[10], words[11]}, key[2] = {words[6], words[7]};
#pragma unroll
    for (int round = 0; round < 10; round++) {
      u32 high0 = __umulhi(0xD2511F53u, x[0]), low0 = 0xD2511F53u * x[0];
      u32 high1 = __umulhi(0xCD9E8D57u, x[2]), low1 = 0xCD9E8D57u * x[2];
      x[0] = high1 ^ x[1] ^ key[0], x[1] = low1;
      x[2] = high0 ^ x[3] ^ key[1], x[3] = low0;
      key[0] += 0x9E3779B9u, key[1] += 0xBB67AE85u;
    }
    u64 bits = ((u64)x[1] << 32 | x[0]) >> 11;
    return (double)bits * (1.0 / 9007199254740992.0);
  }
};

// The logits of a row and what becomes of them.
template <class T, int N>
struct Logits {
  const T* at;
  const u32* seen;
  float penalty, best, temperature;
  u32 vocab;

  // Calls with every id and logit of a range that is this thread's among `threads`.
  template <class F>
  __device__ __forceinline__ void visit(u32 from, u32 to, u32 thread, u32 threads, F f) const {
    for (u32 i = from + thread * N; i < to; i += threads * N) {
      Piece<T, N> p;
      p.load(at + i);
#pragma unroll
      for (int k = 0; k < N; k++) f(i + k, p.v[k]);
    }
  }
  template <class F>
  __device__ __forceinline__ void all(F f) const {
    visit(0, vocab, threadIdx.x, blockDim.x, f);
  }
  __device__ __forceinline__ float penalised(u32 id, float logit) const {
    if (!seen || !(seen[id / 32] >> (id % 32) & 1)) return logit;
    return logit < 0.f ? logit * penalty : logit / penalty;
  }
  __device__ __forceinline__ float score(u32 id, float logit) const {
    // Plus zero, so that a zero below zero is no key of its own.
    return (penalised(id, logit) - best) / temperature + 0.f;
  }
};

// What the first pass finds. `id` is the lowest whose penalised logit is the largest, `bad` the
// lowest whose logit is NaN or plus infinity.
struct Survey {
  float most, best;
  double mass;
  u32 id, bad;
};

template <class T, int N>
__device__ __forceinline__ Survey survey(const Logits<T, N>& row) {
  float most = NEGATIVE_INFINITY, best = NEGATIVE_INFINITY, mass = 0.f;
  u32 id = NO_ID, bad = NO_ID;
  row.all([&](u32 i, float logit) {
    float value = row.penalised(i, logit);
    bool fine = logit < -NEGATIVE_INFINITY && value < -NEGATIVE_INFINITY;
    if (!fine) bad = min(bad, i);
    if (value > best) best = value, id = i;
    if (logit > most) {
      mass = mass * expf(most - logit) + 1.f;
      most = logit;
    } else if (logit > NEGATIVE_INFINITY) {
      mass += expf(logit - most);
    }
  });
  Survey s;
  s.most = block_reduce(most, Max(), NEGATIVE_INFINITY);
  s.best = block_reduce(best, Max(), NEGATIVE_INFINITY);
  s.id = block_all(best == s.best ? id : NO_ID, Lower(), NO_ID);
  s.bad = block_all(bad, Lower(), NO_ID);
  double own = most > NEGATIVE_INFINITY ? (double)mass * (double)expf(most - s.most) : 0.0;
  s.mass = block_all(own, Add(), 0.0);
  return s;
}

// The id at which the running sum of weights, in the order of ids, passes a share of the total; or
// passes `goal` where that is not negative. Every thread gets it.
template <class T, int N, class F>
__device__ __forceinline__ u32 pick(const Logits<T, N>& row, double share, double goal, F weight) {
  SHARED(double, sums, TILES);
  SHARED(u32, chosen, 1);
  u32 lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
  u32 wide = 32 * N, tile = ((row.vocab + TILES - 1) / TILES + wide - 1) / wide * wide;
  for (u32 t = warp; t < TILES; t += warps) {
    double sum = 0.0;
    u64 from = (u64)t * tile, to = from + tile;
    if (from < row.vocab)
      row.visit((u32)from, to < row.vocab ? (u32)to : row.vocab, lane, 32,
                [&](u32 id, float logit) { sum += (double)weight(id, logit); });
#pragma unroll
    for (int by = 16; by; by >>= 1) sum += __shfl_xor_sync(FULL, sum, by);
    if (lane == 0) sums[t] = sum;
  }
  __syncthreads();
  if (warp == 0) {
    // A lane has eight tiles in a row; `below` is what lies before them.
    double own = 0.0;
    for (u32 t = 0; t < TILES / 32; t++) own += sums[lane * (TILES / 32) + t];
    double upto = own;
#pragma unroll
    for (int by = 1; by < 32; by <<= 1) {
      double before = __shfl_up_sync(FULL, upto, by);
      if (lane >= (u32)by) upto += before;
    }
    double below = __shfl_up_sync(FULL, upto, 1);
    if (lane == 0) below = 0.0;
    double target = goal >= 0.0 ? goal : share * __shfl_sync(FULL, upto, 31);
    u32 past = __ballot_sync(FULL, own > 0.0 && upto > target);
    u32 some = __ballot_sync(FULL, own > 0.0);
    u32 winner = past ? (u32)__ffs((int)past) - 1 : 31 - (u32)__clz((int)some);
    u32 t = lane * (TILES / 32), last = t;
    for (u32 end = t + TILES / 32; t < end; t++) {
      if (sums[t] <= 0.0) continue;
      last = t;
      if (below + sums[t] > target) break;
      below += sums[t];
    }
    // Where rounding kept the sum from the target, the last tile is it.
    if (t == (lane + 1) * (TILES / 32)) below -= sums[last];
    last = __shfl_sync(FULL, last, winner);
    below = __shfl_sync(FULL, below, winner);
    u32 id = NO_ID, latest = 0;
    u64 end = (u64)(last + 1) * tile;
    u32 to = end < row.vocab ? (u32)end : row.vocab;
    for (u32 i = last * tile; i < to && id == NO_ID; i += wide) {
      double inside = 0.0;
      u32 mine = 0;
      row.visit(i, min(i + wide, to), lane, 32, [&](u32 at, float logit) {
        float w = weight(at, logit);
        if (w > 0.f) mine = at + 1;
        inside += (double)w;
      });
      double sum = inside;
#pragma unroll
      for (int by = 1; by < 32; by <<= 1) {
        double before = __shfl_up_sync(FULL, sum, by);
        if (lane >= (u32)by) sum += before;
      }
      u32 found = __ballot_sync(FULL, inside > 0.0 && below + sum > target);
      u32 any = __ballot_sync(FULL, mine > 0);
      if (any) latest = __shfl_sync(FULL, mine, 31 - __clz((int)any));
      if (found) {
        double before = below + sum - inside;
        u32 first = NO_ID, end_of = mine;
        row.visit(i, min(i + wide, to), lane, 32, [&](u32 at, float logit) {
          float w = weight(at, logit);
          before += (double)w;
          if (w > 0.f && before > target && first == NO_ID) first = at;
        });
        if (first == NO_ID) first = end_of - 1;
        id = __shfl_sync(FULL, first, __ffs((int)found) - 1);
      }
      below += __shfl_sync(FULL, sum, 31);
    }
    if (lane == 0) chosen[0] = id != NO_ID ? id : latest - 1;
  }
  __syncthreads();
  u32 result = chosen[0];
  __syncthreads();
  return result;
}

// Keys of floats in the floats' order.
__device__ __forceinline__ u32 key_of(float v) {
  u32 u = __float_as_uint(v);
  return u >> 31 ? ~u : u | 0x80000000u;
}
__device__ __forceinline__ float of_key(u32 key) {
  return __uint_as_float(key >> 31 ? key & 0x7fffffffu : ~key);
}

// How many scores there are, and what they weigh.
struct Measure {
  u32 many;
  double mass;
};

// Gathers the scores from a bound on, each thread's in order, unless they are more than NEAR; tells
// their measure, and what all scores weigh.
template <class T, int N>
__device__ __forceinline__ Measure gather(float* near, double* total, const Logits<T, N>& row,
                                          float bound) {
  SHARED(u32, ends, THREADS / 32);
  u32 own = 0, lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  double held = 0.0, all = 0.0;
  row.all([&](u32 id, float logit) {
    float score = row.score(id, logit), weight = expf(score);
    bool is_near = score >= bound;
    own += is_near;
    held += is_near ? (double)weight : 0.0;
    all += (double)weight;
  });
  *total = block_all(all, Add(), 0.0);
  Measure result = {block_all(own, Add(), 0u), block_all(held, Add(), 0.0)};
  if (result.many > NEAR) return result;
  u32 upto = own;
#pragma unroll
  for (int by = 1; by < 32; by <<= 1) {
    u32 before = __shfl_up_sync(FULL, upto, by);
    if (lane >= (u32)by) upto += before;
  }
  if (lane == 31) ends[warp] = upto;
  __syncthreads();
  u32 to = upto - own;
  for (u32 w = 0; w < warp; w++) to += ends[w];
  row.all([&](u32 id, float logit) {
    float score = row.score(id, logit);
    if (score >= bound) near[to++] = score;
  });
  __syncthreads();
  return result;
}

// How many scores have at least this key, or what they weigh: of the near ones, or of all of the
// row.
template <class T, int N>
__device__ __forceinline__ double measure(const Logits<T, N>& row, const float* near, u32 count,
                                          bool whole, u32 key, bool weigh) {
  double own = 0.0;
  auto add = [&](float score) {
    if (key_of(score) >= key) own += weigh ? (double)expf(score) : 1.0;
  };
  if (whole)
    row.all([&](u32 id, float logit) { add(row.score(id, logit)); });
  else
    for (u32 i = threadIdx.x; i < count; i += blockDim.x) add(near[i]);
  return block_all(own, Add(), 0.0);
}

// Scores above `value` stay, and of those equal to it the first `ties`, in the order of ids.
struct Cut {
  float value;
  u32 ties;
};

// What top-k and then top-p leave. The key sought is the largest for which the scores from it on
// are at least k, or weigh enough, found bit by bit; one more was the last that failed. Two more
// rounds tell the weight where scores were counted, and their number where they were weighed.
template <class T, int N>
__device__ __forceinline__ Cut cut(float* near, const Logits<T, N>& row, const Row& settings) {
  u32 k = settings.top_k < row.vocab ? settings.top_k : 0, count = 0, floor = 0;
  bool p = settings.top_p < 1.f, whole = true;
  Cut result = {NEGATIVE_INFINITY, NO_ID};
  if (!k && !p) return result;
  double need = 0.0;
  // Almost always the first bound is enough, and few scores are above it.
  for (float bound = -8.f; whole && bound >= -16.f; bound -= 8.f) {
    double total;
    Measure some = gather(near, &total, row, bound);
    need = (double)settings.top_p * total;
    if (some.many > NEAR) break;
    whole = k ? some.many < k : some.mass < need;
    count = some.many;
  }
  for (int turn = k ? 0 : 1; turn < (p ? 2 : 1); turn++) {
    u32 key = 0;
    double from = 0.0, above = 0.0, other = 0.0;
    u32 beyond = 0;
    for (int round = 0; round < 34; round++) {
      bool search = round < 32;
      u32 at = search ? key | 0x80000000u >> round : key + (round - 32);
      double m = measure(row, near, count, whole, max(at, floor), (turn == 1) == search);
      if (search && m >= (turn ? need : (double)k)) key = at, from = m;
      else if (search) above = m;
      else if (round == 32) other = m;
      else beyond = (u32)m;
    }
    // Never, but for the rounding of sums taken in another order.
    if (from == 0.0) break;
    floor = key;
    result = {of_key(key), NO_ID};
    if (turn == 0) {
      need = (double)settings.top_p * other;
    } else {
      double wanted = ceil((need - above) / (double)expf(result.value));
      if (wanted < other - (double)beyond) result.ties = wanted > 1.0 ? (u32)wanted : 1;
    }
  }
  return result;
}

// 0 where the row is a distribution; 1 NaN, 2 plus infinity, 3 nothing but minus infinity.
template <class T, int N>
__device__ __forceinline__ u32 trouble(const Logits<T, N>& row, const Survey& s) {
  if (s.bad == NO_ID) return s.best > NEGATIVE_INFINITY ? 0 : 3;
  float logit = to_float(row.at[s.bad]), value = row.penalised(s.bad, logit);
  return logit != logit || value != value ? 1 : 2;
}

template <class T, int N>
__device__ __forceinline__ void choose(u32* token, float* logp, u32* told, float* near,
                                       const T* logits, const u32* seen, const Row& settings,
                                       u32 vocab) {
  bool changed = settings.penalty != 1.f;
  Logits<T, N> row{logits, changed ? seen : nullptr, settings.penalty, 0.f,
                   settings.temperature, vocab};
  Survey s = survey(row);
  u32 problem = trouble(row, s), id = s.id;
  if (problem) {
    if (threadIdx.x == 0) {
      *told = problem;
      *token = problem == 3 ? 0 : s.bad;
      *logp = __uint_as_float(0x7fc00000u);
    }
    return;
  }
  row.best = s.best;
  if (settings.temperature != 0.f) {
    Cut border = cut(near, row, settings);
    if (settings.least() > border.value) border = {settings.least(), NO_ID};
    // Where not all ties stay, a turn before the draw finds the last that does.
    u32 last = NO_ID;
    for (int turn = border.ties == NO_ID ? 1 : 0; turn < 2; turn++) {
      double goal = turn ? -1.0 : (double)border.ties - 1.0;
      id = pick(row, settings.uniform(), goal, [&](u32 at, float logit) {
        float score = row.score(at, logit);
        bool equal = score == border.value;
        if (!turn) return equal ? 1.f : 0.f;
        return score > border.value || (equal && at <= last) ? expf(score) : 0.f;
      });
      if (!turn) last = id;
    }
  }
  if (threadIdx.x == 0) {
    *told = 0;
    *token = id;
    *logp = (to_float(logits[id]) - s.most) - logf((float)s.mass);
  }
}

template <class T>
__device__ __forceinline__ void sample(u32* tokens, float* logp, u32* told, const T* logits,
                                       const u32* seen, const u32* rows, u32 vocab) {
  SHARED(float, near, NEAR);
  u32 at = blockIdx.x;
  Row settings(rows + at * WORDS);
  const T* row = logits + (u64)at * vocab;
  const u32* own = seen ? seen + (u64)at * ((vocab + 31) / 32) : nullptr;
  if (wide(logits, vocab))
    choose<T, Widest<T>::count>(tokens + at, logp + at, told + at, near, row, own, settings,
                                vocab);
  else
    choose<T, 1>(tokens + at, logp + at, told + at, near, row, own, settings, vocab);
}

extern "C" __global__ void __launch_bounds__(384, 2)
    sample_f32(u32* tokens, float* logp, u32* told, const float* logits, const u32* seen,
               const u32* rows, u32 vocab) {
  sample(tokens, logp, told, logits, seen, rows, vocab);
}
extern "C" __global__ void __launch_bounds__(384, 2)
    sample_bf16(u32* tokens, float* logp, u32* told, const bf16* logits, const u32* seen,
                const u32* rows, u32 vocab) {
  sample(tokens, logp, told, logits, seen, rows, vocab);
}
