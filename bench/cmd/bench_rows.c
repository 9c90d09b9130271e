/* bench_rows.c: what follows from a timing, and its JSON; bench_table.c prints it for people. */
#include "bench/cmd/bench_rows.h"

#include <math.h>

#include "bench/core/json.h"

/* Highest peak among levels that the kernel's own includes. */
static double peak_for(const rg_bench_row *row) {
    const rg_kernel *kernel = row->lane->kernel;
    const rg_isa *own = rg_isa_find(kernel ? kernel->isa : "scalar");
    const rg_op *op = row->made->op; /* float inputs of hybrid operators are multiplied as int8 */
    bool is_float =
        op->in == RG_DTYPE_FLOAT32 && op->weights != RG_DTYPE_INT8 && op->weights != RG_DTYPE_INT4;
    double best = NAN;
    for (const rg_isa *isa = rg_isas; isa->name; isa++) {
        double peak = rg_isa_runs(isa, own->features)
                          ? rg_ceilings_best(row->ceilings, is_float ? RG_PEAK_FP32 : RG_PEAK_INT8,
                                             isa->name, row->lane->threads, -1)
                          : NAN;
        if (!(peak <= best) && !isnan(peak))
            best = peak;
    }
    return best;
}

static double bandwidth(const rg_bench_row *row, rg_peak_kind kind, int level) {
    double rate = NAN;
    for (; level < RG_MEMORY_LEVELS && isnan(rate); level++)
        rate = rg_ceilings_best(row->ceilings, kind, NULL, row->lane->threads, level);
    return rate;
}

/* Reading and writing may overlap, and both with arithmetic: the longest of the three is the bound.
 * Threads divide what they touch. Arithmetic without a measured peak (plain C, int16) has none. */
static void find_bound(const rg_bench_row *row, rg_bench_figures *f) {
    const rg_work *work = &row->made->work;
    int level = rg_memory_level_for(row->ceilings,
                                    (work->bytes_read + work->bytes_written) / row->lane->threads);
    double compute = work->macs ? 2 * (double)work->macs / peak_for(row) * 1e9 : 0;
    if (isnan(compute))
        return;
    double read = (double)work->bytes_read / bandwidth(row, RG_PEAK_READ, level) * 1e9;
    double written = (double)work->bytes_written / bandwidth(row, RG_PEAK_WRITE, level) * 1e9;
    double memory = fmax(read, written);
    f->of_peak = work->macs ? compute / row->lane->median_ns : NAN;
    f->bound = compute > memory ? "compute" : rg_memory_level_word(level);
    f->bound_ns = fmax(compute, memory);
    f->of_bound = f->bound_ns / row->lane->median_ns;
}

rg_bench_figures rg_bench_work_out(const rg_bench_row *row) {
    const rg_work *work = &row->made->work;
    double seconds = row->lane->median_ns * 1e-9;
    rg_bench_figures f = {NAN, NAN, NAN, NAN, "", NAN, NAN};
    if (row->lane->status != RG_OK || !row->lane->samples)
        return f;
    if (work->macs)
        f.ops_per_s = 2 * (double)work->macs / seconds;
    f.bytes_per_s = (double)(work->bytes_read + work->bytes_written) / seconds;
    f.speedup = row->reference_ns / row->lane->median_ns;
    if (row->ceilings)
        find_bound(row, &f);
    return f;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *real(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static void put_figures(json_t *to, const rg_bench_row *row) {
    rg_bench_figures f = rg_bench_work_out(row);
    const rg_kernel_lane *lane = row->lane;
    bool timed = lane->samples > 0;
    json_object_set_new(to, "median_ns", real(timed ? lane->median_ns : NAN));
    json_object_set_new(to, "min_ns", real(timed ? lane->min_ns : NAN));
    json_object_set_new(to, "p95_ns", real(timed ? lane->p95_ns : NAN));
    json_object_set_new(to, "ops_per_s", real(f.ops_per_s));
    json_object_set_new(to, "bytes_per_s", real(f.bytes_per_s));
    json_object_set_new(to, "share_of_peak", real(f.of_peak));
    json_object_set_new(to, "bound", json_string(f.bound));
    json_object_set_new(to, "bound_ns", real(f.bound_ns));
    json_object_set_new(to, "share_of_bound", real(f.of_bound));
    json_object_set_new(to, "reference_ns", real(row->reference_ns));
    json_object_set_new(to, "speedup", real(f.speedup));
}

json_t *rg_bench_json(const rg_bench_row *row) {
    const rg_kernel_lane *lane = row->lane;
    const rg_work *work = &row->made->work;
    json_t *to = json_pack(
        "{s:s, s:s, s:s, s:s, s:i, s:b, s:s, s:s, s:b}", "op", row->made->op->name, "case",
        row->made->from.name, "kernel", lane->kernel ? lane->kernel->name : "reference", "isa",
        lane->kernel ? lane->kernel->isa : "scalar", "threads", (int)lane->threads, "chosen",
        (int)row->chosen, "status", rg_status_word(lane->status), "what", lane->what, "exact",
        lane->status == RG_OK && lane->samples > 0);
    put_figures(to, row);
    json_t *more = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:b}", "macs",
        (json_int_t)work->macs, "other_ops", (json_int_t)work->other_ops, "bytes_read",
        (json_int_t)work->bytes_read, "bytes_written", (json_int_t)work->bytes_written, "samples",
        (json_int_t)lane->samples, "calls_a_sample", (json_int_t)lane->batch, "pack_ns",
        (json_int_t)lane->pack_ns, "packed_bytes", (json_int_t)lane->packed_bytes, "scratch_bytes",
        (json_int_t)lane->scratch_bytes, "tiles", (json_int_t)lane->tiles, "clean_bursts",
        (int)lane->clean, "bursts", (int)lane->tried, "waits_known", (int)lane->waits_known);
    json_object_update(to, more);
    json_decref(more);
    return to;
}
