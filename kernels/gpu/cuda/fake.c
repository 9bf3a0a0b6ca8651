// A driver, a compiler and a library of products that are none: enough of CUDA's functions to run
// the board of a card in tests where there is no card. Work is queued and done when it is waited
// for, as late as a card could; every handle is counted.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { WRITE, READ, COPY, CLEAR, LAUNCH, PRODUCT };
enum { INVALID_VALUE = 1, NO_MEMORY = 2, INVALID_CONTEXT = 201, NOT_FOUND = 500, CAPTURED = 900 };

typedef struct { int transposed[2]; } About;
typedef struct { int type; uint64_t rows, columns; int64_t ld; } Layout;
typedef struct {
  int kind;
  char *to;
  const char *from, *other;
  size_t bytes;
  About about;
  Layout layouts[3];
  float beta;
} Work;
typedef struct { Work *work; size_t count, room; } List;
typedef struct { const char *name; int shared; } Function;

static _Thread_local void *current;
static int handles, launched, replayed, recording;
static List queue, graph;
static Function functions[] = {{"add_f32", 0}, {"sum_rows_f32", 0}};

int fake_handles(void) { return handles; }
int fake_launched(void) { return launched; }
int fake_replayed(void) { return replayed; }
int fake_shared(void) { return functions[0].shared; }

#define NEEDS_CONTEXT if (!current) return INVALID_CONTEXT

static void put(List *list, Work work) {
  if (list->count == list->room) {
    list->room = list->room ? 2 * list->room : 64;
    list->work = realloc(list->work, list->room * sizeof(Work));
  }
  list->work[list->count++] = work;
}

static void clear(List *list) {
  free(list->work);
  memset(list, 0, sizeof *list);
}

static int add(Work work) {
  NEEDS_CONTEXT;
  put(recording ? &graph : &queue, work);
  return 0;
}

