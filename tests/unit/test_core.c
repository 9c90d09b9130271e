/* test_core.c: the vocabulary. */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/core/arena.h"
#include "bench/core/clock.h"
#include "bench/core/codes.h"
#include "bench/core/err.h"
#include "bench/core/field.h"
#include "bench/core/hash.h"
#include "bench/core/tensor.h"
#include "bench/core/text.h"

Test(err, keeps_what_and_advice_and_gives_the_exit_code) {
    rg_err err = RG_ERR_INIT;
    rg_status status = rg_fail(&err, RG_BAD_DATA, "fetch it", "file %s is a pointer", "a.tflite");
    cr_assert_eq(status, RG_BAD_DATA);
    cr_assert_str_eq(err.what, "file a.tflite is a pointer");
    cr_assert_str_eq(err.advice, "fetch it");
    cr_assert_eq(rg_status_exit(status), 65);
}

Test(err, prefix_goes_before_what_was_said) {
    rg_err err = RG_ERR_INIT;
    rg_fail(&err, RG_IO, NULL, "no space");
    rg_err_prefix(&err, "round %d", 3);
    cr_assert_str_eq(err.what, "round 3: no space");
}

Test(arena, refuses_to_grow_beyond_its_limit) {
    rg_arena *arena = rg_arena_new(1024);
    cr_assert_not_null(rg_arena_alloc(arena, 512));
    cr_assert_null(rg_arena_alloc(arena, 1024));
    cr_assert_null(rg_arena_array(arena, SIZE_MAX / 2, 16), "a product that overflows is refused");
    rg_arena_free(arena);
}

Test(arena, gives_zeroed_aligned_memory) {
    rg_arena *arena = rg_arena_new(0);
    for (size_t n = 1; n < 300000; n = n * 3 + 1) {
        unsigned char *p = rg_arena_alloc(arena, n);
        cr_assert_eq((uintptr_t)p % 64, 0, "%zu bytes", n);
        for (size_t i = 0; i < n; i++)
            cr_assert_eq(p[i], 0);
        memset(p, 0xAA, n);
    }
    rg_arena_free(arena);
}

Test(hash, equals_the_published_vector) {
    /* FIPS 180-2, appendix B.1 */
    char hex[RG_HASH_HEX];
    rg_hash_bytes("abc", 3, hex);
    cr_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

Test(tensor, fill_equals_the_generator_of_the_conformance_inputs) {
    /* head of the inputs in GOLDENS.tsv: splitmix64, seed 20250101 */
    rg_tensor t = {.name = "x", .dtype = RG_DTYPE_INT8, .shape = {1, {16}}, .bytes = 16};
    rg_rng rng = rg_rng_seeded(20250101);
    unsigned char data[16], want[] = {0xac, 0x39, 0xbe, 0x7e, 0x83, 0x56, 0xf4, 0x6f,
                                      0x3d, 0xc3, 0x60, 0xc0, 0x9d, 0xec, 0xae, 0x67};
    rg_tensor_fill(&t, &rng, data);
    cr_assert_arr_eq(data, want, 16);
}

Test(tensor, refuses_shapes_whose_product_overflows) {
    rg_shape shape = {4, {INT32_MAX, INT32_MAX, INT32_MAX, 4}};
    size_t bytes;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_tensor_bytes(&shape, RG_DTYPE_INT8, &bytes, &err), RG_BAD_DATA);
}

typedef struct sample {
    int64_t stride;
    int padding;
    int64_t deadline_ns;
} sample;
static const char *const paddings[] = {"same", "valid", NULL};
static const rg_field sample_table[] = {
    {"stride", RG_FIELD_INT, offsetof(sample, stride), "1", 1, 64, NULL, "", "step"},
    {"padding", RG_FIELD_CHOICE, offsetof(sample, padding), "same", 0, 0, paddings, "", "edges"},
    {"deadline", RG_FIELD_DURATION, offsetof(sample, deadline_ns), "33ms", 0, 0, NULL, "ns",
     "limit"},
    {0},
};

Test(field, defaults_ranges_and_nearest_key) {
    sample s;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_field_presets(sample_table, &s, true, &err), RG_OK);
    cr_assert_eq(s.stride, 1);
    cr_assert_eq(s.deadline_ns, 33000000);
    cr_assert_eq(rg_field_set(sample_table, &s, "stride", "65", &err), RG_USAGE);
    cr_assert_eq(s.stride, 1, "a refused value changes nothing");
    cr_assert_eq(rg_field_set(sample_table, &s, "strode", "2", &err), RG_USAGE);
    cr_assert_str_eq(err.advice, "did you mean 'stride'?");
    cr_assert_eq(rg_field_set(sample_table, &s, "padding", "valid", &err), RG_OK);
    cr_assert_eq(s.padding, 1);
}

Test(text, durations_read_as_people_write_them) {
    char text[32];
    rg_text_duration(1234567, text, sizeof text);
    cr_assert_str_eq(text, "1.23 ms");
    rg_text_duration(999.96e3, text, sizeof text);
    cr_assert_str_eq(text, "1.00 ms");
    rg_text_bytes(1536, text, sizeof text);
    cr_assert_str_eq(text, "1.50 KiB");
}

Test(clock, virtual_time_moves_only_when_told_and_remembers_power) {
    rg_clock_virtual_on(1000);
    rg_clock_set_idle_power(500);
    rg_clock_advance(50, 2000);
    rg_clock_sleep_until(1100);
    cr_assert_eq(rg_clock_now_ns(), 1100);
    size_t n;
    const rg_clock_span *spans = rg_clock_spans(&n);
    cr_assert_eq(n, 2);
    cr_assert_eq(spans[0].end_ns, 1050);
    cr_assert_float_eq(spans[1].power_mw, 500, 0);
    rg_clock_virtual_off();
}

Test(codes, every_id_is_unique) {
    for (size_t i = 0; i < rg_n_codes; i++)
        cr_assert_eq(rg_code_find(rg_codes[i].id), &rg_codes[i], "%s", rg_codes[i].id);
}
