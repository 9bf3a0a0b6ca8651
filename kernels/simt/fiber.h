// One fiber a CUDA thread, one block at a time, on the calling thread: who runs next is a schedule,
// so that a missing barrier shows as other bits under another schedule.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIMT_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SIMT_ASAN 1
#endif
#ifdef SIMT_ASAN
extern "C" void __asan_unpoison_memory_region(void const volatile*, size_t);
extern "C" void __sanitizer_start_switch_fiber(void**, const void*, size_t);
extern "C" void __sanitizer_finish_switch_fiber(void*, const void**, size_t*);
#endif

#if !defined(SIMT_UCONTEXT) && !(defined(__x86_64__) && defined(__ELF__))
#define SIMT_UCONTEXT 1  // other processors: slower, by the C library
#endif
#ifdef SIMT_UCONTEXT
#include <ucontext.h>
#endif

namespace simt {

// Who runs when a thread has to wait.
enum Schedule : int {
  ROUND_ROBIN = 0,  // the next thread in order
  REVERSE = 1,      // the last that can, blocks backwards too; copies done when issued
  SHUFFLED = 2,     // by chance; copies done when issued or when waited for, by chance too
  GREEDY = 3,       // the first that can: one warp runs as far ahead as barriers let it
};

struct Dim {
  unsigned x = 1, y = 1, z = 1;
};

// A copy to shared memory that was issued and not waited for.
struct Copy {
  void* to;
  const void* from;
  unsigned bytes, valid;
};

enum Wait { NOT, BARRIER, LANES };

struct Fiber {
  void* stack_pointer = nullptr;
  char* stack = nullptr;
  Dim index;
  unsigned linear = 0, slot = 0;
  Wait waits = NOT;
  std::vector<Copy> copies;
  std::vector<size_t> groups;
#ifdef SIMT_ASAN
  void* fake = nullptr;
#endif
#ifdef SIMT_UCONTEXT
  ucontext_t first;
#endif
};

// What the lanes of a warp do together: the last one to come does the work of all.
struct Meeting {
  unsigned mask = 0, arrived = 0;
  int kind = 0;
  void* slots[32];
};

struct Warp {
  unsigned alive = 0;
  std::vector<Meeting> meetings;
};

struct Block {
  Dim grid, block, index;
  unsigned threads = 0, live = 0, waiting = 0;
  Schedule schedule = ROUND_ROBIN;
  uint64_t serial = 0, state = 1;  // which block this is; of chance
  std::vector<Fiber> fibers;
  std::vector<unsigned> order;            // slot -> thread
  std::vector<uint64_t> ready, stopped;   // by slot: can run; waits at the block's barrier
  std::vector<Warp> warps;
  char* shared = nullptr;         // what the launch asks for
  size_t dynamic = 0, own = 0;    // bytes of that, and of the kernel's own arrays
  const char* barrier = nullptr;  // where the first that waits does so
  void (*body)(void**) = nullptr;
  void** arguments = nullptr;
  void* main_stack = nullptr;
  bool eager = false;
  char error[320] = {0};
#ifdef SIMT_ASAN
  void* main_fake = nullptr;
  const void* main_bottom = nullptr;
  size_t main_size = 0;
#endif
  char* shared_base() { return shared; }
};

#ifdef SIMT_ASAN
constexpr size_t STACK = 256 * 1024;
#else
constexpr size_t STACK = 64 * 1024;
#endif
// Bytes of shared memory that a block can have on the cards from sm_90 on.
constexpr size_t SHARED_MOST = 227 * 1024;
// At the end of a stack: what is still there was never reached.
constexpr uint64_t CANARY = 0x5ca1ab1e0ddba11;

inline thread_local Fiber* current = nullptr;
inline thread_local Block* block = nullptr;
inline thread_local uint64_t blocks_begun = 0;

#ifdef SIMT_UCONTEXT
inline void simt_switch(void** save, void* to) {
  ucontext_t own;  // lies on this fiber's stack for as long as it waits
  *save = &own;
  swapcontext(&own, (ucontext_t*)to);
}
#else
extern "C" void simt_switch(void** save, void* to);
#endif

// Goes from one fiber to another; no fiber is the launch itself.
inline void jump(Fiber* from, Fiber* to, bool last = false) {
  void** save = from ? &from->stack_pointer : &block->main_stack;
  void* target = to ? to->stack_pointer : block->main_stack;
  current = to;
#ifdef SIMT_ASAN
  const void* bottom = to ? (const void*)to->stack : block->main_bottom;
  void** fake = last ? nullptr : from ? &from->fake : &block->main_fake;
  __sanitizer_start_switch_fiber(fake, bottom, to ? STACK : block->main_size);
#endif
  simt_switch(save, target);
#ifdef SIMT_ASAN
  __sanitizer_finish_switch_fiber(from ? from->fake : block->main_fake, nullptr, nullptr);
#endif
  (void)last;
}

// Ends the launch with a message that names the block and the thread.
[[noreturn]] inline void fatal(const char* what) {
  Dim at = block->index;
  unsigned thread = current ? current->linear : 0;
  snprintf(block->error, sizeof block->error, "%s (block %u,%u,%u thread %u)", what, at.x, at.y,
           at.z, thread);
  if (!current) abort();
  jump(current, nullptr, true);
  abort();
}

// Stops a thread that ran out of its stack. What lies below belongs to threads that then never go
// on.
inline void check_stack() {
  const Fiber* me = current;
  const uint64_t* end = (const uint64_t*)me->stack;
  bool full = (const char*)__builtin_frame_address(0) < me->stack + 2048;
  for (int i = 0; i < 8; i++) full |= end[i] != CANARY;
  if (full) fatal("a thread's stack is full: too many or too large local arrays");
}

inline uint64_t chance(uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

inline uint64_t bit(unsigned slot) { return 1ull << (slot & 63); }

inline void set_ready(Fiber* f) { block->ready[f->slot >> 6] |= bit(f->slot); }

inline void clear_ready(Fiber* f) { block->ready[f->slot >> 6] &= ~bit(f->slot); }

// The first fiber that can run, from a slot on, around.
inline Fiber* next_from(unsigned slot) {
  auto& ready = block->ready;
  size_t words = ready.size(), word = slot >> 6;
  auto fiber = [&](size_t w, uint64_t bits) {
    return &block->fibers[block->order[(w << 6) + __builtin_ctzll(bits)]];
  };
  if (word < words) {
    uint64_t bits = ready[word] & (~0ull << (slot & 63));
    if (bits) return fiber(word, bits);
    word++;
  }
  for (size_t i = 0; i <= words; i++, word++) {
    if (word >= words) word = 0;
    if (ready[word]) return fiber(word, ready[word]);
  }
  return nullptr;
}

// Who runs when the fiber of a slot cannot go on; none if all wait.
inline Fiber* next_after(unsigned slot) {
  switch (block->schedule) {
    case ROUND_ROBIN: return next_from(slot + 1);
    case SHUFFLED: return next_from((unsigned)(chance(block->state) >> 20) % block->threads);
    default: return next_from(0);
  }
}

[[noreturn]] inline void stuck() {
  unsigned count[3] = {0}, first[3] = {0};
  for (const Fiber& f : block->fibers)
    if (!count[f.waits]++) first[f.waits] = f.linear;
  char text[200];
  snprintf(text, sizeof text,
           "every live thread waits: %u at a barrier, the first of them %u; %u in a warp "
           "operation, the first of them %u",
           count[BARRIER], first[BARRIER], count[LANES], first[LANES]);
  fatal(text);
}

// The current fiber waits: another one runs.
inline void wait_here() {
  Fiber* me = current;
  Fiber* next = next_after(me->slot);
  if (!next) stuck();
  if (next != me) jump(me, next);
}

inline void open_barrier() {
  Block* b = block;
  if (!b->live || b->waiting != b->live) return;
  b->waiting = 0;
  for (Fiber& f : b->fibers) f.waits = NOT;
  for (size_t i = 0; i < b->ready.size(); i++) {
    b->ready[i] |= b->stopped[i];
    b->stopped[i] = 0;
  }
}

// `at` is where the source has it: all threads must wait at the same one.
inline void barrier(const char* at) {
  Fiber* me = current;
  check_stack();
  if (block->live != block->threads) fatal("a barrier after some threads have ended");
  if (!block->waiting) block->barrier = at;
  if (at != block->barrier && strcmp(at, block->barrier)) {
    auto file = [](const char* path) { return strrchr(path, '/') ? strrchr(path, '/') + 1 : path; };
    char text[200];
    snprintf(text, sizeof text, "threads wait at two barriers, %.60s and %.60s",
             file(block->barrier), file(at));
    fatal(text);
  }
  clear_ready(me);
  me->waits = BARRIER;
  block->stopped[me->slot >> 6] |= bit(me->slot);
  block->waiting++;
  open_barrier();
  wait_here();
}

// What every fiber runs: the kernel, and then the next fiber.
inline void fiber_main() {
#ifdef SIMT_ASAN
  const void* bottom;
  size_t size;
  __sanitizer_finish_switch_fiber(nullptr, &bottom, &size);
  if (!block->main_bottom) {
    block->main_bottom = bottom;
    block->main_size = size;
  }
#endif
  Fiber* me = current;
  block->body(block->arguments);
  check_stack();
  if (!me->copies.empty()) fatal("a thread ends with asynchronous copies never waited for");
  if (block->waiting) fatal("a thread ends while others wait at a barrier");
  Warp& warp = block->warps[me->linear >> 5];
  unsigned own = 1u << (me->linear & 31);
  for (const Meeting& m : warp.meetings)
    if (m.arrived && (m.mask & own)) fatal("a thread ends while lanes of its warp wait for it");
  clear_ready(me);
  block->live--;
  warp.alive &= ~own;
  Fiber* next = block->live ? next_after(me->slot) : nullptr;
  if (block->live && !next) stuck();
  jump(me, next, true);
  abort();
}

inline void prepare(Fiber& f) {
#ifdef SIMT_ASAN
  // A fiber that ended left its first frames; after an error hold() has cleared everything.
  __asan_unpoison_memory_region(f.stack + STACK - 4096, 4096);
#endif
#ifdef SIMT_UCONTEXT
  getcontext(&f.first);
  f.first.uc_stack.ss_sp = f.stack;
  f.first.uc_stack.ss_size = STACK;
  f.first.uc_link = nullptr;
  makecontext(&f.first, (void (*)())fiber_main, 0);
  f.stack_pointer = &f.first;
#else
  void** top = (void**)(((uintptr_t)f.stack + STACK) & ~(uintptr_t)15);
  *--top = nullptr;
  *--top = (void*)&fiber_main;
  for (int i = 0; i < 6; i++) *--top = nullptr;  // the registers that simt_switch takes back
  f.stack_pointer = top;
#endif
  for (int i = 0; i < 8; i++) ((uint64_t*)f.stack)[i] = CANARY;
  f.waits = NOT;
  f.copies.clear();
  f.groups.clear();
}

// Runs one block; what went wrong is then in its error.
inline void run(Block& b, Schedule schedule, uint64_t seed) {
  unsigned n = b.threads;
  block = &b;
  b.schedule = schedule;
  b.state = (seed + 1) * 0x9E3779B97F4A7C15ull | 1;
  b.eager = schedule == REVERSE || (schedule == SHUFFLED && (chance(b.state) >> 20 & 1));
  b.live = n;
  b.waiting = 0;
  b.own = 0;
  b.serial = ++blocks_begun;
  b.warps.resize((n + 31) / 32);
  for (unsigned w = 0; w < b.warps.size(); w++) {
    unsigned lanes = std::min(32u, n - w * 32);
    b.warps[w].alive = lanes == 32 ? ~0u : (1u << lanes) - 1;
    b.warps[w].meetings.clear();
  }
  b.order.resize(n);
  for (unsigned i = 0; i < n; i++) b.order[i] = schedule == REVERSE ? n - 1 - i : i;
  if (schedule == SHUFFLED)
    for (unsigned i = n; i > 1; i--) std::swap(b.order[i - 1], b.order[chance(b.state) % i]);
  b.ready.assign((n + 63) / 64, 0);
  b.stopped.assign((n + 63) / 64, 0);
  for (unsigned slot = 0; slot < n; slot++) {
    Fiber& f = b.fibers[b.order[slot]];
    f.slot = slot;
    prepare(f);
    set_ready(&f);
  }
  jump(nullptr, &b.fibers[b.order[0]]);
  current = nullptr;
}

}  // namespace simt