static float get(const char *at, int type, uint64_t i) {
  if (type == 0) return ((const float *)at)[i];
  uint32_t bits = (uint32_t)((const uint16_t *)at)[i] << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

static void set(char *at, int type, uint64_t i, float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  if (type == 0) ((float *)at)[i] = value;
  else ((uint16_t *)at)[i] = (uint16_t)(bits >> 16);
}

static float element(const Work *w, int which, const char *at, uint64_t row, uint64_t column) {
  const Layout *l = &w->layouts[which];
  if (w->about.transposed[which]) {
    uint64_t swap = row;
    row = column, column = swap;
  }
  if (row >= l->rows || column >= l->columns) abort();
  return get(at, l->type, column * l->ld + row);
}

static void product(const Work *w) {
  const Layout *out = &w->layouts[2];
  uint64_t sums = w->about.transposed[0] ? w->layouts[0].rows : w->layouts[0].columns;
  for (uint64_t column = 0; column < out->columns; column++)
    for (uint64_t row = 0; row < out->rows; row++) {
      uint64_t at = column * out->ld + row;
      float sum = w->beta == 0 ? 0 : w->beta * get(w->to, out->type, at);
      for (uint64_t l = 0; l < sums; l++)
        sum += element(w, 0, w->from, row, l) * element(w, 1, w->other, l, column);
      set(w->to, out->type, at, sum);
    }
}

static void run(const List *list) {
  for (size_t i = 0; i < list->count; i++) {
    const Work *w = &list->work[i];
    if (w->kind == CLEAR) memset(w->to, 0, w->bytes);
    else if (w->kind == LAUNCH)
      for (size_t k = 0; k < w->bytes; k++) ((float *)w->to)[k] += ((const float *)w->from)[k];
    else if (w->kind == PRODUCT) product(w);
    else memcpy(w->to, w->from, w->bytes);
  }
}

// ---- the driver ----

int cuDriverGetVersion(int *version) { return *version = 13000, 0; }
int cuInit(unsigned flags) { return (int)flags; }
int cuDeviceGetCount(int *count) { return *count = 1, 0; }
int cuDeviceGet(int *device, int ordinal) { return *device = ordinal, 0; }
int cuDeviceGetName(char *name, int room, int device) {
  return strncpy(name, "No Card", (size_t)room), device;
}
int cuDeviceTotalMem_v2(size_t *bytes, int device) { return *bytes = 1u << 30, device; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  *value = attribute == 75 ? 9 : attribute == 76 ? 0 : attribute == 16 ? 132 : 227 << 10;
  return device;
}
int cuDevicePrimaryCtxRetain(void **context, int device) {
  return *context = &handles, handles++, device;
}
int cuDevicePrimaryCtxRelease_v2(int device) { return handles--, device; }
int cuCtxSetCurrent(void *context) { return current = context, 0; }
int cuStreamCreate(void **stream, unsigned flags) {
  NEEDS_CONTEXT;
  return *stream = &queue, handles++, flags != 1;
}
int cuStreamDestroy_v2(void *stream) {
  NEEDS_CONTEXT;
  return handles--, stream != &queue;
}
int cuStreamSynchronize(void *stream) {
  NEEDS_CONTEXT;
  if (recording) return CAPTURED;
  run(&queue);
  clear(&queue);
  return stream != &queue;
}
int cuMemGetInfo_v2(size_t *left, size_t *total) {
  NEEDS_CONTEXT;
  return *left = 256u << 20, *total = 1u << 30, 0;
}
int cuMemAlloc_v2(uint64_t *address, size_t bytes) {
  NEEDS_CONTEXT;
  if (bytes > 256u << 20) return NO_MEMORY;
  // What was there before is not zero.
  void *memory = aligned_alloc(512, (bytes + 511) / 512 * 512);
  memset(memory, 0x7f, bytes);
  return *address = (uint64_t)memory, handles++, 0;
}
int cuMemFree_v2(uint64_t address) {
  NEEDS_CONTEXT;
  return free((void *)address), handles--, 0;
}
int cuMemHostAlloc(void **memory, size_t bytes, unsigned flags) {
  NEEDS_CONTEXT;
  return *memory = malloc(bytes), handles++, (int)flags;
}
int cuMemFreeHost(void *memory) { return free(memory), handles--, 0; }
int cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, void *stream) {
  return add((Work){.kind = WRITE, .to = (char *)to, .from = from, .bytes = bytes});
}
int cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, void *stream) {
  return add((Work){.kind = READ, .to = to, .from = (char *)from, .bytes = bytes});
}
int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void *stream) {
  return add((Work){.kind = COPY, .to = (char *)to, .from = (char *)from, .bytes = bytes});
}
int cuMemsetD8Async(uint64_t to, unsigned char value, size_t bytes, void *stream) {
  return value ? INVALID_VALUE : add((Work){.kind = CLEAR, .to = (char *)to, .bytes = bytes});
}
int cuModuleLoadData(void **module, const void *image) {
  NEEDS_CONTEXT;
  if (memcmp(image, "code of ", 8)) return 200;
  return *module = &functions, handles++, 0;
}
int cuModuleUnload(void *module) { return handles--, module != &functions; }
int cuModuleGetFunction(void **function, void *module, const char *name) {
  for (int i = 0; i < 2; i++)
    if (!strcmp(name, functions[i].name)) return *function = &functions[i], 0;
  return NOT_FOUND;
}
int cuFuncGetAttribute(int *value, int attribute, void *function) {
  return *value = 1024, attribute != 1;
}
int cuFuncSetAttribute(Function *function, int attribute, int value) {
  return function->shared = value, attribute != 8;
}
int cuFuncGetParamInfo(void *function, size_t index, size_t *offset, size_t *size) {
  if (index > 2) return INVALID_VALUE;
  return *offset = 8 * index, *size = 8, 0;
}
int cuLaunchKernel(Function *function, unsigned x, unsigned y, unsigned z, unsigned threads,
                   unsigned ty, unsigned tz, unsigned shared, void *stream, void **parameters,
                   void **extra) {
  if (!x || !y || !z || threads % 32 || ty != 1 || tz != 1 || extra) return INVALID_VALUE;
  if ((int)shared > (function->shared ? function->shared : 47 << 10)) return INVALID_VALUE;
  launched++;
  uint64_t values[3];
  for (int i = 0; i < 3; i++) values[i] = *(uint64_t *)parameters[i];
  return add((Work){.kind = LAUNCH, .to = (char *)values[0], .from = (char *)values[1],
                    .bytes = values[2]});
}
int cuStreamBeginCapture_v2(void *stream, int mode) {
  NEEDS_CONTEXT;
  if (recording || mode != 2) return INVALID_VALUE;
  return recording = 1, clear(&graph), 0;
}
int cuStreamEndCapture(void *stream, List **made) {
  if (!recording) return INVALID_VALUE;
  recording = 0;
  *made = malloc(sizeof(List));
  **made = graph;
  memset(&graph, 0, sizeof graph);
  return handles++, 0;
}
static int destroy(List *list) {
  NEEDS_CONTEXT;
  return clear(list), free(list), handles--, 0;
}
int cuGraphDestroy(List *made) { return destroy(made); }
int cuGraphExecDestroy(List *made) { return destroy(made); }
int cuGraphInstantiateWithFlags(List **ready, const List *made, unsigned long long flags) {
  NEEDS_CONTEXT;
  *ready = calloc(1, sizeof(List));
  for (size_t i = 0; i < made->count; i++) put(*ready, made->work[i]);
  return handles++, (int)flags;
}
int cuGraphLaunch(const List *ready, void *stream) {
  NEEDS_CONTEXT;
  for (size_t i = 0; i < ready->count; i++) put(&queue, ready->work[i]);
  return replayed++, 0;
}
int cuGetErrorName(int error, const char **text) {
  return *text = error == NOT_FOUND ? "CUDA_ERROR_NOT_FOUND" : "CUDA_ERROR_OTHER", 0;
}
int cuGetErrorString(int error, const char **text) {
  return *text = error == NOT_FOUND ? "named symbol not found" : "another error", 0;
}

