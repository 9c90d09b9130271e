/* nvml.c: discrete NVIDIA GPUs through NVML, loaded by a process of its own (foreign.c): an energy
 * counter in millijoules (Volta and later), and power, the instant value where the driver offers
 * it. Facts: NVIDIA's NVML reference; what its power sensors see: arXiv 2312.02741. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/iface/sensor.h"
#include "power/files.h"
#include "power/foreign.h"
#include "power/rows.h"

enum { MAX_GPUS = 16, POLL_NS = 50000000, NO_PERMISSION = 4, FIELD_INSTANT = 186 };
enum { ARCH_KEPLER = 2, ARCH_AMPERE = 7 };

/* --- the library's own types -------------------------------------------------------------------
 */

typedef struct nvml_device *device;

typedef struct field_value {
    unsigned field, scope;
    long long timestamp_us, latency_us;
    int type; /* 1 unsigned */
    int result;
    union {
        double as_double;
        unsigned as_unsigned;
        unsigned long long as_long;
    } value;
} field_value;

typedef struct pci_info {
    char bus_legacy[16];
    unsigned domain, bus, slot, device_id, subsystem_id;
    char bus_id[32];
} pci_info;

/* What is asked of it; functions below `optional` may be missing in old drivers. */
typedef struct nvml {
    int (*init)(void);
    int (*count)(unsigned *ret);
    int (*by_index)(unsigned index, device *ret);
    int (*pci)(device gpu, pci_info *ret);
    int (*name)(device gpu, char *ret, unsigned cap);
    int (*power)(device gpu, unsigned *ret_mw);
    const char *(*words)(int result);
    int (*energy)(device gpu, unsigned long long *ret_mj); /* optional from here on */
    int (*fields)(device gpu, int n, field_value *values);
    int (*arch)(device gpu, unsigned *ret);
    int (*driver)(char *ret, unsigned cap);
} nvml;

static const struct {
    const char *symbol;
    bool optional;
} symbols[] = {
    {"nvmlInit_v2", false},
    {"nvmlDeviceGetCount_v2", false},
    {"nvmlDeviceGetHandleByIndex_v2", false},
    {"nvmlDeviceGetPciInfo_v3", false},
    {"nvmlDeviceGetName", false},
    {"nvmlDeviceGetPowerUsage", false},
    {"nvmlErrorString", false},
    {"nvmlDeviceGetTotalEnergyConsumption", true},
    {"nvmlDeviceGetFieldValues", true},
    {"nvmlDeviceGetArchitecture", true},
    {"nvmlSystemGetDriverVersion", true},
};

_Static_assert(sizeof(nvml) == sizeof symbols / sizeof symbols[0] * sizeof(void *),
               "one symbol a function");

static rg_status load(void *library, nvml *ret, rg_err *err) {
    void *found[sizeof symbols / sizeof symbols[0]];
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        found[i] = dlsym(library, symbols[i].symbol);
        if (!found[i] && !symbols[i].optional)
            return rg_fail(err, RG_UNSUPPORTED, "update the NVIDIA driver", "NVML has no %s",
                           symbols[i].symbol);
    }
    memcpy(ret, found, sizeof *ret);
    int result = ret->init();
    if (result == NO_PERMISSION)
        return rg_fail(err, RG_DENIED, "sudo usermod -aG video,render $USER, then log in again",
                       "NVML does not start: %s", ret->words(result));
    if (result)
        return rg_fail(err, RG_ABSENT,
                       "nvidia-smi must work first: load the driver (sudo modprobe nvidia)",
                       "NVML does not start: %s", ret->words(result));
    return RG_OK;
}

/* --- listing -----------------------------------------------------------------------------------
 */

static bool instant_mw(const nvml *lib, device gpu, double *ret_mw) {
    field_value value = {.field = FIELD_INSTANT};
    if (!lib->fields || lib->fields(gpu, 1, &value) || value.result || value.type != 1)
        return false;
    *ret_mw = value.value.as_unsigned;
    return true;
}

/* What is known of how its sensor looks; A30 and A100 are GA100, the only Ampere without the mean
 * over a second. */
static void say_facts(const nvml *lib, device gpu, bool counter, rg_rail *rail) {
    char name[96] = "", driver[80] = "";
    unsigned arch = 0;
    double mw;
    lib->name(gpu, name, sizeof name);
    if (lib->driver)
        lib->driver(driver, sizeof driver);
    if (lib->arch)
        lib->arch(gpu, &arch);
    bool ga100 = strstr(name, "A100") || strstr(name, "A30");
    bool instant = instant_mw(lib, gpu, &mw);
    rg_rail_add_fact(rail, "%.60s driver=%.40s", name, driver);
    if (!counter && instant)
        rg_rail_add_fact(rail, "; instant value");
    if (!counter && !instant && arch >= ARCH_AMPERE && !ga100) {
        rg_rail_add_fact(rail, "; mean over 1 s");
        rail->kind = RG_POWER_BLOCK;
        rail->lag_s = 0.5;
    }
    if (strstr(name, "A100") || strstr(name, "H100"))
        rg_rail_add_fact(rail, "; its sensor looks 25 %% of the time: repeat with shifted phase");
    if (arch == ARCH_KEPLER)
        rail->limits.gain = 0.05;
}

