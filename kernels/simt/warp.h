// What the lanes of a warp do together. Every lane of a mask brings a slot; the last one to come
// does the work on all of them. Anything else than full attendance is an error.
#pragma once
#include "fiber.h"

namespace simt {

inline unsigned lane() { return current->linear & 31; }

// Lanes that the warp had when it began.
inline unsigned born(unsigned warp) {
  unsigned left = block->threads - warp * 32;
  return left >= 32 ? ~0u : (1u << left) - 1;
}

template <class Work>
inline void meet(unsigned mask, int kind, void* slot, Work&& work) {
  Fiber* me = current;
  check_stack();
  unsigned own = lane(), number = me->linear >> 5;
  Warp& warp = block->warps[number];
  if (!(mask >> own & 1)) fatal("a lane that is not in its own mask");
  if (mask & born(number) & ~warp.alive) fatal("a warp operation that names a lane that has ended");
  Meeting* found = nullptr;
  for (auto& m : warp.meetings) {
    if (m.arrived && (m.mask & mask)) {
      if (m.mask != mask) fatal("lanes of one warp name different masks");
      if (m.kind != kind) fatal("lanes of one warp reached different warp operations");
      found = &m;
    }
  }
  for (auto& m : warp.meetings) {
    if (found) break;
    if (!m.arrived) found = &m;
  }
  if (!found) {
    warp.meetings.reserve(32);  // meetings must not move while lanes wait in them
    warp.meetings.emplace_back();
    found = &warp.meetings.back();
  }
  found->mask = mask;
  found->kind = kind;
  found->arrived |= 1u << own;
  found->slots[own] = slot;
  unsigned needed = mask & warp.alive;
  if ((found->arrived & needed) != needed) {
    clear_ready(me);
    me->waits = LANES;
    wait_here();
    return;
  }
  work(found->slots, needed);
  for (unsigned left = needed; left; left &= left - 1) {
    Fiber& lane = block->fibers[number * 32 + __builtin_ctz(left)];
    lane.waits = NOT;
    set_ready(&lane);
  }
  found->arrived = 0;
}

template <class T>
struct Shuffled {
  T value;
  int source;
  T result;
};

template <class T, class Source>
inline T shuffle(unsigned mask, int kind, T value, Source source) {
  Shuffled<T> mine{value, source((int)lane()), value};
  // Lanes that bring values of other types are in other operations.
  meet(mask, kind + 16 * (int)sizeof(T), &mine, [](void** slots, unsigned needed) {
    for (unsigned left = needed; left; left &= left - 1) {
      auto* to = (Shuffled<T>*)slots[__builtin_ctz(left)];
      if (to->source < 0 || to->source > 31) continue;  // a lane keeps its own value
      if (needed >> to->source & 1)
        to->result = ((Shuffled<T>*)slots[to->source])->value;
      else
        memset((void*)&to->result, 0xff, sizeof(T));  // undefined on a card
    }
  });
  return mine.result;
}

struct Vote {
  int predicate;
  unsigned result;
};

inline unsigned ballot(unsigned mask, int predicate) {
  Vote mine{predicate, 0};
  meet(mask, 6, &mine, [](void** slots, unsigned needed) {
    unsigned result = 0;
    for (unsigned left = needed; left; left &= left - 1) {
      int l = __builtin_ctz(left);
      if (((Vote*)slots[l])->predicate) result |= 1u << l;
    }
    for (unsigned left = needed; left; left &= left - 1)
      ((Vote*)slots[__builtin_ctz(left)])->result = result;
  });
  return mine.result;
}

// A shared array of the kernel itself, an allocation of its own for each thread that launches, so
// that the address sanitizer knows where it ends. It is filled with NaN when a block comes to it.
class Shared {
  void* data = nullptr;
  uint64_t serial = 0;

 public:
  void* of(size_t bytes) {
    if (!data && posix_memalign(&data, 128, bytes)) fatal("no memory for shared arrays");
    if (serial != block->serial) {
      serial = block->serial;
      block->own += bytes;
      memset(data, 0xff, bytes);
    }
    return data;
  }
  ~Shared() { free(data); }
};

}  // namespace simt
