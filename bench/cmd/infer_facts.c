/* infer_facts.c: settings in force and memory in use, for the JSON form of `railgauge infer`. */
#include "bench/cmd/infer_facts.h"

#include <string.h>

json_t *rg_infer_effective_json(const rg_target *target, const rg_program *program) {
    char effective[1024] = "";
    if (target->effective)
        target->effective(program, effective, sizeof effective);
    json_t *settings = json_object();
    char *save = NULL;
    for (char *line = strtok_r(effective, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *equals = strchr(line, '=');
        if (equals) {
            *equals = '\0';
            json_object_set_new(settings, line, json_string(equals + 1));
        }
    }
    return settings;
}

json_t *rg_infer_memory_json(const rg_target *target, const rg_program *program) {
    rg_memory memory = RG_MEMORY_UNKNOWN;
    if (target->usage)
        target->usage(program, &memory);
    const struct {
        const char *key;
        int64_t value;
    } rows[] = {{"arena_bytes", memory.arena_bytes},
                {"arena_bound_bytes", memory.arena_bound_bytes},
                {"weights_bytes", memory.weights_bytes},
                {"device_bytes", memory.device_bytes},
                {"packed_bytes", memory.packed_bytes},
                {"scratch_bytes", memory.scratch_bytes},
                {"pack_ns", memory.pack_ns}};
    json_t *known = json_object();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].value >= 0)
            json_object_set_new(known, rows[i].key, json_integer(rows[i].value));
    }
    return known;
}
