/* tflite_settings.c: options and variant of a cell on the target tflite (tflite_settings.h). */
#include "targets/tflite_settings.h"

#include <stdio.h>
#include <string.h>

#include "bench/core/text.h"

const rg_field rg_tflite_fields[] = {
    RG_LIBRARY_FIELD(rg_tflite_options, library),
    {"delegate", RG_FIELD_TEXT, offsetof(rg_tflite_options, delegate), "", 0, 0, NULL, "",
     "external delegate: a name of devices/delegates.lua, or the file of its plug-in"},
    {"options", RG_FIELD_JSON, offsetof(rg_tflite_options, options), "", 0, 0, NULL, "",
     "keys and values of the delegate: a table, or key=value,key=value"},
    {"xnnpack", RG_FIELD_TEXT, offsetof(rg_tflite_options, xnnpack), "qs8,qu8", 0, 0, NULL, "",
     "variant xnnpack: what it takes besides floats, of qs8, qu8 and fp16"},
    {0},
};

static const char *const variants[] = {"builtin", "xnnpack", "delegate"};

const char *rg_tflite_kind_word(rg_tflite_kind kind) {
    return variants[kind];
}

/* A delegate is its own variant; naming both would leave open what is measured. */
static rg_status read_kind(const char *variant, bool delegate, rg_tflite_kind *ret, rg_err *err) {
    size_t i = 0;
    bool given = variant && *variant;
    while (given && i < 3 && strcmp(variant, variants[i]))
        i++;
    if (i == 3) {
        const char *near = rg_text_nearest_of(variant, variants, 3);
        return rg_fail(err, RG_USAGE, near ? near : "builtin, xnnpack, or the option delegate",
                       "target tflite has no variant '%s'", variant);
    }
    if (!given)
        i = delegate ? RG_TFLITE_PLUGIN : RG_TFLITE_BUILTIN;
    if (delegate != (i == RG_TFLITE_PLUGIN))
        return rg_fail(err, RG_USAGE, "leave variant out where the option delegate is given",
                       delegate ? "variant '%s' and a delegate exclude each other"
                                : "variant '%s' needs the option delegate",
                       variants[i]);
    *ret = (rg_tflite_kind)i;
    return RG_OK;
}

static rg_status read_options(const rg_settings *settings, rg_tflite_options *ret, rg_err *err) {
    rg_status status = rg_field_presets(rg_tflite_fields, ret, true, err);
    for (uint32_t i = 0; status == RG_OK && i < settings->n_options; i++)
        status = rg_field_set_attr(rg_tflite_fields, ret, &settings->options[i], err);
    if (status == RG_OK && *ret->options && !*ret->delegate)
        status = rg_fail(err, RG_USAGE, "name it: delegate = \"libvx_delegate.so\"",
                         "options of a delegate are given, and no delegate");
    return status;
}

rg_status rg_tflite_settings_read(const rg_settings *settings, rg_tflite_settings *ret,
                                  rg_err *err) {
    rg_tflite_options own;
    rg_tflite_settings all = {.threads = settings->threads ? settings->threads : 1,
                              .batch = settings->batch ? settings->batch : 1};
    rg_status status = read_options(settings, &own, err);
    if (status == RG_OK)
        status = read_kind(settings->variant, *own.delegate, &all.kind, err);
    if (status == RG_OK)
        status = rg_xnnpack_flags_parse(own.xnnpack, &all.xnnpack_flags, err);
    if (status == RG_OK && *own.delegate)
        status = rg_plugin_ask_read(own.delegate, own.options, &all.plugin, err);
    if (status != RG_OK)
        return status;
    snprintf(all.library, sizeof all.library, "%s", own.library);
    *ret = all;
    return RG_OK;
}
