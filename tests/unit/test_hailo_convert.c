/* Elements of a model and of a Hailo device converted into each other. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "targets/hailo_api.h"
#include "targets/hailo_convert.h"

static const float fine[] = {0.5F}, middle[] = {128}, none[] = {0}, two[] = {0.5F, 2},
                   zeros[] = {10, 20};
static const int32_t whole_zero[] = {0};

static rg_hef_end end_with(const float *scales, const float *zero_points, uint32_t n) {
    return (rg_hef_end){.name = "end",
                        .order = "NHWC",
                        .height = 1,
                        .width = 2,
                        .features = 2,
                        .element_bytes = 1,
                        .n_quant = n,
                        .scales = scales,
                        .zero_points = zero_points};
}

static rg_tensor tensor_of(rg_dtype dtype, const float *scale, const int32_t *zero) {
    rg_tensor tensor = {.name = "t", .dtype = dtype, .shape = {4, {1, 1, 2, 2}}};
    if (scale)
        tensor.quant = (rg_quant){1, scale, zero, 0};
    return tensor;
}

Test(hailo_convert, eight_bits_with_a_sign_are_those_without_moved_by_128) {
    rg_tensor tensor = tensor_of(RG_DTYPE_INT8, fine, whole_zero);
    rg_hef_end end = end_with(fine, middle, 1);
    rg_hailo_pair pair = {&tensor, &end, false, false};
    int8_t model[] = {-128, -1, 0, 127}, back[4];
    uint8_t device[4];
    cr_assert_eq(rg_hailo_pair_check(&pair, NULL), RG_OK);
    cr_assert_not(pair.same);
    rg_hailo_to_device(&pair, model, device, 4);
    rg_hailo_to_model(&pair, device, back, 4);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(device[i], model[i] + 128);
        cr_assert_eq(back[i], model[i]);
    }
}

Test(hailo_convert, equal_scales_need_no_conversion) {
    rg_tensor tensor = tensor_of(RG_DTYPE_UINT8, fine, whole_zero);
    rg_hef_end end = end_with(fine, none, 1);
    rg_hailo_pair pair = {&tensor, &end, false, false};
    cr_assert_eq(rg_hailo_pair_check(&pair, NULL), RG_OK);
    cr_assert(pair.same);
    pair.floats = true;
    cr_assert_eq(rg_hailo_pair_check(&pair, NULL), RG_OK);
    cr_assert_not(pair.same, "the library wants float32");
    cr_assert_eq(rg_hailo_element_bytes(&pair), 4);
}

Test(hailo_convert, each_feature_has_its_own_scale) {
    rg_tensor tensor = tensor_of(RG_DTYPE_FLOAT32, NULL, NULL);
    rg_hef_end end = end_with(two, zeros, 2);
    rg_hailo_pair pair = {&tensor, &end, false, false};
    uint8_t device[] = {10, 20, 12, 21};
    float model[4];
    rg_hailo_to_model(&pair, device, model, 4);
    cr_assert(model[0] == 0 && model[1] == 0 && model[2] == 1 && model[3] == 2);
    rg_hailo_to_device(&pair, model, device, 4);
    cr_assert(device[0] == 10 && device[1] == 20 && device[2] == 12 && device[3] == 21);
}

Test(hailo_convert, what_lies_beyond_the_range_becomes_its_end) {
    rg_tensor tensor = tensor_of(RG_DTYPE_FLOAT32, NULL, NULL);
    rg_hef_end end = end_with(fine, middle, 1);
    rg_hailo_pair pair = {&tensor, &end, false, false};
    float model[] = {-1e9F, 1e9F, NAN, 0.25F};
    uint8_t device[4];
    rg_hailo_to_device(&pair, model, device, 4);
    cr_assert(device[0] == 0 && device[1] == 255 && device[2] == 0, "%u %u %u", device[0],
              device[1], device[2]);
    cr_assert_eq(device[3], 129, "halves go away from zero: %u", device[3]);
}

Test(hailo_convert, elements_of_unknown_scales_pass_as_they_are) {
    rg_tensor tensor = tensor_of(RG_DTYPE_UINT8, NULL, NULL);
    rg_hef_end end = end_with(fine, middle, 1);
    rg_hailo_pair pair = {&tensor, &end, false, false};
    uint8_t model[] = {0, 7, 200, 255}, device[4];
    rg_hailo_to_device(&pair, model, device, 4);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(device[i], model[i]);
}

Test(hailo_convert, types_that_no_device_takes_are_refused_by_name) {
    rg_tensor tensor = tensor_of(RG_DTYPE_INT64, NULL, NULL);
    rg_hef_end end = end_with(fine, middle, 1);
    rg_hailo_pair pair = {&tensor, &end, false, false};
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_hailo_pair_check(&pair, &err), RG_UNSUPPORTED);
    cr_assert(strstr(err.what, "int64"), "%s", err.what);
}

Test(hailo_convert, a_chip_runs_the_files_of_its_smaller_brothers_only) {
    cr_assert(rg_hailo_arch_runs("hailo8", "hailo8") && rg_hailo_arch_runs("hailo8", "hailo8l"));
    cr_assert_not(rg_hailo_arch_runs("hailo8l", "hailo8"));
    cr_assert_not(rg_hailo_arch_runs("hailo8", "hailo15h"));
    cr_assert(rg_hailo_arch_runs("hailo10h", "hailo15h"));
}
