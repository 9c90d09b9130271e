/* rng.h: seeded random numbers, the same on every machine. SplitMix64 (Steele, Lea, Flood 2014):
 * one 64-bit state, one draw a call. Every stream in the program starts from a seed on record. */
#ifndef RG_CORE_RNG_H
#define RG_CORE_RNG_H

#include <stdint.h>

typedef struct rg_rng {
    uint64_t state;
} rg_rng;

static inline rg_rng rg_rng_seeded(uint64_t seed) {
    rg_rng rng = {seed};
    return rng;
}

/* The next 64 random bits. */
static inline uint64_t rg_rng_next(rg_rng *rng) {
    uint64_t z = (rng->state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Uniform in [0, n); n > 0. Multiply-shift: bias below 2^-32 for n < 2^32. */
static inline uint32_t rg_rng_below(rg_rng *rng, uint32_t n) {
    return (uint32_t)(((rg_rng_next(rng) >> 32) * (uint64_t)n) >> 32);
}

/* Uniform in [0, 1) with 53 bits. */
static inline double rg_rng_unit(rg_rng *rng) {
    return (double)(rg_rng_next(rng) >> 11) * 0x1p-53;
}

/* Standard normal by the sum of twelve uniforms minus six: no libm, hence the same bits anywhere;
 * tails end at 6 sigma. For synthetic weights, not for statistics. */
static inline double rg_rng_normal12(rg_rng *rng) {
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += rg_rng_unit(rng);
    return sum;
}

#endif
