/* compare_priv.h: what the files of compare share. */
#ifndef RG_RESULT_COMPARE_PRIV_H
#define RG_RESULT_COMPARE_PRIV_H

#include "bench/result/compare.h"
#include "bench/result/record.h"

/* From the published intervals, over so many rounds a side. */
rg_effect rg_effect_published(const rg_figure *a, size_t rounds_a, const rg_figure *b,
                              size_t rounds_b);

#endif
