/* CUDA's driver, as far as anybody asks it here: two devices, unless none is shown. */

#include <stdlib.h>
#include <unistd.h>

enum { NOT_INITIALIZED = 3, NO_DEVICE = 100, DEVICES = 2 };

static pid_t initialised_in;
static int held[DEVICES];

/* As the real one does, it says so too in a process forked from one in which it was initialised. */
static int is_not_ready(void) { return initialised_in != getpid() ? NOT_INITIALIZED : 0; }

int cuInit(unsigned flags) {
    const char *shown = getenv("CUDA_VISIBLE_DEVICES");
    if (shown && !*shown)
        return NO_DEVICE;
    if (initialised_in)
        return is_not_ready();
    initialised_in = getpid();
    return 0;
}

int cuDeviceGetCount(int *count) {
    *count = DEVICES;
    return is_not_ready();
}

int cuDeviceGet(int *device, int ordinal) {
    *device = ordinal;
    return is_not_ready();
}

int cuDevicePrimaryCtxRetain(void **context, int device) {
    *context = 0;
    held[device] = 1;
    return is_not_ready();
}

int cuDevicePrimaryCtxGetState(int device, unsigned *flags, int *active) {
    *flags = 0;
    *active = held[device];
    return is_not_ready();
}
