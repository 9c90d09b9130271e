/* nvml_library.c: double of NVIDIA's libnvidia-ml.so.1, as far as power/nvml.c asks: one GPU at 50
 * W. NVML_DOUBLE tells what it is like: "crash" or "hang" after 20 readings, "noisy", "nodriver",
 * "denied", "old" (no instant value), "two" (GPUs), "none", "dumb" (no power). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct field_value {
    unsigned field, scope;
    long long timestamp_us, latency_us;
    int type, result;
    union {
        unsigned number;
        unsigned long long filler;
    } value;
} field_value;

typedef struct pci_info {
    char bus_legacy[16];
    unsigned domain, bus, slot, device_id, subsystem_id;
    char bus_id[32];
} pci_info;

int nvmlInit_v2(void);
int nvmlDeviceGetCount_v2(unsigned *ret);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **ret);
int nvmlDeviceGetPciInfo_v3(void *gpu, pci_info *ret);
int nvmlDeviceGetName(void *gpu, char *ret, unsigned cap);
int nvmlDeviceGetPowerUsage(void *gpu, unsigned *ret_mw);
const char *nvmlErrorString(int result);
int nvmlDeviceGetTotalEnergyConsumption(void *gpu, unsigned long long *ret_mj);
int nvmlDeviceGetFieldValues(void *gpu, int n, field_value *values);
int nvmlDeviceGetArchitecture(void *gpu, unsigned *ret);
int nvmlSystemGetDriverVersion(char *ret, unsigned cap);

enum { MILLIWATTS = 50000, NOT_SUPPORTED = 3, DENIED = 4, NO_DRIVER = 9, HOPPER = 9 };

static int begun, readings;
static char gpus[2];

static int like(const char *word) {
    const char *told = getenv("NVML_DOUBLE");
    return told && !strcmp(told, word);
}

static void misbehave(void) {
    readings++;
    if (like("noisy"))
        printf("reading %d\n", readings), fflush(stdout);
    if (readings > 20 && like("crash"))
        abort();
    while (readings > 20 && like("hang"))
        pause();
}

int nvmlInit_v2(void) {
    begun = 1;
    return like("nodriver") ? NO_DRIVER : like("denied") ? DENIED : 0;
}

int nvmlDeviceGetCount_v2(unsigned *ret) {
    *ret = like("two") ? 2 : like("none") ? 0 : 1;
    return begun ? 0 : 1;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **ret) {
    *ret = &gpus[index];
    return begun && index < 2 ? 0 : 1;
}

int nvmlDeviceGetPciInfo_v3(void *gpu, pci_info *ret) {
    memset(ret, 0, sizeof *ret);
    snprintf(ret->bus_id, sizeof ret->bus_id, "00000000:0%d:00.0", (int)((char *)gpu - gpus) + 1);
    return 0;
}

int nvmlDeviceGetName(void *gpu, char *ret, unsigned cap) {
    (void)gpu;
    snprintf(ret, cap, "NVIDIA H100 double");
    return 0;
}

int nvmlDeviceGetPowerUsage(void *gpu, unsigned *ret_mw) {
    (void)gpu;
    misbehave();
    *ret_mw = MILLIWATTS;
    return like("dumb") ? NOT_SUPPORTED : 0;
}

const char *nvmlErrorString(int result) {
    return result == NO_DRIVER ? "Driver Not Loaded" : "Insufficient Permissions";
}

/* In steps of 100 ms, as the real one. */
int nvmlDeviceGetTotalEnergyConsumption(void *gpu, unsigned long long *ret_mj) {
    struct timespec t;
    (void)gpu;
    misbehave();
    clock_gettime(CLOCK_MONOTONIC, &t);
    unsigned long long tenths = (unsigned long long)t.tv_sec * 10 + (unsigned)t.tv_nsec / 100000000;
    *ret_mj = tenths * (MILLIWATTS / 10);
    return like("dumb") ? NOT_SUPPORTED : 0;
}

int nvmlDeviceGetFieldValues(void *gpu, int n, field_value *values) {
    (void)gpu;
    misbehave();
    if (n != 1 || values->field != 186 || like("old") || like("dumb"))
        return NOT_SUPPORTED;
    values->type = 1;
    values->result = 0;
    values->value.number = MILLIWATTS;
    return 0;
}

int nvmlDeviceGetArchitecture(void *gpu, unsigned *ret) {
    (void)gpu;
    *ret = HOPPER;
    return 0;
}

int nvmlSystemGetDriverVersion(char *ret, unsigned cap) {
    snprintf(ret, cap, "550.54.15");
    return 0;
}
