// A libcuda.so.1 for tests: signatures of cuda.h (CUDA 13.0), memory of the host, and a log of the
// arguments that arrived. FAKE_* of the test choose what it answers.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long CUdeviceptr;
typedef void *handle;

static char log_text[1 << 16];
static int init_status = 0, version = 13010, major = 9, minor = 0, alloc_status = 0;

#define LOG(...)                                                                       \
  do {                                                                                 \
    size_t used = strlen(log_text);                                                    \
    snprintf(log_text + used, sizeof log_text - used, __VA_ARGS__);                    \
  } while (0)

const char *recorded(void) { return log_text; }
void forget(void) { log_text[0] = 0; }
void answer(int init, int driver, int cc_major, int cc_minor, int alloc) {
  init_status = init, version = driver, major = cc_major, minor = cc_minor, alloc_status = alloc;
}

int cuInit(unsigned flags) { return flags == 0 ? init_status : 1; }
int cuDriverGetVersion(int *out) { *out = version; return 0; }
int cuGetErrorName(int status, const char **name) {
  *name = status == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_UNKNOWN";
  return status == 77 ? 1 : 0;
}
int cuDeviceGet(int *device, int ordinal) { *device = 40 + ordinal; return 0; }
int cuDeviceGetName(char *name, int length, int device) {
  snprintf(name, length, "Recording GPU %d", device);
  return 0;
}
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  *value = attribute == 75 ? major : attribute == 76 ? minor : -1;
  return device == 40 ? 0 : 1;
}
int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = 80ull << 30; return device == 40 ? 0 : 1; }
int cuDevicePrimaryCtxRetain(handle *context, int device) { *context = (handle)0xc0; LOG("retain %d\n", device); return 0; }
int cuDevicePrimaryCtxRelease_v2(int device) { LOG("release %d\n", device); return 0; }
int cuCtxSetCurrent(handle context) { LOG("current %lx\n", (long)context); return 0; }
int cuMemGetInfo_v2(size_t *left, size_t *total) { *left = 5ull << 33, *total = 80ull << 30; return 0; }
int cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  *address = (CUdeviceptr)malloc(bytes);
  return alloc_status;
}
int cuMemFree_v2(CUdeviceptr address) { free((void *)address); LOG("free\n"); return 0; }
int cuMemHostAlloc(void **address, size_t bytes, unsigned flags) { *address = malloc(bytes); return flags; }
int cuMemFreeHost(void *address) { free(address); LOG("free host\n"); return 0; }
int cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, handle stream) {
  memcpy((void *)to, from, bytes);
  LOG("up %zu %lx\n", bytes, (long)stream);
  return 0;
}
int cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, handle stream) {
  memcpy(to, (void *)from, bytes);
  LOG("down %zu %lx\n", bytes, (long)stream);
  return 0;
}

struct side {
  size_t x, y, z, lod;
  int type;
  const void *host;
  CUdeviceptr device;
  void *array, *reserved;
  size_t pitch, height;
};
struct copy {
  struct side from, to;
  size_t width, height, depth;
};
int cuMemcpy3DAsync_v2(const struct copy *c, handle stream) {
  if (c->from.type != 2 || c->to.type != 2 || c->from.x || c->from.host || c->to.array) return 1;
  for (size_t z = 0; z < c->depth; z++)
    for (size_t y = 0; y < c->height; y++)
      memcpy((char *)c->to.device + (z * c->to.height + y) * c->to.pitch,
             (char *)c->from.device + (z * c->from.height + y) * c->from.pitch, c->width);
  LOG("copy %zu %zu %zu %lx\n", c->width, c->height, c->depth, (long)stream);
  return 0;
}
int cuStreamCreate(handle *stream, unsigned flags) { *stream = (handle)0x57; LOG("stream %u\n", flags); return 0; }
int cuStreamDestroy_v2(handle stream) { LOG("end %lx\n", (long)stream); return 0; }
int cuStreamSynchronize(handle stream) { LOG("wait %lx\n", (long)stream); return 0; }
int cuStreamBeginCapture_v2(handle stream, int mode) { LOG("record %lx %d\n", (long)stream, mode); return 0; }
int cuStreamEndCapture(handle stream, handle *graph) { *graph = (handle)0x61; LOG("recorded %lx\n", (long)stream); return 0; }
int cuGraphInstantiateWithFlags(handle *exec, handle graph, unsigned long long flags) {
  *exec = (handle)0xe1;
  LOG("instantiate %lx %llu\n", (long)graph, flags);
  return 0;
}
int cuGraphLaunch(handle exec, handle stream) { LOG("launch %lx %lx\n", (long)exec, (long)stream); return 0; }
int cuGraphDestroy(handle graph) { LOG("drop %lx\n", (long)graph); return 0; }
int cuGraphExecDestroy(handle exec) { LOG("drop exec %lx\n", (long)exec); return 0; }