// ---- the compiler ----

int nvrtcVersion(int *major, int *minor) { return *major = 13, *minor = 0, 0; }
int nvrtcCreateProgram(void **program, const char *text, const char *name, int count,
                       const char *const *headers, const char *const *names) {
  char *code = malloc(100);
  strcpy(code, "code of ");
  strncat(code, name, 80);
  int known = 0;
  for (int i = 0; i < count; i++) known += !strcmp(names[i], "common.cuh");
  return *program = code, handles++, known != 1;
}
int nvrtcCompileProgram(void *program, int count, const char *const *options) {
  return count != 2 || strcmp(options[0], "--gpu-architecture=sm_90a");
}
int nvrtcDestroyProgram(void **program) { return free(*program), handles--, 0; }
int nvrtcGetProgramLogSize(void *program, size_t *size) { return *size = 1, 0; }
int nvrtcGetProgramLog(void *program, char *log) { return *log = 0; }
int nvrtcGetCUBINSize(const char *program, size_t *size) { return *size = strlen(program), 0; }
int nvrtcGetCUBIN(const char *program, char *code) {
  return memcpy(code, program, strlen(program)), 0;
}
const char *nvrtcGetErrorString(int error) { return "an error"; }

// ---- products ----

size_t cublasLtGetVersion(void) { return 130002; }
int cublasLtCreate(void **handle) { return *handle = &handles, handles++, 0; }
int cublasLtDestroy(void *handle) { return handles--, handle != &handles; }
int cublasLtMatmulDescCreate(About **made, int compute, int scale) {
  return *made = calloc(1, sizeof(About)), handles++, compute != 68 || scale != 0;
}
int cublasLtMatmulDescSetAttribute(About *about, int which, const int *value, size_t bytes) {
  if (bytes != 4 || which < 3 || which > 4) return 7;
  return about->transposed[which - 3] = *value, 0;
}
int cublasLtMatmulDescDestroy(About *about) { return free(about), handles--, 0; }
int cublasLtMatrixLayoutCreate(Layout **made, int type, uint64_t rows, uint64_t columns,
                               int64_t ld) {
  *made = malloc(sizeof(Layout));
  **made = (Layout){type, rows, columns, ld};
  return handles++, 0;
}
int cublasLtMatrixLayoutDestroy(Layout *layout) { return free(layout), handles--, 0; }
int cublasLtMatmulPreferenceCreate(void **made) { return *made = malloc(1), handles++, 0; }
int cublasLtMatmulPreferenceSetAttribute(void *made, int which, const void *value, size_t bytes) {
  return bytes == (which == 1 ? 8 : 4) ? 0 : 7;
}
int cublasLtMatmulPreferenceDestroy(void *made) { return free(made), handles--, 0; }
int cublasLtMatmulAlgoGetHeuristic(void *handle, void *about, void *a, void *b, void *c, void *d,
                                   void *preference, int asked, void *found, int *count) {
  // 8 words of the algorithm, the workspace's size, a status, a number of waves, 4 numbers.
  memset(found, 0, 96);
  memset(found, 0x5a, 64);
  return *count = 1, asked != 1;
}
int cublasLtMatmul(void *handle, const About *about, const float *alpha, const void *a,
                   const Layout *la, const void *b, const Layout *lb, const float *beta,
                   const void *c, const Layout *lc, void *d, const Layout *ld,
                   const unsigned char *algorithm, void *workspace, size_t bytes, void *stream) {
  if (*alpha != 1 || c != d || lc != ld || algorithm[63] != 0x5a || stream != &queue) return 7;
  if ((uint64_t)workspace % 256 || bytes != 32 << 20) return 7;
  return add((Work){.kind = PRODUCT, .to = d, .from = a, .other = b, .about = *about,
                    .layouts = {*la, *lb, *ld}, .beta = *beta});
}
