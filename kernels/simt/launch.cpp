// A launch by name: every block of the grid, one after the other, in the order of the schedule.
#include <sys/mman.h>
#include <unistd.h>

#include "cuda.h"

// The emulator's own tests build this file again, with kernels of theirs.
#ifndef SIMT_LAUNCH
#define SIMT_LAUNCH simt_launch
#define SIMT_TABLES simt_tables
#endif

extern const simt::Entry* const SIMT_TABLES[];

namespace {

const simt::Entry* find(const char* name) {
  for (auto table = SIMT_TABLES; *table; table++)
    for (auto e = *table; e->name; e++)
      if (!strcmp(e->name, name)) return e;
  return nullptr;
}

int fail(char* out, size_t room, const char* what) {
  snprintf(out, room, "%s", what);
  return 1;
}

// Blocks in order, backwards, or by a walk that visits each once.
uint64_t place(uint64_t i, uint64_t total, simt::Schedule schedule, uint64_t seed) {
  if (schedule == simt::REVERSE) return total - 1 - i;
  if (schedule != simt::SHUFFLED) return i;
  uint64_t step = total / 2 + total / 7 + 1 + seed % 5;
  auto common = [](uint64_t a, uint64_t b) {
    while (b) std::swap(a %= b, b);
    return a;
  };
  while (common(step, total) != 1) step++;
  return (i * step + total / 3 + seed) % total;
}

// The stacks of a thread's launches, kept from one to the next. Pages never touched cost nothing.
class Stacks {
  static constexpr size_t BELOW = 1 << 20;  // the first thread's stack may run over, too
  char* base = nullptr;
  size_t bytes = 0;

 public:
  // Not a power of two: stacks would share cache sets.
  static constexpr size_t STRIDE = simt::STACK + 832;

  char* hold(unsigned n) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t needed = (BELOW + STRIDE * n + page - 1) / page * page;
    if (needed > bytes) {
      drop();
      void* found = mmap(nullptr, needed, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
      if (found == MAP_FAILED) return nullptr;
      base = (char*)found, bytes = needed;
      mprotect(base, page, PROT_NONE);
    }
    return base + BELOW;
  }
  // Frames that were left by an error look like memory out of bounds.
  void clean() {
#ifdef SIMT_ASAN
    __asan_unpoison_memory_region(base, bytes);
#endif
  }
  void drop() {
    if (!base) return;
    clean();
    munmap(base, bytes);
    base = nullptr, bytes = 0;
  }
  ~Stacks() { drop(); }
};

// Dynamic shared memory. The address sanitizer knows its end; else what lies behind tells.
class Behind {
#ifdef SIMT_ASAN
  static constexpr size_t TAIL = 0;
#else
  static constexpr size_t TAIL = 256;
#endif
  static constexpr char MARK = 0x5a;
  void* data = nullptr;
  size_t bytes;

 public:
  explicit Behind(size_t n) : bytes(n) {
    if (posix_memalign(&data, 128, n + TAIL)) data = nullptr;
    if (data) memset((char*)data + n, MARK, TAIL);
  }
  ~Behind() { free(data); }
  char* get() const { return (char*)data; }
  void poison() const { memset(data, 0xff, bytes); }
  bool intact() const {
    for (size_t i = 0; i < TAIL; i++)
      if (get()[bytes + i] != MARK) return false;
    return true;
  }
};

const char* refused(const simt::Entry* e, const unsigned* grid, const unsigned* threads,
                    unsigned shared, const unsigned* sizes, unsigned count) {
  if (!e) return "no such kernel";
  uint64_t n = (uint64_t)threads[0] * threads[1];
  bool fits = threads[0] <= 1024 && threads[1] <= 1024 && threads[2] <= 64;
  if (!fits || !(n * threads[2]) || n * threads[2] > 1024) return "a block has 1 to 1024 threads";
  if (!grid[0] || !grid[1] || !grid[2] || grid[0] > 0x7fffffffu || grid[1] > 65535 ||
      grid[2] > 65535)
    return "a grid that cannot be launched";
  if (shared > simt::SHARED_MOST) return "more shared memory than a block can have";
  if (count != e->count) return "another number of arguments";
  for (unsigned i = 0; i < count; i++)
    if (sizes[i] != e->sizes[i]) return "an argument of another size";
  return nullptr;
}

void blocks(simt::Block& b, const Behind& shared, simt::Schedule schedule, uint64_t seed) {
  uint64_t total = (uint64_t)b.grid.x * b.grid.y * b.grid.z;
  for (uint64_t i = 0; i < total && !b.error[0]; i++) {
    uint64_t at = place(i, total, schedule, seed);
    b.index = {(unsigned)(at % b.grid.x), (unsigned)(at / b.grid.x % b.grid.y),
               (unsigned)(at / b.grid.x / b.grid.y)};
    shared.poison();
    simt::run(b, schedule, seed + at);
    const char* what = nullptr;
    if (!shared.intact()) what = "the block wrote beyond its shared memory";
    if (b.own + b.dynamic > simt::SHARED_MOST) what = "more shared memory than a block can have";
    if (what && !b.error[0])
      snprintf(b.error, sizeof b.error, "%s (block %u,%u,%u)", what, b.index.x, b.index.y,
               b.index.z);
  }
}

}  // namespace

// Runs a kernel. `sizes` are the bytes of the arguments, which must be the kernel's. Returns 0, or
// 1 with a message in `error`.
extern "C" int SIMT_LAUNCH(const char* name, const unsigned* grid, const unsigned* threads,
                           unsigned shared, void** arguments, const unsigned* sizes,
                           unsigned count, int schedule, uint64_t seed, char* error, size_t room) {
  const simt::Entry* e = find(name);
  if (const char* why = refused(e, grid, threads, shared, sizes, count))
    return fail(error, room, why);
  static thread_local Stacks kept;
  unsigned n = threads[0] * threads[1] * threads[2];
  char* stacks = kept.hold(n);
  Behind memory(shared);
  if (!stacks || !memory.get()) return fail(error, room, "no memory for stacks");
  simt::Block b;
  b.grid = {grid[0], grid[1], grid[2]};
  b.block = {threads[0], threads[1], threads[2]};
  b.threads = n;
  b.body = e->run;
  b.arguments = arguments;
  b.shared = memory.get();
  b.dynamic = shared;
  b.fibers.resize(n);
  for (unsigned i = 0; i < n; i++) {
    simt::Fiber& f = b.fibers[i];
    f.stack = stacks + i * Stacks::STRIDE;
    f.linear = i;
    f.index = {i % threads[0], i / threads[0] % threads[1], i / threads[0] / threads[1]};
  }
  blocks(b, memory, (simt::Schedule)schedule, seed);
  simt::block = nullptr;
  if (!b.error[0]) return 0;
  kept.clean();
  return fail(error, room, b.error);
}
