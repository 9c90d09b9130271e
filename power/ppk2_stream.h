/* ppk2_stream.h: what a Nordic Power Profiler Kit II says: the text of its calibration, and words
 * of four bytes, 100 000 a second: bits 0-13 the converter's value, 14-16 its range, 18-23 a
 * counter, 24-31 logic inputs. Facts: the sources of Nordic's pc-nrfconnect-ppk. */
#ifndef RG_POWER_PPK2_STREAM_H
#define RG_POWER_PPK2_STREAM_H

#include "bench/iface/sensor.h"
#include "power/rows.h"

enum { RG_PPK2_RANGES = 5, RG_PPK2_HZ = 100000, RG_PPK2_BLOCK = 100 };

/* Per range: shunt in ohm, gains, offsets. */
typedef struct rg_ppk2_calibration {
    double r[RG_PPK2_RANGES], gs[RG_PPK2_RANGES], gi[RG_PPK2_RANGES], o[RG_PPK2_RANGES],
        s[RG_PPK2_RANGES], i[RG_PPK2_RANGES], ug[RG_PPK2_RANGES];
} rg_ppk2_calibration;

/* Takes the lines "KEY: VALUE"; what is missing, zero or no number stays at the nominal value.
 * Returns how many values it took. */
size_t rg_ppk2_calibration_take(const char *text, rg_ppk2_calibration *ret);

/* Amperes of one word at a supply of `volts`. NAN for a range that does not exist. */
double rg_ppk2_amperes(const rg_ppk2_calibration *calibration, uint32_t word, double volts);

/* The stream since its start. Zero-initialise, then set calibration, volts and clock. */
typedef struct rg_ppk2_stream {
    rg_ppk2_calibration calibration;
    double volts;
    rg_meter_clock clock;
    unsigned char bytes[4]; /* of a word that has not come whole */
    size_t n_bytes;
    uint64_t words;              /* since the start, lost ones too */
    bool begun;                  /* the counter is known */
    unsigned counter, bad_words; /* the next one's; words in a row with a wrong counter */
    int range, unsettled;        /* of the last word; words for which a new range is not yet true */
    double fast_a, slow_a;       /* smoothed current, taken in place of those */
    double sum_a;                /* of this block */
    unsigned n, lost;
    bool clipped;
} rg_ppk2_stream;

/* Takes `n` bytes that were heard at `heard_ns` and gives a row for each block of 1 ms: its mean
 * current, or a hole when a word of it was lost. Takes no more bytes than there is room for rows;
 * returns how many it took. */
size_t rg_ppk2_stream_take(rg_ppk2_stream *stream, const unsigned char *bytes, size_t n,
                           int64_t heard_ns, rg_power_row *rows, size_t cap, size_t *ret_n);

#endif
