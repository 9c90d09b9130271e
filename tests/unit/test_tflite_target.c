/* test_tflite_target.c: what the target tflite hands to libraries: XNNPACK's options byte by byte,
 * keys of delegates; what it overhears, and what it tries in a throw-away process. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "targets/overhear.h"
#include "targets/tflite_settings.h"
#include "targets/tryout.h"

/* --- XNNPACK's options ------------------------------------------------------------------------ */

static void expect_options(int major, int minor, const char *wanted_hex) {
    unsigned char options[RG_XNNPACK_BYTES];
    char hex[2 * 64 + 1];
    const rg_xnnpack_layout *layout = rg_xnnpack_layout_of(major, minor);
    cr_assert_not_null(layout, "%d.%d", major, minor);
    rg_xnnpack_options(layout, 4, RG_XNNPACK_QS8 | RG_XNNPACK_QU8, options);
    for (size_t i = 0; i < layout->bytes; i++)
        snprintf(hex + 2 * i, 3, "%02x", options[i]);
    cr_assert_str_eq(hex, wanted_hex, "%d.%d", major, minor);
    for (size_t i = layout->bytes; i < sizeof options; i++)
        cr_assert_eq(options[i], 0, "%d.%d: byte %zu", major, minor, i);
}

Test(xnnpack, options_are_laid_out_as_each_version_has_them) {
    const char *short_form = "0400000003000000";
    char middle_form[65], long_form[129];
    snprintf(middle_form, sizeof middle_form, "%s%048d", short_form, 0);
    snprintf(long_form, sizeof long_form, "040000000000000003000000%056dffffffff%040d", 0, 0);
    expect_options(2, 3, short_form);
    expect_options(2, 9, short_form);
    expect_options(2, 10, middle_form);
    expect_options(2, 18, middle_form);
    expect_options(1, 2, middle_form);
    expect_options(1, 4, long_form);
    expect_options(2, 1, long_form);
}

Test(xnnpack, a_version_that_two_layouts_share_is_not_guessed) {
    cr_assert_null(rg_xnnpack_layout_of(2, 19));
    cr_assert_null(rg_xnnpack_layout_of(1, 3));
    cr_assert_null(rg_xnnpack_layout_of(3, 0));
}

Test(xnnpack, flags_are_words) {
    uint32_t flags;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_xnnpack_flags_parse("qs8,qu8", &flags, NULL), RG_OK);
    cr_assert_eq(flags, 3);
    cr_assert_eq(rg_xnnpack_flags_parse("", &flags, NULL), RG_OK);
    cr_assert_eq(flags, 0);
    cr_assert_eq(rg_xnnpack_flags_parse("qs8,qx8", &flags, &err), RG_USAGE);
    cr_assert_not_null(strstr(err.what, "'qx8'"), "%s", err.what);
}

/* --- delegates -------------------------------------------------------------------------------- */

static rg_plugin_ask ask; /* too large for a stack that Criterion shares */

Test(plugin, keys_of_a_known_delegate_are_checked_and_values_become_text) {
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_plugin_ask_read("nxp-vx", "{\"device_id\": 1, \"allowed_cache_mode\": true}",
                                    &ask, &err),
                 RG_OK, "%s", err.what);
    cr_assert_str_eq(ask.library[0], "libvx_delegate.so");
    cr_assert_str_eq(ask.keys[0], "device_id");
    cr_assert_str_eq(ask.values[0], "1");
    cr_assert_str_eq(ask.values[1], "true");
    cr_assert_eq(rg_plugin_ask_read("/opt/libvx_delegate.so", "devise_id=0", &ask, &err), RG_USAGE);
    cr_assert_str_eq(err.what, "nxp-vx has no key 'devise_id'");
    cr_assert_str_eq(err.advice, "did you mean 'device_id'?");
}