static rg_rail *add_rail(const nvml *lib, unsigned index, const char *what, rg_rail_list *rails) {
    device gpu;
    pci_info pci;
    if (rails->n == RG_MAX_RAILS || lib->by_index(index, &gpu) || lib->pci(gpu, &pci))
        return NULL;
    rg_rail *rail = &rails->items[rails->n++];
    *rail = (rg_rail){.sensor = "nvml",
                      .scope = RG_SCOPE_GPU,
                      .refresh_s = 0.1,
                      .limits = {.gain = -1, .offset_mw = 0, .lsb_mw = 1, .lsb_uj = 1000}};
    snprintf(rail->id, sizeof rail->id, "nvml:%.31s:%s", pci.bus_id, what);
    snprintf(rail->label, sizeof rail->label, "gpu%u-%s", index, what);
    snprintf(rail->twin, sizeof rail->twin, "nvml:%.31s", pci.bus_id);
    snprintf(rail->transport, sizeof rail->transport, "%u %s", index, what);
    rail->kind = strcmp(what, "energy") ? RG_POWER_INSTANT : RG_POWER_COUNTER;
    say_facts(lib, gpu, rail->kind == RG_POWER_COUNTER, rail);
    return rail;
}

/* The counter first: of twins the first one counts. */
static void add_gpu(const nvml *lib, unsigned index, rg_rail_role role, rg_rail_list *rails) {
    device gpu;
    unsigned mw;
    unsigned long long mj;
    if (lib->by_index(index, &gpu))
        return;
    rg_rail *counter =
        lib->energy && !lib->energy(gpu, &mj) ? add_rail(lib, index, "energy", rails) : NULL;
    rg_rail *power = !lib->power(gpu, &mw) ? add_rail(lib, index, "power", rails) : NULL;
    if (counter)
        counter->role = role;
    if (power)
        power->role = role;
}

static rg_status list(void *library, const char *options, rg_rail_list *ret_rails, rg_err *err) {
    nvml lib;
    unsigned n = 0;
    (void)options;
    rg_status status = load(library, &lib, err);
    if (status != RG_OK)
        return status;
    lib.count(&n);
    for (unsigned i = 0; i < n && i < MAX_GPUS; i++)
        add_gpu(&lib, i, n == 1 ? RG_ROLE_TOTAL : RG_ROLE_COMPONENT, ret_rails);
    if (ret_rails->n == 0)
        return rg_fail(err, RG_ABSENT, "measure the board with an external meter",
                       n ? "no GPU here tells its power" : "NVML finds no GPU");
    return RG_OK;
}

/* --- measuring ---------------------------------------------------------------------------------
 */

typedef struct channel {
    const nvml *lib;
    device gpu;
    bool counter;
} channel;

static void read_channel(const void *opened, rg_power_row *row) {
    const channel *c = opened;
    unsigned long long mj;
    unsigned mw;
    if (c->counter && !c->lib->energy(c->gpu, &mj))
        row->energy_uj = (double)mj * 1e3;
    else if (!c->counter && instant_mw(c->lib, c->gpu, &row->power_mw))
        return;
    else if (!c->counter && !c->lib->power(c->gpu, &mw))
        row->power_mw = mw;
    else
        row->flags = RG_ROW_BAD;
}

static rg_status serve(void *library, const rg_rail *rails, size_t n, rg_err *err) {
    nvml lib;
    channel channels[RG_MAX_RAILS];
    rg_power_row rows[RG_MAX_RAILS];
    rg_status status = load(library, &lib, err);
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        unsigned index;
        char what[16];
        if (sscanf(rails[i].transport, "%u %15s", &index, what) != 2 ||
            lib.by_index(index, &channels[i].gpu))
            return rg_fail(err, RG_ABSENT, "see `railgauge list rails`", "cannot open rail %s",
                           rails[i].id);
        channels[i].lib = &lib;
        channels[i].counter = !strcmp(what, "energy");
    }
    while (status == RG_OK) {
        for (size_t i = 0; i < n; i++) {
            rows[i].rail = (uint32_t)i;
            rg_row_stamp(&rows[i], read_channel, &channels[i]);
        }
        if (!rg_foreign_tell(rows, n))
            break;
        nanosleep(&(struct timespec){0, POLL_NS}, NULL);
    }
    return status;
}

/* --- the sensor --------------------------------------------------------------------------------
 */

static const rg_foreign foreign = {
    .library = "libnvidia-ml.so.1",
    .advice = "install the NVIDIA driver (it brings libnvidia-ml.so.1)",
    .list = list,
    .serve = serve,
};

/* On Jetson the library is there and starts, but knows no power. */
static bool is_jetson(rg_root *root) {
    char words[512];
    size_t n = rg_root_read_bytes(root, "/proc/device-tree/compatible", words, sizeof words);
    for (size_t at = 0; at < n; at += strlen(words + at) + 1) {
        if (!strncmp(words + at, "nvidia,tegra", 12))
            return true;
    }
    return false;
}

static rg_status probe(rg_root *root, const char *options, rg_rail_list *ret_rails, rg_err *err) {
    if (is_jetson(root))
        return rg_fail(err, RG_ABSENT,
                       "use the board's own monitors: --rail hwmon, or iio on JetPack 4",
                       "NVML tells no power on Jetson");
    if (!rg_root_is_live(root))
        return rg_fail(err, RG_ABSENT, "run railgauge there, without --root",
                       "NVML tells of the machine itself only");
    return rg_foreign_probe(&foreign, options, ret_rails, err);
}

static rg_status open_gauge(rg_root *root, const rg_rail *rails, size_t n, rg_gauge **ret_gauge,
                            rg_err *err) {
    (void)root;
    return rg_foreign_open(&foreign, rails, n, ret_gauge, err);
}

const rg_sensor rg_sensor_nvml = {
    .name = "nvml",
    .summary = "discrete NVIDIA GPUs: energy counter and power, through NVML",
    .probe = probe,
    .open = open_gauge,
    .drain = rg_foreign_drain,
    .close = rg_foreign_close,
    .trouble = rg_foreign_trouble,
};
