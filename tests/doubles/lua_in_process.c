/* lua_in_process.c: stands in for bench/run/sandchild.c in fuzzers: the same answer without a child
 * process, so that a crash is the fuzzer's own. Memory and instructions are cut short, since
 * nobody's clock is running. */
#include <string.h>

#include "bench/run/sandbox.h"

/* What a script's error leaves behind ends with its child elsewhere; here LeakSanitizer must not
 * mind. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) {
    return 1;
}

enum { MEMORY_BYTES = 4 << 20, INSTRUCTIONS = 400000 };

/* What the parent of a child would get. */
static json_t *reply_of(const rg_sandbox *box, json_t *value, rg_status status, const rg_err *err) {
    json_t *printed = json_string(rg_sandbox_printed(box));
    json_t *what = json_string(err->what);
    json_t *reply =
        json_pack("{s:s, s:o, s:s, s:o, s:O}", "status", rg_status_word(status), "what",
                  what ? what : json_string("not UTF-8"), "advice", "", "printed",
                  printed ? printed : json_string("(not UTF-8)\n"), "files", rg_sandbox_files(box));
    if (reply && value)
        json_object_set(reply, "value", value);
    return reply;
}

rg_status rg_lua_in_child(const rg_sandbox_options *options, rg_lua_job job, void *user,
                          json_t **ret_reply, rg_err *err) {
    rg_sandbox_options small = *options;
    rg_sandbox *box = NULL;
    json_t *value = NULL;
    small.memory_bytes = MEMORY_BYTES;
    small.instructions = INSTRUCTIONS;
    *ret_reply = NULL;
    rg_status status = rg_sandbox_new(&small, &box, err);
    if (status != RG_OK)
        return status;
    status = job(box, user, &value, err);
    *ret_reply = reply_of(box, value, status, err);
    json_decref(value);
    rg_sandbox_free(box);
    return *ret_reply ? status : RG_NO_MEMORY;
}
