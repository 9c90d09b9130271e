/* bench_table.h: the rows of `railgauge bench` and the measured peaks as tables for people; what
 * a row's figures are tells bench_rows.h. */
#ifndef RG_CMD_BENCH_TABLE_H
#define RG_CMD_BENCH_TABLE_H

#include "bench/cmd/bench_rows.h"
#include "bench/cmd/columns.h"

enum { RG_BENCH_COLUMNS = 17 };

typedef struct rg_bench_table {
    rg_column column[RG_BENCH_COLUMNS];
} rg_bench_table;

/* Lays the table out for the terminal and prints its head. `case_chars` and `kernel_chars`: of the
 * longest names to come. `wide` adds packing, scratch and bursts and leaves nothing out. */
void rg_bench_table_begin(rg_bench_table *ret_table, bool wide, size_t case_chars,
                          size_t kernel_chars);

/* Before the rows of a case: its name on a line, where the column of names found no room. */
void rg_bench_table_case(const rg_bench_table *table, const rg_made_case *made);

void rg_bench_table_row(const rg_bench_table *table, const rg_bench_row *row);

/* The table of peaks. */
void rg_bench_print_ceilings(const rg_ceilings *ceilings);

#endif
