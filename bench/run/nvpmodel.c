/* nvpmodel.c: sets a power mode by the board's own program. It is never told yes: where it asks to
 * restart the machine, it reads the end of its input and the mode is refused. */
#include "bench/run/nvpmodel.h"

#include <stdio.h>
#include <string.h>

#include "bench/run/tool.h"

enum { LIMIT_S = 30, WORDS_BYTES = 2048 };

static const char *last_line(char *words) {
    size_t n = strlen(words);
    while (n && (words[n - 1] == '\n' || words[n - 1] == ' '))
        words[--n] = '\0';
    char *line = strrchr(words, '\n');
    return line ? line + 1 : words;
}

static bool asks_for_restart(const char *words) {
    return strstr(words, "eboot") || strstr(words, "REBOOT");
}

static bool is_mode(rg_root *root, int id) {
    rg_power_modes modes;
    return rg_power_modes_read(root, &modes, NULL) == RG_OK && modes.now == id;
}

static rg_status judge(rg_root *root, int id, rg_status ran, char *words, rg_err *err) {
    if (asks_for_restart(words))
        return rg_fail(err, RG_UNSUPPORTED,
                       "set it by hand, restart, and measure there without power_mode",
                       "nvpmodel -m %d asks for a restart", id);
    if (ran != RG_OK)
        return rg_fail(err, RG_FAILED, "run it by hand to see why", "nvpmodel -m %d failed: %s", id,
                       last_line(words));
    if (!is_mode(root, id))
        return rg_fail(err, RG_FAILED, "run it by hand to see why",
                       "nvpmodel -m %d ran, but the mode is another", id);
    return RG_OK;
}

rg_status rg_power_mode_set(rg_root *root, int id, rg_err *err) {
    char program[4096], number[16], words[WORDS_BYTES], option[] = "-m";
    char *const argv[] = {program, option, number, NULL};
    snprintf(number, sizeof number, "%d", id);
    if (!rg_root_is_writable(root))
        return rg_fail(err, RG_UNSUPPORTED, NULL,
                       "the state of a recorded machine is never changed");
    if (is_mode(root, id))
        return RG_OK;
    if (rg_tool_find(root, RG_NVPMODEL, program, sizeof program) != RG_OK)
        return rg_fail(err, RG_ABSENT, "install the board's nvpmodel package",
                       "there is no " RG_NVPMODEL " to set a power mode with");
    rg_status ran = rg_tool_run(argv, LIMIT_S, words, sizeof words, NULL);
    return judge(root, id, ran, words, err);
}
