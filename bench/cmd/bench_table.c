/* bench_table.c: one line a kernel and thread count, and one a peak, as wide as the terminal lets
 * them be. */
#include "bench/cmd/bench_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/core/text.h"

enum { CELL = 32 }; /* bytes of a cell of figures */

/* --- kernels ---------------------------------------------------------------------------------- */

enum {
    CASE,
    KERNEL,
    THREADS,
    MEDIAN,
    MIN,
    P95,
    RATE,
    PEAK,
    BOUND,
    OF_BOUND,
    X_REF,
    PACK,
    PACKED,
    SCRATCH,
    TILES,
    BURSTS,
    PROOF,
};

/* Ranks 1 to 8: what a narrow terminal shows first; WIDE ones are on demand. */
enum { WIDE = 9 };
static const rg_column kernel_columns[RG_BENCH_COLUMNS] = {
    [CASE] = {"case", -4, 1, false},       [KERNEL] = {"kernel", -6, 0, false},
    [THREADS] = {"thr", 3, 0, false},      [MEDIAN] = {"median", 9, 0, false},
    [MIN] = {"min", 9, 8, false},          [P95] = {"p95", 9, 5, false},
    [RATE] = {"rate", 12, 3, false},       [PEAK] = {"peak%", 6, 4, false},
    [BOUND] = {"bound", -7, 6, false},     [OF_BOUND] = {"of it%", 6, 7, false},
    [X_REF] = {"x ref", 7, 2, false},      [PACK] = {"pack", 9, WIDE, false},
    [PACKED] = {"packed", 9, WIDE, false}, [SCRATCH] = {"scratch", 9, WIDE, false},
    [TILES] = {"tiles", 6, WIDE, false},   [BURSTS] = {"bursts", 7, WIDE, false},
    [PROOF] = {"proof", -7, 0, false},
};

void rg_bench_table_begin(rg_bench_table *ret_table, bool wide, size_t case_chars,
                          size_t kernel_chars) {
    rg_column *column = ret_table->column;
    memcpy(column, kernel_columns, sizeof kernel_columns);
    rg_column_hold(&column[CASE], case_chars);
    rg_column_hold(&column[KERNEL], kernel_chars);
    for (size_t i = 0; i < RG_BENCH_COLUMNS; i++)
        column[i].hidden = column[i].rank == WIDE && !wide;
    if (!wide)
        rg_columns_fit(column, RG_BENCH_COLUMNS, rg_columns_room());
    rg_columns_head(column, RG_BENCH_COLUMNS);
}

void rg_bench_table_case(const rg_bench_table *table, const rg_made_case *made) {
    if (table->column[CASE].hidden)
        printf("%s:\n", made->from.name);
}

static void percent(double share, char ret[CELL]) {
    if (isfinite(share))
        snprintf(ret, CELL, "%.1f", 100 * share);
    else
        snprintf(ret, CELL, "-");
}

static void tell_rate(const rg_bench_figures *f, char ret[CELL]) {
    bool sums = isfinite(f->ops_per_s);
    snprintf(ret, CELL, "%.1f %s", (sums ? f->ops_per_s : f->bytes_per_s) * 1e-9,
             sums ? "GOPS" : "GB/s");
}

static void tell_times(const rg_bench_row *row, char cell[][CELL]) {
    const rg_kernel_lane *lane = row->lane;
    rg_bench_figures f = rg_bench_work_out(row);
    rg_text_duration(lane->median_ns, cell[MEDIAN], CELL);
    rg_text_duration(lane->min_ns, cell[MIN], CELL);
    rg_text_duration(lane->p95_ns, cell[P95], CELL);
    tell_rate(&f, cell[RATE]);
    percent(f.of_peak, cell[PEAK]);
    snprintf(cell[BOUND], CELL, "%s", *f.bound ? f.bound : "-");
    percent(f.of_bound, cell[OF_BOUND]);
    snprintf(cell[X_REF], CELL, "%.1f", f.speedup);
    rg_text_duration((double)lane->pack_ns, cell[PACK], CELL);
    rg_text_bytes((double)lane->packed_bytes, cell[PACKED], CELL);
    rg_text_bytes((double)lane->scratch_bytes, cell[SCRATCH], CELL);
    snprintf(cell[TILES], CELL, "%zu", lane->tiles);
    snprintf(cell[BURSTS], CELL, "%u/%u", lane->clean, lane->tried);
    snprintf(cell[PROOF], CELL, "%s%s", lane->kernel ? "exact" : "truth", lane->clean ? "" : " !");
}

