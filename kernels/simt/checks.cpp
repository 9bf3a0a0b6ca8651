// What the compiler's checks of addresses, bounds and divisors report, told with block and thread.
// Builds that link the sanitizer's own library have its reports instead.
#include "fiber.h"

namespace {

struct Place {
  const char* file;
  unsigned line, column;
};

[[noreturn]] void found(const void* data, const char* what) {
  const Place& at = *(const Place*)data;  // every report begins with it
  const char* name = at.file ? strrchr(at.file, '/') : nullptr;
  char text[200];
  snprintf(text, sizeof text, "%s at %.80s:%u", what, name ? name + 1 : "an unknown place",
           at.line);
  simt::fatal(text);
}

}  // namespace

#define HIDDEN extern "C" __attribute__((visibility("hidden"), used)) void

HIDDEN __ubsan_handle_type_mismatch_v1(void* data, uintptr_t address) {
  found(data, address ? "an address that does not suit its type" : "a null pointer is followed");
}
HIDDEN __ubsan_handle_out_of_bounds(void* data, uintptr_t) {
  found(data, "an index outside of its array");
}
HIDDEN __ubsan_handle_divrem_overflow(void* data, uintptr_t, uintptr_t) {
  found(data, "a division by zero");
}