Test(plugin, what_must_come_first_does_and_what_is_needed_is_asked_for) {
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(
        rg_plugin_ask_read("armnn", "number-of-threads=4,backends=GpuAcc,CpuAcc", &ask, &err),
        RG_OK, "%s", err.what);
    cr_assert_eq(ask.n_pairs, 2);
    cr_assert_str_eq(ask.keys[0], "backends");
    cr_assert_str_eq(ask.values[0], "GpuAcc,CpuAcc");
    cr_assert_str_eq(ask.values[1], "4");
    cr_assert_eq(rg_plugin_ask_read("qnn", "", &ask, &err), RG_USAGE);
    cr_assert_str_eq(err.what, "qnn needs the option 'backend_type'");
}

Test(plugin, a_file_that_nobody_knows_takes_any_key) {
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_plugin_ask_read("./libmine.so", "a=1;b=x,y", &ask, &err), RG_OK, "%s",
                 err.what);
    cr_assert_str_eq(ask.name, "libmine.so");
    cr_assert_str_eq(ask.values[1], "x,y");
    cr_assert_eq(rg_plugin_ask_read("mine", "", &ask, &err), RG_USAGE);
    cr_assert_not_null(strstr(err.advice, "nxp-vx"), "%s", err.advice);
}

Test(tflite_settings, a_delegate_and_a_variant_exclude_each_other) {
    static rg_tflite_settings all;
    const rg_attr delegate = {"delegate", RG_ATTR_WORD, 0, 0, "./libmine.so"};
    rg_settings settings = {.variant = "xnnpack", .options = &delegate, .n_options = 1};
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_tflite_settings_read(&settings, &all, &err), RG_USAGE);
    settings.variant = "";
    cr_assert_eq(rg_tflite_settings_read(&settings, &all, &err), RG_OK, "%s", err.what);
    cr_assert_eq(all.kind, RG_TFLITE_PLUGIN);
    settings.n_options = 0;
    settings.variant = "xnpack";
    cr_assert_eq(rg_tflite_settings_read(&settings, &all, &err), RG_USAGE);
    cr_assert_str_eq(err.advice, "xnnpack");
}

/* --- overhearing and trying ------------------------------------------------------------------- */

Test(overhear, keeps_what_a_library_says_and_tells_complaints_from_notices) {
    static rg_overheard heard;
    rg_overhear_begin();
    fprintf(stderr, "INFO: Created something.\n");
    fprintf(stderr, "ERROR: operator 3 is odd\nit cannot go on\n");
    rg_overhear_so_far(&heard);
    cr_assert_str_eq(rg_overheard_first(&heard), "operator 3 is odd");
    fprintf(stderr, "INFO: closed\n");
    rg_overhear_end(&heard);
    cr_assert_str_eq(rg_overheard_last(&heard), "it cannot go on");
    cr_assert_not_null(strstr(heard.text, "closed"));
}

static rg_status crash_while_heard(void *user, rg_err *err) {
    (void)user;
    (void)err;
    rg_overhear_begin();
    fprintf(stderr, "last words\n");
    raise(SIGSEGV);
    return RG_OK;
}

static rg_status hang(void *user, rg_err *err) {
    (void)user;
    (void)err;
    while (pause() < 0)
        ;
    return RG_OK;
}

static rg_status refuse(void *user, rg_err *err) {
    return rg_fail(err, RG_DENIED, "ask for it", "%s", (const char *)user);
}

Test(tryout, a_crash_is_told_with_its_signal_and_the_last_words) {
    rg_tryout how;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_tryout_run(crash_while_heard, NULL, 10, &how, &err), RG_FAILED);
    cr_assert_eq(how.signal, SIGSEGV);
    cr_assert_str_eq(err.what, "it crashed: Segmentation fault");
    cr_assert_str_eq(how.words, "last words\n");
}

Test(tryout, what_hangs_is_ended_and_what_comes_back_is_what_was_said) {
    rg_tryout how;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_tryout_run(hang, NULL, 1, &how, &err), RG_TIMEOUT);
    cr_assert_eq(rg_tryout_run(refuse, (void *)(uintptr_t) "no", 10, &how, &err), RG_OK);
    cr_assert_eq(how.said.status, RG_DENIED);
    cr_assert_str_eq(how.said.what, "no");
}
