/* hostmode.c: the power mode of a Jetson, from the files that nvpmodel reads and writes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/run/host_priv.h"
#include "bench/run/nvpmodel.h"

enum { CONF_BYTES = 131072 };

static bool take_mode(const char *line, rg_power_modes *modes) {
    rg_power_mode mode = {0};
    if (sscanf(line, "< POWER_MODEL ID=%d NAME=%47[^ \t>]", &mode.id, mode.name) != 2 ||
        modes->n == RG_MAX_POWER_MODES)
        return false;
    modes->items[modes->n++] = mode;
    return true;
}

/* Lines such as "TPC_POWER_GATING TPC_PG_MASK 248": what is fused off at the start. */
static void take_gate(const char *line, rg_power_modes *modes) {
    if (!modes->n || !strstr(line, "PG_MASK"))
        return;
    char *gates = modes->items[modes->n - 1].gates;
    size_t used = strlen(gates);
    snprintf(gates + used, sizeof modes->items[0].gates - used, "%s\n", line);
}

static void take_line(const char *line, rg_power_modes *modes) {
    int preset;
    if (sscanf(line, "< PM_CONFIG DEFAULT=%d", &preset) == 1)
        modes->now = preset;
    else if (!take_mode(line, modes) && line[0] != '#' && line[0] != '<')
        take_gate(line, modes);
}

/* "pmode:0002"; without it the mode of the start holds, which the table tells. */
static void take_status(rg_root *root, rg_power_modes *modes) {
    char text[64];
    int id;
    if (rg_root_read(root, "/var/lib/nvpmodel/status", text, sizeof text, NULL) == RG_OK &&
        sscanf(text, "pmode:%d", &id) == 1)
        modes->now = id;
}

rg_status rg_power_modes_read(rg_root *root, rg_power_modes *ret_modes, rg_err *err) {
    rg_power_modes *modes = ret_modes;
    char *text = malloc(CONF_BYTES), *save;
    if (!text)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_root_read(root, "/etc/nvpmodel.conf", text, CONF_BYTES, err);
    memset(modes, 0, sizeof *modes);
    modes->now = -1;
    for (char *line = status == RG_OK ? strtok_r(text, "\n", &save) : NULL; line;
         line = strtok_r(NULL, "\n", &save))
        take_line(line, modes);
    free(text);
    if (status == RG_OK && modes->n == 0)
        status = rg_fail(err, RG_ABSENT, NULL, "/etc/nvpmodel.conf holds no power mode");
    if (status == RG_OK)
        take_status(root, modes);
    return status;
}

const rg_power_mode *rg_power_mode_find(const rg_power_modes *modes, const char *word) {
    char number[16];
    for (size_t i = 0; i < modes->n; i++) {
        snprintf(number, sizeof number, "%d", modes->items[i].id);
        if (!strcmp(modes->items[i].name, word) || !strcmp(number, word))
            return &modes->items[i];
    }
    return NULL;
}

void rg_state_mode(rg_root *root, json_t *state) {
    rg_power_modes *modes = malloc(sizeof *modes);
    char number[16];
    if (modes && rg_power_modes_read(root, modes, NULL) == RG_OK && modes->now >= 0) {
        snprintf(number, sizeof number, "%d", modes->now);
        const rg_power_mode *mode = rg_power_mode_find(modes, number);
        json_object_set_new(state, "power_mode", json_string(mode ? mode->name : number));
        json_object_set_new(state, "power_mode_id", json_integer(modes->now));
    }
    free(modes);
}
