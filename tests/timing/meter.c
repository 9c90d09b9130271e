/* meter.c: what metering costs the workload: a fixed piece of work again and again, by turns with a
 * meter that reads a rail each millisecond and without. Prints TAP; fails where the 95th percentile
 * moves by more than 1 %, which is what the design allows a sampler, or where the meter's thread
 * takes more than 5 % of its core. On a busy machine blocks are unlike each other: the median of
 * pairs counts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/core/clock.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/result/stats.h"
#include "bench/run/cores.h"
#include "bench/run/meter.h"

enum { PAIRS = 15, RUNS = 400, WORK = 60000 };

/* About 0.1 ms of multiplications. */
static uint64_t work(uint64_t seed) {
    for (int i = 0; i < WORK; i++)
        seed = seed * 6364136223846793005u + 1442695040888963407u;
    return seed;
}

typedef struct block {
    double p50_ns, p95_ns;
} block;

static block measure(uint64_t *sink) {
    static double ns[RUNS];
    for (int i = 0; i < RUNS; i++) {
        int64_t start = rg_clock_real_ns();
        *sink = work(*sink);
        ns[i] = (double)(rg_clock_real_ns() - start);
    }
    rg_sort_reals(ns, RUNS);
    return (block){rg_quantile(ns, RUNS, 0.5), rg_quantile(ns, RUNS, 0.95)};
}

/* A machine of one power file that says it is new each millisecond. */
static bool make_tree(const char *path) {
    static const char *const files[][2] = {
        {"name", "ina226\n"},          {"in1_input", "12000\n"},   {"curr1_input", "500\n"},
        {"power1_input", "6000000\n"}, {"update_interval", "1\n"}, {"shunt_resistor", "5000\n"}};
    char name[256];
    snprintf(name, sizeof name, "%s/sys/class/hwmon/hwmon0", path);
    bool ok = rg_fs_mkdirs(name, NULL) == RG_OK;
    for (size_t i = 0; ok && i < sizeof files / sizeof files[0]; i++) {
        snprintf(name, sizeof name, "%s/sys/class/hwmon/hwmon0/%s", path, files[i][0]);
        ok = rg_fs_write_atomic(name, files[i][1], strlen(files[i][1]), NULL) == RG_OK;
    }
    return ok;
}

static rg_status open_meter(const char *tree, const char *cores, rg_meter **ret, rg_err *err) {
    rg_root *root = NULL;
    rg_rail_list *rails = calloc(1, sizeof *rails);
    rg_status status = rails ? rg_root_open(tree, &root, err) : RG_NO_MEMORY;
    if (status == RG_OK)
        status = rg_rails_find(root, NULL, false, rails, err);
    if (status == RG_OK)
        status = rg_meter_open(root, rails, cores, ret, err);
    if (status == RG_OK)
        rg_meter_hurry(*ret);
    rg_root_close(root);
    free(rails);
    return status;
}

typedef struct cost {
    double p50, p95, cpu_share, read_ns, reads_per_s;
} cost;

static bool compare(const char *tree, const char *cores, cost *ret, rg_err *err) {
    double p50[PAIRS], p95[PAIRS], cpu[PAIRS], read[PAIRS], rate[PAIRS];
    uint64_t sink = 1;
    measure(&sink);
    for (int i = 0; i < PAIRS; i++) {
        rg_meter *meter = NULL;
        block off = measure(&sink);
        int64_t start = rg_clock_real_ns();
        if (open_meter(tree, cores, &meter, err) != RG_OK || rg_meter_start(meter, err) != RG_OK)
            return false;
        block on = measure(&sink);
        rg_meter_stop(meter);
        json_t *facts = rg_meter_cost(meter);
        p50[i] = on.p50_ns / off.p50_ns - 1;
        p95[i] = on.p95_ns / off.p95_ns - 1;
        cpu[i] = rg_json_get_real(facts, "cpu_share", 1);
        read[i] = rg_json_get_real(facts, "read_cost_ns", 0);
        rate[i] =
            (double)rg_json_get_int(facts, "reads", 0) * 1e9 / (double)(rg_clock_real_ns() - start);
        json_decref(facts);
        rg_meter_close(meter);
    }
    double *all[] = {p50, p95, cpu, read, rate};
    for (int i = 0; i < 5; i++) {
        rg_sort_reals(all[i], PAIRS);
        ((double *)ret)[i] = rg_quantile(all[i], PAIRS, 0.5);
    }
    return sink != 0;
}

int main(void) {
    char tree[] = "/tmp/railgauge-meter-XXXXXX", cores[16] = "";
    rg_err err = RG_ERR_INIT;
    cost c = {0};
    const rg_cpus *cpus = rg_cpus_here();
    if (cpus->n && rg_cpu_pin(cpus->id[0]))
        snprintf(cores, sizeof cores, "%u", cpus->id[0]);
    bool ok = mkdtemp(tree) && make_tree(tree) && compare(tree, cores, &c, &err);
    rg_fs_remove_tree(tree, NULL);
    if (!ok) {
        printf("Bail out! %s\n", err.what);
        return 1;
    }
    printf("1..2\n# %.0f reads a second, %.1f us each, %.2f %% of the meter's core; workload p50 "
           "%+.3f %%, p95 %+.3f %%\n",
           c.reads_per_s, c.read_ns / 1e3, 100 * c.cpu_share, 100 * c.p50, 100 * c.p95);
    bool calm = c.p95 < 0.01, cheap = c.cpu_share < 0.05;
    printf("%sok 1 - p95 of the workload moves by less than 1 %%\n", calm ? "" : "not ");
    printf("%sok 2 - reading takes less than 5 %% of a core\n", cheap ? "" : "not ");
    return calm && cheap ? 0 : 1;
}
