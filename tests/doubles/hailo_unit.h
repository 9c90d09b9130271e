/* hailo_unit.h: the device of the double of libhailort: it takes frames, computes them with the
 * reference operators of a source model, and gives results. hailo_library.c is its library. */
#ifndef HAILO_UNIT_H
#define HAILO_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/hef.h"

typedef struct hailo_unit hailo_unit;

/* What HAILO_DOUBLE tells ("busy,arch=hailo8l"): the number behind `word`, `preset` without one. */
bool hailo_told(const char *word);
long hailo_told_number(const char *word, long preset);

/* A unit that runs this executable; the source model is named by HAILO_DOUBLE_MODEL. NULL when it
 * cannot be read. */
hailo_unit *hailo_unit_new(const rg_hef_group *group);
void hailo_unit_free(hailo_unit *unit); /* accepts NULL */

/* Elements are float32 from now on at this end (a number among the group's ends). */
void hailo_unit_set_floats(hailo_unit *unit, uint32_t end);
void hailo_unit_set_queue(hailo_unit *unit, uint32_t end, uint32_t frames, uint32_t timeout_ms);
size_t hailo_unit_frame_bytes(const hailo_unit *unit, uint32_t end);

/* Frames in and out; the answers of the library. */
int hailo_unit_write(hailo_unit *unit, uint32_t end, const void *frame);
int hailo_unit_read(hailo_unit *unit, uint32_t end, void *frame);

/* Frames that were computed, and the mean time that each took, in ms, since it was asked last. */
uint64_t hailo_unit_frames(const hailo_unit *unit);
double hailo_unit_latency_ms(hailo_unit *unit);

#endif
