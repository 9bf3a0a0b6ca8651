// A launch by name: every block of the grid, one after the other, in the order of the schedule.
#include "cuda.h"

extern const simt::Entry* const simt_tables[];

namespace {

const simt::Entry* find(const char* name) {
  for (auto table = simt_tables; *table; table++)
    for (auto e = *table; e->name; e++)
      if (!strcmp(e->name, name)) return e;
  return nullptr;
}

int fail(char* out, size_t room, const char* what) {
  snprintf(out, room, "%s", what);
  return 1;
}

// Blocks in order, backwards, or by a walk that visits each once.
uint64_t place(uint64_t i, uint64_t total, simt::Schedule schedule) {
  if (schedule == simt::REVERSE) return total - 1 - i;
  if (schedule != simt::SHUFFLED) return i;
  uint64_t step = total / 2 + total / 7 + 1;
  auto common = [](uint64_t a, uint64_t b) {
    while (b) std::swap(a %= b, b);
    return a;
  };
  while (common(step, total) != 1) step++;
  return (i * step + total / 3) % total;
}

}  // namespace

// Runs a kernel. `sizes` are the bytes of the arguments, which must be the kernel's. Returns 0, or
// 1 with a message in `error`.
extern "C" int simt_launch(const char* name, const unsigned* grid, const unsigned* threads,
                           unsigned shared, void** arguments, const unsigned* sizes,
                           unsigned count, int schedule, uint64_t seed, char* error, size_t room) {
  const simt::Entry* e = find(name);
  if (!e) return fail(error, room, "no such kernel");
  unsigned n = threads[0] * threads[1] * threads[2];
  uint64_t total = (uint64_t)grid[0] * grid[1] * grid[2];
  if (!n || n > 1024) return fail(error, room, "a block has 1 to 1024 threads");
  if (!total || grid[1] > 65535 || grid[2] > 65535)
    return fail(error, room, "a grid that cannot be launched");
  if (shared > 227 * 1024) return fail(error, room, "more shared memory than a block can have");
  if (count != e->count) return fail(error, room, "another number of arguments");
  for (unsigned i = 0; i < count; i++)
    if (sizes[i] != e->sizes[i]) return fail(error, room, "an argument of another size");
  static thread_local uint64_t serial = 0;
  simt::Block b;
  b.grid = {grid[0], grid[1], grid[2]};
  b.block = {threads[0], threads[1], threads[2]};
  b.threads = n;
  b.body = e->run;
  b.arguments = arguments;
  b.shared.resize(shared + 256);
  b.fibers.resize(n);
  b.serial = serial;
  const size_t stride = simt::STACK + 832;  // not a power of two: stacks would share cache sets
  char* stacks = (char*)aligned_alloc(64, stride * n);
  if (!stacks) return fail(error, room, "no memory for stacks");
  for (unsigned i = 0; i < n; i++) {
    simt::Fiber& f = b.fibers[i];
    f.stack = stacks + i * stride;
    f.linear = i;
    f.index = {i % threads[0], i / threads[0] % threads[1], i / threads[0] / threads[1]};
  }
  for (uint64_t i = 0; i < total && !b.error[0]; i++) {
    uint64_t at = place(i, total, (simt::Schedule)schedule);
    b.index = {(unsigned)(at % grid[0]), (unsigned)(at / grid[0] % grid[1]),
               (unsigned)(at / grid[0] / grid[1])};
    memset(b.shared.data(), 0xff, b.shared.size());
    simt::run(b, (simt::Schedule)schedule, seed + at);
  }
  serial = b.serial;
  free(stacks);
  if (b.error[0]) return fail(error, room, b.error);
  return 0;
}
