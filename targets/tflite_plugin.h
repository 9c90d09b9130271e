/* tflite_plugin.h: external delegates of TensorFlow Lite: a vendor's shared library with two
 * functions, found by a name of devices/delegates.lua or by its file, with keys and values. */
#ifndef RG_TARGETS_TFLITE_PLUGIN_H
#define RG_TARGETS_TFLITE_PLUGIN_H

#include "targets/tflite_runner.h"

enum { RG_PLUGIN_PAIRS = 48, RG_PLUGIN_TEXT = 256 };

/* What a cell asks for, checked. */
typedef struct rg_plugin_ask {
    char name[RG_LIBRARY_WORD];       /* of the entry, else the file's name */
    char title[RG_LIBRARY_WORD + 16]; /* "NXP VX delegate ..." */
    char file[RG_LIBRARY_PATH];       /* as the cell names it; "" when by an entry's name */
    char library[4][RG_LIBRARY_WORD]; /* of the entry */
    char install[RG_PLUGIN_TEXT], note[RG_PLUGIN_TEXT];
    char keys[RG_PLUGIN_PAIRS][64], values[RG_PLUGIN_PAIRS][RG_PLUGIN_TEXT];
    size_t n_pairs;
} rg_plugin_ask;

/* `delegate` names an entry or a file; `options` is a JSON object or "key=value,key=value".
 * RG_USAGE for a name that is neither, a key that a known delegate has not, or one that it needs.
 */
rg_status rg_plugin_ask_read(const char *delegate, const char *options, rg_plugin_ask *ret_ask,
                             rg_err *err);

/* An open plug-in. Must stay where it is while delegates of it live. */
typedef struct rg_plugin {
    const rg_plugin_ask *ask;
    rg_library_spec spec;
    rg_library library;
    const char *keys[RG_PLUGIN_PAIRS], *values[RG_PLUGIN_PAIRS];
    void *(*create)(const char *const *keys, const char *const *values, size_t n,
                    void (*report)(const char *));
    void (*destroy)(void *delegate);
} rg_plugin;

/* Opens the library; `ask` must outlive the plug-in. Errors as those of library.h. */
rg_status rg_plugin_open(const rg_plugin_ask *ask, rg_plugin *ret_plugin, rg_err *err);

/* An rg_tflite_make: `user` is an rg_plugin. RG_UNSUPPORTED with the plug-in's own words where it
 * makes no delegate. */
rg_status rg_plugin_make(void *user, rg_tflite_delegate *ret_delegate, rg_err *err);

/* "delegate=...", its file, hash, double and each key as lines "key=value\n". */
void rg_plugin_facts(const rg_plugin *plugin, rg_text *text);

#endif
