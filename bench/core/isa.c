/* isa.c: the table of levels, and asking the CPU. */
#include "bench/core/isa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/text.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

#define AVX512 (RG_ISA_AVX2 | RG_ISA_AVX512)

const rg_isa rg_isas[] = {
    {"scalar", 0, "any", "plain C, no vector instructions asked for"},
    {"avx2", RG_ISA_AVX2, "x86-64", "AVX2 with FMA (Haswell 2013, Zen 2017)"},
    {"avxvnni", RG_ISA_AVX2 | RG_ISA_AVXVNNI, "x86-64",
     "AVX2 and VEX-coded dot products of bytes (Alder Lake 2021, Zen 5)"},
    {"avx512vnni", AVX512 | RG_ISA_AVX512VNNI, "x86-64",
     "AVX-512 F, BW, DQ, VL and dot products of bytes (Cascade Lake 2019, Zen 4)"},
    {"avx512vbmi", AVX512 | RG_ISA_AVX512VNNI | RG_ISA_AVX512VBMI, "x86-64",
     "the same with byte permutes (Ice Lake 2019, Zen 4)"},
    {"neon", RG_ISA_NEON, "aarch64", "Armv8.0 Advanced SIMD (Cortex-A53, A72: Raspberry Pi 3, 4)"},
    {"dotprod", RG_ISA_NEON | RG_ISA_DOTPROD, "aarch64",
     "NEON with dot products of bytes (Armv8.2: Cortex-A76, A78: Raspberry Pi 5, Jetson Orin)"},
    {"i8mm", RG_ISA_NEON | RG_ISA_DOTPROD | RG_ISA_I8MM, "aarch64",
     "NEON with 2x8 by 8x2 byte matrix products (Armv8.6: Neoverse V1, Cortex-A710)"},
    {NULL, 0, NULL, NULL},
};

/* Single features, richest first, for rg_isa_text. */
static const struct {
    uint64_t bit;
    const char *name;
} features[] = {
    {RG_ISA_AVX512VBMI, "avx512vbmi"},
    {RG_ISA_AVX512VNNI, "avx512vnni"},
    {RG_ISA_AVX512, "avx512"},
    {RG_ISA_AVXVNNI, "avxvnni"},
    {RG_ISA_AVX2, "avx2"},
    {RG_ISA_I8MM, "i8mm"},
    {RG_ISA_DOTPROD, "dotprod"},
    {RG_ISA_NEON, "neon"},
};

const rg_isa *rg_isa_find(const char *name) {
    for (const rg_isa *isa = rg_isas; isa->name; isa++) {
        if (!strcmp(isa->name, name))
            return isa;
    }
    return NULL;
}

#if defined(__x86_64__)
/* Which register files the system saves: bits of XCR0 (Intel SDM volume 1, 13.3). */
static uint64_t saved_registers(void) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static bool has(uint32_t word, uint32_t bits) {
    return (word & bits) == bits;
}

/* Feature bits: Intel SDM volume 2A, CPUID leaves 1 and 7. */
static uint64_t detect(void) {
    uint32_t a, b, c, d, b7, c7, d7, a71 = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, 1u << 27 | 1u << 12 | 1u << 29) ||
        !__get_cpuid_count(7, 0, &a, &b7, &c7, &d7))
        return 0; /* no OSXSAVE, FMA or F16C, or no leaf 7 */
    uint64_t saved = saved_registers(), found = 0;
    if (a >= 1)
        __get_cpuid_count(7, 1, &a71, &b, &c, &d);
    bool ymm = (saved & 0x6) == 0x6, zmm = (saved & 0xe6) == 0xe6;
    if (ymm && has(b7, 1u << 5 | 1u << 8))
        found |= RG_ISA_AVX2;
    if ((found & RG_ISA_AVX2) && has(a71, 1u << 4))
        found |= RG_ISA_AVXVNNI;
    if (!zmm || !(found & RG_ISA_AVX2) || !has(b7, 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31))
        return found;
    found |= RG_ISA_AVX512;
    if (has(c7, 1u << 11))
        found |= RG_ISA_AVX512VNNI;
    if (has(c7, 1u << 1))
        found |= RG_ISA_AVX512VBMI;
    return found;
}
#elif defined(__aarch64__)
/* Bits of AT_HWCAP and AT_HWCAP2 (Linux Documentation/arm64/elf_hwcaps). */
static uint64_t detect(void) {
    unsigned long one = getauxval(AT_HWCAP), two = getauxval(AT_HWCAP2);
    uint64_t found = one & 1ul << 1 ? RG_ISA_NEON : 0;
    if (found && (one & 1ul << 20))
        found |= RG_ISA_DOTPROD;
    if (found && (two & 1ul << 13))
        found |= RG_ISA_I8MM;
    return found;
}
#else
static uint64_t detect(void) {
    return 0;
}
#endif

