/* instrument.h: what somebody tells of an external instrument on the command line, behind the
 * sensor's name: `--rail scpi:192.168.1.5:5025,scope=board-in,role=total`: its address, and words
 * about what it is connected to, which no instrument can know. */
#ifndef RG_POWER_INSTRUMENT_H
#define RG_POWER_INSTRUMENT_H

#include "bench/core/err.h"
#include "bench/iface/sensor.h"

typedef struct rg_instrument {
    char address[200];
    rg_rail rail;    /* label, scope, role and limits as told; limits below 0 and refresh_s 0: not
                        told.    Told limits stand above what the sensor knows. */
    double volts;    /* volts=: the supply's voltage, where only current is measured; 0: not told */
    double source_v; /* source=: the instrument is to supply this voltage itself; 0: it is not */
    int channel;     /* channel=: of several, 1 unless told */
} rg_instrument;

/* The role is total where only a scope is told. RG_USAGE with the word that is wrong. */
rg_status rg_instrument_parse(const char *options, rg_instrument *ret, rg_err *err);

/* Puts what was told in place of what `rail` has. */
void rg_instrument_tell(const rg_instrument *told, rg_rail *rail);

#endif
