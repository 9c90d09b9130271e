/* luadata.c: evaluates one data file in the sandbox. */
#include "bench/run/luadata.h"

#include "bench/core/arena.h"
#include "bench/core/data.h"
#include "bench/run/luajson.h"
#include "bench/run/sandbox.h"

rg_status rg_luadata_read(const char *relative, json_t **ret_table, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    rg_sandbox *box = NULL;
    const char *text;
    size_t bytes;
    const rg_sandbox_options options = {.memory_bytes = (size_t)32 << 20};
    if (!arena)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_data_read(arena, relative, &text, &bytes, err);
    if (status == RG_OK)
        status = rg_sandbox_new(&options, &box, err);
    if (status == RG_OK)
        status = rg_sandbox_run(box, relative, text, bytes, 1, err);
    if (status == RG_OK)
        status = rg_lua_to_json(rg_sandbox_lua(box), -1, relative, ret_table, err);
    rg_sandbox_free(box);
    rg_arena_free(arena);
    return status;
}
