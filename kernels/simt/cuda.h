// The names of CUDA C++ that kernels use, for the host.
#pragma once
#include "warp.h"

#define __global__
#define __device__
#define __host__
#define __restrict__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))

struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
static inline uint2 make_uint2(unsigned a, unsigned b) { return {a, b}; }
static inline uint4 make_uint4(unsigned a, unsigned b, unsigned c, unsigned d) {
  return {a, b, c, d};
}
static inline float2 make_float2(float a, float b) { return {a, b}; }
static inline float4 make_float4(float a, float b, float c, float d) { return {a, b, c, d}; }

#define threadIdx (::simt::current->index)
#define blockIdx (::simt::block->index)
#define blockDim (::simt::block->block)
#define gridDim (::simt::block->grid)
#define SIMT_TEXT(x) #x
#define SIMT_LINE(x) SIMT_TEXT(x)
#define __syncthreads() ::simt::barrier(__FILE__ ":" SIMT_LINE(__LINE__))

static inline void __syncwarp(unsigned mask = ~0u) {
  int nothing = 0;
  simt::meet(mask, 1, &nothing, [](void**, unsigned) {});
}
template <class T>
static inline T __shfl_xor_sync(unsigned mask, T v, int by) {
  return simt::shuffle(mask, 2, v, [=](int lane) { return lane ^ by; });
}
template <class T>
static inline T __shfl_down_sync(unsigned mask, T v, int by) {
  return simt::shuffle(mask, 3, v, [=](int lane) { return lane + by; });
}
template <class T>
static inline T __shfl_up_sync(unsigned mask, T v, int by) {
  return simt::shuffle(mask, 4, v, [=](int lane) { return lane - by; });
}
template <class T>
static inline T __shfl_sync(unsigned mask, T v, int from) {
  return simt::shuffle(mask, 5, v, [=](int) { return from & 31; });
}
static inline unsigned __ballot_sync(unsigned mask, int p) { return simt::ballot(mask, p); }
static inline int __any_sync(unsigned mask, int p) { return simt::ballot(mask, p) != 0; }
static inline int __all_sync(unsigned mask, int p) { return simt::ballot(mask, !p) == 0; }

// Fibers of one launch share a thread, so these need no lock.
template <class T>
static inline T atomicAdd(T* to, T v) {
  T old = *to;
  *to = old + v;
  return old;
}
template <class T>
static inline T atomicMax(T* to, T v) {
  T old = *to;
  *to = old > v ? old : v;
  return old;
}
template <class T>
static inline T atomicOr(T* to, T v) {
  T old = *to;
  *to = old | v;
  return old;
}
template <class T>
static inline T atomicExch(T* to, T v) {
  T old = *to;
  *to = v;
  return old;
}
static inline void __threadfence() {}

static inline unsigned __float_as_uint(float f) {
  unsigned u;
  memcpy(&u, &f, 4);
  return u;
}
static inline float __uint_as_float(unsigned u) {
  float f;
  memcpy(&f, &u, 4);
  return f;
}
static inline int __float_as_int(float f) { return (int)__float_as_uint(f); }
static inline float __int_as_float(int i) { return __uint_as_float((unsigned)i); }
static inline float rsqrtf(float x) { return 1.f / sqrtf(x); }
static inline float __fdividef(float a, float b) { return a / b; }
static inline int __popc(unsigned v) { return __builtin_popcount(v); }
static inline int __clz(int v) { return v ? __builtin_clz((unsigned)v) : 32; }
static inline int __ffs(int v) { return __builtin_ffs(v); }
static inline unsigned __umulhi(unsigned a, unsigned b) {
  return (unsigned)(((unsigned long long)a * b) >> 32);
}
static inline int min(int a, int b) { return a < b ? a : b; }
static inline int max(int a, int b) { return a > b ? a : b; }
static inline unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
static inline unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }

namespace simt {

// A kernel of any arguments, called with pointers to them as cuLaunchKernel takes them.
template <class F, F kernel>
struct Call;
template <class... A, void (*kernel)(A...)>
struct Call<void (*)(A...), kernel> {
  template <size_t... I>
  static void unpack(void** a, std::index_sequence<I...>) {
    kernel(*(std::remove_reference_t<A>*)a[I]...);
  }
  static void run(void** a) { unpack(a, std::index_sequence_for<A...>{}); }
  static constexpr unsigned count = sizeof...(A);
  static const unsigned* sizes() {
    static const unsigned bytes[] = {(unsigned)sizeof(A)..., 0};
    return bytes;
  }
};

struct Entry {
  const char* name;
  void (*run)(void**);
  unsigned count;
  const unsigned* sizes;
};

template <class F, F kernel>
Entry entry(const char* name) {
  return {name, &Call<F, kernel>::run, Call<F, kernel>::count, Call<F, kernel>::sizes()};
}

}  // namespace simt
