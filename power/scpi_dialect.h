/* scpi_dialect.h: how instruments that speak SCPI are asked for volts, amperes and watts: one row a
 * family, chosen by what they answer to *IDN?, and the reading of their numbers. */
#ifndef RG_POWER_SCPI_DIALECT_H
#define RG_POWER_SCPI_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/iface/sensor.h"

enum { RG_SCPI_SETUP = 8, RG_SCPI_QUERIES = 2 };

typedef struct rg_scpi_dialect {
    const char *name;
    const char *maker, *model;            /* beginnings of the first two fields of *IDN?; "" any */
    const char *setup[RG_SCPI_SETUP];     /* sent once; NULL after the last */
    const char *queries[RG_SCPI_QUERIES]; /* a reading; %d is the channel; NULL after the last */
    const char *columns;                  /* numbers of all answers in order: V, I, P */
    const char *refresh_query;            /* answers seconds; NULL: none */
    const char *range_queries[2];         /* answer volts and amperes of the ranges; NULL: none */
    rg_power_kind kind;
    double refresh_s;
    double gain,
        offset_of_range; /* limits of error, the second as fraction of the range; -1 unknown */
    const char *facts;   /* source of the limits, and what to take care of */
} rg_scpi_dialect;

/* By the whole answer to *IDN?; the last row, which stands for any instrument, when none fits. */
const rg_scpi_dialect *rg_scpi_dialect_for(const char *identity);
const rg_scpi_dialect *rg_scpi_dialect_called(const char *name); /* NULL: none */

/* Takes the comma-separated numbers of one answer into the row, by the dialect's columns from
 * *column on, and moves that behind them. Over-range (9.9E37, INF, NAN, OVLD) sets RG_ROW_CLIPPED,
 * what is no number RG_ROW_BAD. */
void rg_scpi_take_answer(const char *answer, const char *columns, size_t *column,
                         rg_power_row *row);

/* Watts from volts and amperes where the instrument gives none; `volts` is the declared voltage of
 * one that measures current only, 0 none. Without a power the row becomes bad, unless it is
 * clipped. */
void rg_scpi_finish(rg_power_row *row, double volts);

#endif