uint64_t rg_isa_present(void) {
    static uint64_t known; /* bit 63: asked; threads may ask twice and get the same */
    uint64_t found = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (!found) {
        found = detect() | UINT64_C(1) << 63;
        __atomic_store_n(&known, found, __ATOMIC_RELAXED);
    }
    return found & ~(UINT64_C(1) << 63);
}

uint64_t rg_isa_allowed(void) {
    uint64_t mask;
    const char *text = getenv("RAILGAUGE_ISA");
    if (!text || !*text || rg_isa_parse(text, &mask, NULL) != RG_OK)
        return rg_isa_present();
    return rg_isa_present() & mask;
}

static rg_status refuse(const char *word, rg_err *err) {
    const char *names[16];
    char advice[160] = "one of: all";
    size_t n = 0;
    for (const rg_isa *isa = rg_isas; isa->name; isa++) {
        names[n++] = isa->name;
        snprintf(advice + strlen(advice), sizeof advice - strlen(advice), " %s", isa->name);
    }
    const char *near = rg_text_nearest_of(word, names, n);
    if (near)
        snprintf(advice, sizeof advice, "did you mean '%s'?", near);
    return rg_fail(err, RG_USAGE, advice, "'%s' is no instruction set", word);
}

/* What a list of levels asks for: all their features, and whether `present` holds those of one. */
typedef struct asked {
    uint64_t mask;
    bool any_runs;
} asked;

static rg_status read_list(const char *text, uint64_t present, asked *ret, rg_err *err) {
    asked found = {0};
    for (const char *at = text;; at++) {
        char word[32];
        size_t n = strcspn(at, ",");
        snprintf(word, sizeof word, "%.*s", (int)n, at);
        const rg_isa *isa = rg_isa_find(word);
        bool all = !strcmp(word, "all");
        if (!isa && !all)
            return refuse(word, err);
        found.mask |= all ? UINT64_MAX : isa->features;
        found.any_runs |= all || rg_isa_runs(isa, present);
        at += n;
        if (!*at)
            break;
    }
    *ret = found;
    return RG_OK;
}

rg_status rg_isa_parse(const char *text, uint64_t *ret_mask, rg_err *err) {
    asked found;
    rg_status status = read_list(text, 0, &found, err);
    if (status == RG_OK)
        *ret_mask = found.mask;
    return status;
}

rg_status rg_isa_check_present(const char *text, rg_err *err) {
    asked found;
    char have[96];
    rg_status status = read_list(text, rg_isa_present(), &found, err);
    if (status != RG_OK || found.any_runs)
        return status;
    rg_isa_text(rg_isa_present(), have, sizeof have);
    return rg_fail(err, RG_ABSENT, "see `railgauge list kernels` for what runs here",
                   "this CPU does not have %s; it has: %s", text, have);
}

rg_status rg_isa_environment(rg_err *err) {
    uint64_t mask;
    const char *text = getenv("RAILGAUGE_ISA");
    rg_status status = text && *text ? rg_isa_parse(text, &mask, err) : RG_OK;
    if (status != RG_OK)
        rg_err_prefix(err, "RAILGAUGE_ISA");
    return status;
}

void rg_isa_text(uint64_t mask, char *ret, size_t cap) {
    size_t used = 0;
    snprintf(ret, cap, "scalar");
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
        if ((mask & features[i].bit) && used < cap)
            used +=
                (size_t)snprintf(ret + used, cap - used, "%s%s", used ? " " : "", features[i].name);
    }
}
