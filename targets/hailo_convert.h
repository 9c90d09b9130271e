/* hailo_convert.h: between a model's elements and what a Hailo executable takes and gives: other
 * scales, other types. Done outside the timer unless a cell asks for the library's own conversion.
 */
#ifndef RG_TARGETS_HAILO_CONVERT_H
#define RG_TARGETS_HAILO_CONVERT_H

#include "bench/core/hef.h"
#include "bench/core/tensor.h"

/* One end of a program with the tensor that it belongs to. */
typedef struct rg_hailo_pair {
    const rg_tensor *tensor;
    const rg_hef_end *end;
    bool floats; /* the device's side is float32: the library converts */
    bool same;   /* nothing is converted: both sides are one memory */
} rg_hailo_pair;

/* Can the two be converted? RG_UNSUPPORTED naming the tensor otherwise. Sets `same`. */
rg_status rg_hailo_pair_check(rg_hailo_pair *pair, rg_err *err);

/* Bytes of one element on the device's side. */
size_t rg_hailo_element_bytes(const rg_hailo_pair *pair);

/* Converts n elements, counted from the beginning of a frame or of several whole ones. */
void rg_hailo_to_device(const rg_hailo_pair *pair, const void *model, void *device, size_t n);
void rg_hailo_to_model(const rg_hailo_pair *pair, const void *device, void *model, size_t n);

#endif
