// Tensor cores and asynchronous copies for the host, with the fragments of the card: common.cuh
// tells which lane holds what.
#pragma once
#include "warp.h"

namespace simt {

inline float bf16_value(unsigned bits) {
  unsigned wide = bits << 16;
  float value;
  memcpy(&value, &wide, 4);
  return value;
}

struct Multiplied {
  float* d;
  const unsigned* a;
  unsigned b[2];
};

// Sums run over k in order and are added to d at the end.
inline void multiply(float* d, const unsigned* a, unsigned b0, unsigned b1) {
  Multiplied mine{d, a, {b0, b1}};
  meet(~0u, 10, &mine, [](void** slots, unsigned needed) {
    if (needed != ~0u) fatal("a product of matrices wants all lanes of the warp");
    float a[16][16], b[16][8], d[16][8] = {};
    for (int l = 0; l < 32; l++) {
      auto* lane = (Multiplied*)slots[l];
      int g = l >> 2, t = (l & 3) * 2;
      for (int half = 0; half < 2; half++) {
        for (int i = 0; i < 4; i++)
          a[g + (i & 1) * 8][t + (i >> 1) * 8 + half] =
              bf16_value(lane->a[i] >> (16 * half) & 0xffff);
        for (int i = 0; i < 2; i++)
          b[t + i * 8 + half][g] = bf16_value(lane->b[i] >> (16 * half) & 0xffff);
      }
    }
    for (int i = 0; i < 16; i++)
      for (int k = 0; k < 16; k++)
        for (int j = 0; j < 8; j++) d[i][j] += a[i][k] * b[k][j];
    for (int l = 0; l < 32; l++) {
      auto* lane = (Multiplied*)slots[l];
      for (int i = 0; i < 4; i++)
        lane->d[i] += d[(l >> 2) + (i >> 1) * 8][(l & 3) * 2 + (i & 1)];
    }
  });
}

struct Loaded {
  unsigned* r;
  const uint16_t* row;
};

template <bool TURNED>
inline void load_matrices(unsigned* r, const void* row) {
  if ((uintptr_t)row & 15) fatal("a row of a matrix that does not lie on sixteen bytes");
  Loaded mine{r, (const uint16_t*)row};
  meet(~0u, TURNED ? 12 : 11, &mine, [](void** slots, unsigned needed) {
    if (needed != ~0u) fatal("loading matrices wants all lanes of the warp");
    for (int i = 0; i < 4; i++) {
      auto at = [&](int row, int column) -> unsigned {
        return ((Loaded*)slots[8 * i + row])->row[column];
      };
      for (int l = 0; l < 32; l++) {
        int g = l >> 2, t = (l & 3) * 2;
        ((Loaded*)slots[l])->r[i] = TURNED ? at(t, g) | at(t + 1, g) << 16
                                           : at(g, t) | at(g, t + 1) << 16;
      }
    }
  });
}

inline void perform(const Copy& copy) {
  memcpy(copy.to, copy.from, copy.valid);
  memset((char*)copy.to + copy.valid, 0, copy.bytes - copy.valid);
}

// At issue or when it is waited for: a kernel must be right either way.
inline void copy(void* to, const void* from, unsigned bytes, unsigned valid) {
  if (((uintptr_t)to | (uintptr_t)from) & (bytes - 1))
    fatal("an asynchronous copy whose addresses are not multiples of its size");
  Copy issued{to, from, bytes, valid};
  if (block->eager) perform(issued);
  else current->copies.push_back(issued);
}

inline void commit() {
  size_t before = 0;
  for (size_t group : current->groups) before += group;
  current->groups.push_back(current->copies.size() - before);
}

inline void wait_for_copies(size_t most) {
  auto& groups = current->groups;
  auto& copies = current->copies;
  size_t done = 0, count = 0;
  for (; groups.size() - done > most; done++) count += groups[done];
  for (size_t i = 0; i < count; i++) perform(copies[i]);
  copies.erase(copies.begin(), copies.begin() + count);
  groups.erase(groups.begin(), groups.begin() + done);
}

}  // namespace simt
