// What all kernels share, and the only header they include: no header of NVIDIA's is needed.
// Inline PTX lives here alone; each such primitive has a twin for the host's emulator.
#pragma once

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define ON_CARD 1
typedef unsigned char u8;
typedef signed char i8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
// Shared memory that the launch asks for, 128-byte aligned.
#define SHARED_DYNAMIC(T, name)                                   \
  extern __shared__ __align__(128) unsigned char name##_bytes[]; \
  T* name = reinterpret_cast<T*>(name##_bytes)
// Shared memory of the kernel itself.
#define SHARED(T, name, count) __shared__ T name[count]
#else
#include "cuda.h"
typedef uint8_t u8;
typedef int8_t i8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
#define SHARED_DYNAMIC(T, name) T* name = reinterpret_cast<T*>(::simt::block->shared_base())
#define SHARED(T, name, count)                    \
  static thread_local ::simt::Shared name##_held; \
  T(&name)[count] = *reinterpret_cast<T(*)[count]>(name##_held.of(sizeof(T) * (count)))
#endif

#define FULL 0xffffffffu
#define NEGATIVE_INFINITY __int_as_float(0xff800000)
#define NOT_A_NUMBER __int_as_float(0x7fc00000)

// ---- numbers ----

// Within 2 ulp or so of the exact ones on the card, exact on the host.
__device__ __forceinline__ float fast_exp(float x) {
#ifdef ON_CARD
  return __expf(x);
#else
  return expf(x);
#endif
}
// 2^x, for exponents that are small or far below 0.
__device__ __forceinline__ float fast_exp2(float x) {
#ifdef ON_CARD
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#else
  return exp2f(x);
#endif
}
__device__ __forceinline__ float fast_log(float x) {
#ifdef ON_CARD
  return __logf(x);
#else
  return logf(x);
#endif
}

struct bf16 {
  u16 bits;
};

__device__ __forceinline__ float to_float(float v) { return v; }
__device__ __forceinline__ float to_float(bf16 v) { return __uint_as_float((u32)v.bits << 16); }

// To the nearest, ties to even.
__device__ __forceinline__ bf16 to_bf16(float v) {
  bf16 r;
#ifdef ON_CARD
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(r.bits) : "f"(v));
#else
  u32 u = __float_as_uint(v);
  bool nan = (u & 0x7fffffffu) > 0x7f800000u;
  r.bits = nan ? (u16)0x7fff : (u16)((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
#endif
  return r;
}

template <class T>
__device__ __forceinline__ T from_float(float v);
template <>
__device__ __forceinline__ float from_float<float>(float v) {
  return v;
}
template <>
__device__ __forceinline__ bf16 from_float<bf16>(float v) {
  return to_bf16(v);
}

__device__ __forceinline__ float low_float(u32 pair) { return __uint_as_float(pair << 16); }
__device__ __forceinline__ float high_float(u32 pair) {
  return __uint_as_float(pair & 0xffff0000u);
}
__device__ __forceinline__ u32 pack(float low, float high) {
#ifdef ON_CARD
  u32 pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
#else
  return (u32)to_bf16(low).bits | ((u32)to_bf16(high).bits << 16);
#endif
}

// N values at once: 1, or the sixteen bytes (4 floats, 8 bf16) of an address that allows it.
template <class T, int N>
struct Piece {
  float v[1];
  __device__ __forceinline__ void load(const T* from) { v[0] = to_float(*from); }
  __device__ __forceinline__ void store(T* to) const { *to = from_float<T>(v[0]); }
};
template <>
struct Piece<float, 4> {
  float v[4];
  __device__ __forceinline__ void load(const float* from) {
    float4 q = *reinterpret_cast<const float4*>(from);
    v[0] = q.x, v[1] = q.y, v[2] = q.z, v[3] = q.w;
  }
  __device__ __forceinline__ void store(float* to) const {
    *reinterpret_cast<float4*>(to) = make_float4(v[0], v[1], v[2], v[3]);
  }
};
template <>
struct Piece<bf16, 8> {
  float v[8];
  __device__ __forceinline__ void load(const bf16* from) {
    uint4 q = *reinterpret_cast<const uint4*>(from);
    v[0] = low_float(q.x), v[1] = high_float(q.x), v[2] = low_float(q.y), v[3] = high_float(q.y);
    v[4] = low_float(q.z), v[5] = high_float(q.z), v[6] = low_float(q.w), v[7] = high_float(q.w);
  }
  __device__ __forceinline__ void store(bf16* to) const {
    uint4 q = make_uint4(pack(v[0], v[1]), pack(v[2], v[3]), pack(v[4], v[5]), pack(v[6], v[7]));
    *reinterpret_cast<uint4*>(to) = q;
  }
};

// How many values of T are sixteen bytes.
template <class T>
struct Widest;
template <>
struct Widest<float> {
  static constexpr int count = 4;
};
template <>
struct Widest<bf16> {
  static constexpr int count = 8;
};

// Whether rows of `width` values that begin at an address lie on sixteen bytes each.
template <class T>
__device__ __forceinline__ bool wide(const T* at, u32 width) {
  return ((u64)at & 15) == 0 && width % Widest<T>::count == 0;
}

// ---- reductions ----

struct Sum {
  __device__ __forceinline__ float operator()(float a, float b) const { return a + b; }
};
struct Max {
  __device__ __forceinline__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

// Every lane gets the result.
template <class Op>
__device__ __forceinline__ float warp_reduce(float v, Op op) {
#pragma unroll
  for (int by = 16; by; by >>= 1) v = op(v, __shfl_xor_sync(FULL, v, by));
  return v;
}

// Every thread gets the result; blockDim.x is a multiple of 32, all threads call it.
template <class Op>
__device__ __forceinline__ float block_reduce(float v, Op op, float neutral) {
  SHARED(float, partial, 33);
  int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
  v = warp_reduce(v, op);
  if (lane == 0) partial[warp] = v;
  __syncthreads();
  if (warp == 0) {
    float all = warp_reduce(lane < warps ? partial[lane] : neutral, op);
    if (lane == 0) partial[32] = all;
  }
  __syncthreads();
  float result = partial[32];
  __syncthreads();
  return result;
}

// ---- tensor cores and asynchronous copies (PTX ISA, "warp-level matrix instructions") ----

#ifdef ON_CARD
__device__ __forceinline__ u32 shared_address(const void* at) {
  return (u32)__cvta_generic_to_shared(at);
}

// d += a · b: 16 by 8, over 16. With g = lane / 4 and t = lane % 4, a lane holds of a the rows g
// and g + 8, columns 2t and 2t + 1, then the same 8 columns on; of b the column g, rows 2t and
// 2t + 1, then 8 rows on; of d the row g and then g + 8, columns 2t and 2t + 1.
__device__ __forceinline__ void multiply(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},"
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Four matrices of 8 by 8 from shared memory: lanes 8i to 8i + 7 bring the rows of matrix i, each
// of sixteen bytes; lane l gets of each row l / 4, columns 2 (l % 4) and the next.
__device__ __forceinline__ void load_matrices(u32 (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
}

// The same of the transposed matrices.
__device__ __forceinline__ void load_turned(u32 (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
}

// Starts to copy BYTES, 8 or 16, to shared memory; zeros where they are not there.
template <int BYTES>
__device__ __forceinline__ void copy_async(void* to, const void* from, bool there) {
  u32 count = there ? BYTES : 0;
  if (BYTES == 16)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)),
                 "l"(from), "r"(count)
                 : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;" ::"r"(shared_address(to)),
                 "l"(from), "r"(count)
                 : "memory");
}

// The copies of this thread since the last call are a group.
__device__ __forceinline__ void commit_copies() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}

// Waits until at most N groups of this thread are under way.
template <int N>
__device__ __forceinline__ void wait_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}
#else
#include "tensor.h"
static inline void multiply(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  simt::multiply(d, a, b0, b1);
}
static inline void load_matrices(u32 (&r)[4], const void* row) {
  simt::load_matrices<false>(r, row);
}
static inline void load_turned(u32 (&r)[4], const void* row) {
  simt::load_matrices<true>(r, row);
}
template <int BYTES>
static inline void copy_async(void* to, const void* from, bool there) {
  static_assert(BYTES == 8 || BYTES == 16, "copies of 8 or 16 bytes");
  simt::copy(to, from, BYTES, there ? BYTES : 0);
}
static inline void commit_copies() { simt::commit(); }
template <int N>
static inline void wait_copies() {
  simt::wait_for_copies(N);
}
#endif

// ---- packed sequences ----

// The last sequence that begins at a token or before it; all lanes of a warp ask for the same one.
__device__ __forceinline__ u32 sequence_of(const u32* starts, u32 sequences, u32 token) {
  u32 low = 0, high = sequences;
  while (high - low > 1) {
    u32 step = (high - low + 31) / 32, at = low + ((threadIdx.x & 31) + 1) * step;
    u32 below = (u32)__popc(__ballot_sync(FULL, at < high && starts[at] <= token));
    low += below * step;
    high = min(high, low + step);
  }
  return low;
}

// The same of doubles' sum.
__device__ __forceinline__ double block_sum(double v) {
  SHARED(double, partial, 33);
  int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
#pragma unroll
  for (int by = 16; by; by >>= 1) v += __shfl_xor_sync(FULL, v, by);
  if (lane == 0) partial[warp] = v;
  __syncthreads();
  if (warp == 0) {
    double all = lane < warps ? partial[lane] : 0.0;
#pragma unroll
    for (int by = 16; by; by >>= 1) all += __shfl_xor_sync(FULL, all, by);
    if (lane == 0) partial[32] = all;
  }
  __syncthreads();
  double result = partial[32];
  __syncthreads();
  return result;
}

// A double from the bits that a launch gives.
__device__ __forceinline__ double double_of(u64 bits) {
#ifdef ON_CARD
  return __longlong_as_double((long long)bits);
#else
  double v;
  memcpy(&v, &bits, 8);
  return v;
#endif
}

// A product that is rounded before anything is added to it.
__device__ __forceinline__ float mul_rn(float a, float b) {
#ifdef ON_CARD
  return __fmul_rn(a, b);
#else
  return a * b;
#endif
}

// Within 1 ulp or so of the exact one on the card, exact on the host.
__device__ __forceinline__ float fast_sqrt(float x) {
#ifdef ON_CARD
  float r;
  asm("sqrt.approx.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
#else
  return sqrtf(x);
#endif
}