void rg_bench_table_row(const rg_bench_table *table, const rg_bench_row *row) {
    const rg_kernel_lane *lane = row->lane;
    char cell[RG_BENCH_COLUMNS][CELL] = {{0}}, kernel[96];
    const char *cells[RG_BENCH_COLUMNS];
    for (size_t i = 0; i < RG_BENCH_COLUMNS; i++)
        cells[i] = cell[i];
    snprintf(kernel, sizeof kernel, "%s%s%s",
             lane->kernel ? lane->kernel->name : row->made->op->name,
             lane->kernel ? "" : " reference", row->chosen ? " *" : "");
    cells[CASE] = row->made->from.name;
    cells[KERNEL] = kernel;
    snprintf(cell[THREADS], CELL, "%u", lane->threads);
    if (lane->status == RG_OK && lane->samples)
        tell_times(row, cell);
    else
        snprintf(cell[PROOF], CELL, "%s", rg_status_word(lane->status));
    rg_columns_row(table->column, RG_BENCH_COLUMNS, cells);
}

/* --- peaks ------------------------------------------------------------------------------------ */

enum { NAME, LEVEL, COUNT, MEMORY, BYTES, MIDDLE, LOW, HIGH, CV, CLEAN, BY, N_PEAK_COLUMNS };
static const rg_column peak_columns[N_PEAK_COLUMNS] = {
    [NAME] = {"peak", -4, 0, false},  [LEVEL] = {"level", -5, 0, false},
    [COUNT] = {"thr", 3, 0, false},   [MEMORY] = {"memory", -6, 0, false},
    [BYTES] = {"bytes", 8, 3, false}, [MIDDLE] = {"median", 13, 0, false},
    [LOW] = {"low", 13, 4, false},    [HIGH] = {"high", 13, 5, false},
    [CV] = {"cv%", 6, 2, false},      [CLEAN] = {"clean", 7, 1, false},
    [BY] = {"by", -2, 6, false},
};

static void tell_ceiling(double value, const rg_ceiling *c, char ret[CELL]) {
    static const char *const unit[] = {"GHz", "GOPS", "GFLOPS", "GB/s", "GB/s"};
    snprintf(ret, CELL, "%.2f %s", value * 1e-9, unit[c->peak->kind]);
}

static void print_ceiling(const rg_column *column, const rg_ceiling *c) {
    char cell[N_PEAK_COLUMNS][CELL] = {{0}};
    const char *cells[N_PEAK_COLUMNS];
    for (size_t i = 0; i < N_PEAK_COLUMNS; i++)
        cells[i] = cell[i];
    cells[NAME] = c->peak->name;
    cells[LEVEL] = c->peak->isa;
    cells[MEMORY] = rg_memory_level_word(c->level);
    cells[BY] = c->peak->summary;
    snprintf(cell[COUNT], CELL, "%u", c->threads);
    if (c->bytes)
        rg_text_bytes((double)c->bytes, cell[BYTES], CELL);
    tell_ceiling(c->median, c, cell[MIDDLE]);
    tell_ceiling(c->low, c, cell[LOW]);
    tell_ceiling(c->high, c, cell[HIGH]);
    snprintf(cell[CV], CELL, "%.2f", 100 * c->cv);
    snprintf(cell[CLEAN], CELL, "%u/%u", c->clean, c->tried);
    rg_columns_row(column, N_PEAK_COLUMNS, cells);
}

void rg_bench_print_ceilings(const rg_ceilings *ceilings) {
    rg_column column[N_PEAK_COLUMNS];
    memcpy(column, peak_columns, sizeof column);
    for (size_t i = 0; i < ceilings->n; i++) {
        rg_column_hold(&column[NAME], strlen(ceilings->item[i].peak->name));
        rg_column_hold(&column[LEVEL], strlen(ceilings->item[i].peak->isa));
        rg_column_hold(&column[BY], strlen(ceilings->item[i].peak->summary));
    }
    rg_columns_fit(column, N_PEAK_COLUMNS, rg_columns_room());
    rg_columns_head(column, N_PEAK_COLUMNS);
    for (size_t i = 0; i < ceilings->n; i++)
        print_ceiling(column, &ceilings->item[i]);
}
