/* settingcheck.c: whether a power mode and a governor can be set, without touching them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/text.h"
#include "bench/run/nvpmodel.h"
#include "bench/run/setting.h"

#define POLICY0 "/sys/devices/system/cpu/cpufreq/policy0"

static const char *mode_at(size_t i, void *user) {
    const rg_power_modes *modes = user;
    return i < modes->n ? modes->items[i].name : NULL;
}

static rg_status no_such_mode(rg_power_modes *modes, const char *word, rg_err *err) {
    char advice[512];
    size_t used = (size_t)snprintf(advice, sizeof advice, "one of:");
    for (size_t i = 0; i < modes->n && used < sizeof advice - 64; i++)
        used += (size_t)snprintf(advice + used, sizeof advice - used, " %s", mode_at(i, modes));
    return rg_fail(err, RG_UNSUPPORTED, advice, "this machine has no power mode '%s'", word);
}

/* What a mode gates is fused in when the system starts (nvpmodel asks for a restart then). */
static bool needs_restart(const rg_power_modes *modes, const rg_power_mode *mode) {
    char number[16];
    snprintf(number, sizeof number, "%d", modes->now);
    const rg_power_mode *now = rg_power_mode_find(modes, number);
    return now && strcmp(now->gates, mode->gates) != 0;
}

static rg_status check_found_mode(rg_root *root, rg_power_modes *modes, const char *word,
                                  rg_err *err) {
    const rg_power_mode *mode = rg_power_mode_find(modes, word);
    if (!mode)
        return no_such_mode(modes, word, err);
    if (mode->id == modes->now)
        return RG_OK;
    if (modes->now < 0)
        return rg_fail(err, RG_UNSUPPORTED, "sudo nvpmodel -m MODE once, by hand",
                       "the present power mode is not known, so it could not be put back");
    if (needs_restart(modes, mode))
        return rg_fail(err, RG_UNSUPPORTED,
                       "set it by hand (sudo nvpmodel -m), restart, and measure there without "
                       "power_mode",
                       "power mode '%s' gates other parts of the chip than the present one: it "
                       "needs a restart",
                       word);
    if (!rg_root_exists(root, RG_NVPMODEL))
        return rg_fail(err, RG_ABSENT, "install the board's nvpmodel package",
                       "there is no " RG_NVPMODEL " to set a power mode with");
    if (rg_root_is_live(root) && geteuid() != 0)
        return rg_fail(err, RG_DENIED, "run as root (sudo railgauge run ...)",
                       "only root may set a power mode");
    return RG_OK;
}

static rg_status check_mode(rg_root *root, const char *word, rg_err *err) {
    rg_power_modes *modes = malloc(sizeof *modes);
    if (!modes)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_power_modes_read(root, modes, NULL);
    if (status == RG_OK)
        status = check_found_mode(root, modes, word, err);
    else
        status = rg_fail(err, RG_ABSENT, "leave power_mode out on this machine",
                         "there are no power modes here (no /etc/nvpmodel.conf)");
    free(modes);
    return status;
}

static bool is_among(const char *words, const char *word) {
    size_t n = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += n) {
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return true;
    }
    return false;
}

static rg_status check_governor(rg_root *root, const char *word, rg_err *err) {
    char words[256], advice[300];
    if (!rg_root_exists(root, POLICY0 "/scaling_governor"))
        return rg_fail(err, RG_ABSENT, "leave governor out on this machine",
                       "there is no cpufreq here, so no governor");
    if (rg_root_read(root, POLICY0 "/scaling_available_governors", words, sizeof words, NULL) ==
            RG_OK &&
        !is_among(words, word)) {
        snprintf(advice, sizeof advice, "one of: %s", words);
        return rg_fail(err, RG_UNSUPPORTED, advice, "this machine has no governor '%s'", word);
    }
    if (rg_root_is_live(root) && access(POLICY0 "/scaling_governor", W_OK))
        return rg_fail(err, RG_DENIED, "run as root (sudo railgauge run ...)",
                       "the governor cannot be written by this user");
    return RG_OK;
}

rg_status rg_setting_check(rg_root *root, const rg_setting *setting, rg_err *err) {
    rg_status status = RG_OK;
    if (!*setting->power_mode && !*setting->governor)
        return RG_OK;
    if (!rg_root_is_writable(root))
        return rg_fail(err, RG_UNSUPPORTED, "run on the machine itself",
                       "the state of a recorded machine is never changed");
    if (*setting->power_mode)
        status = check_mode(root, setting->power_mode, err);
    if (status == RG_OK && *setting->governor)
        status = check_governor(root, setting->governor, err);
    return status;
}
