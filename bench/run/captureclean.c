/* captureclean.c: what names a machine or its owner goes out of a captured file. */
#include <ctype.h>
#include <string.h>

#include "bench/run/capture.h"

/* Keeps the lines for which `wanted` is true. */
static bool keep_lines(char *text, size_t *bytes, bool (*wanted)(const char *line)) {
    size_t kept = 0, at = 0;
    while (at < *bytes) {
        const char *end = memchr(text + at, '\n', *bytes - at);
        size_t n = end ? (size_t)(end - text) + 1 - at : *bytes - at;
        if (wanted(text + at)) {
            memmove(text + kept, text + at, n);
            kept += n;
        }
        at += n;
    }
    bool changed = kept != *bytes;
    *bytes = kept;
    text[kept] = '\0';
    return changed;
}

static bool is_no_serial(const char *line) {
    return strncmp(line, "Serial", 6) != 0;
}

static bool is_of_processors(const char *line) {
    return !strncmp(line, "cpu", 3);
}

/* Words of the command line that change speed; the rest may hold disks, addresses, tokens. */
static bool is_about_speed(const char *word, size_t n) {
    static const char *const keys[] = {"isolcpus",
                                       "nohz_full",
                                       "rcu_nocbs",
                                       "irqaffinity",
                                       "maxcpus",
                                       "nr_cpus",
                                       "nosmt",
                                       "mitigations",
                                       "idle",
                                       "intel_pstate",
                                       "amd_pstate",
                                       "intel_idle.max_cstate",
                                       "processor.max_cstate",
                                       "cpufreq.default_governor",
                                       "cpuidle.off",
                                       "preempt",
                                       "clocksource",
                                       "tsc",
                                       "transparent_hugepage"};
    size_t key = 0;
    while (key < n && word[key] != '=')
        key++;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strlen(keys[i]) == key && !strncmp(word, keys[i], key))
            return true;
    }
    return false;
}

static bool keep_words(char *text, size_t *bytes) {
    size_t kept = 0, was = *bytes;
    for (char *at = text; *at;) {
        size_t n = strcspn(at, " \n");
        if (n && is_about_speed(at, n)) {
            if (kept)
                text[kept++] = ' ';
            memmove(text + kept, at, n);
            kept += n;
        }
        at += n + (at[n] != '\0');
    }
    text[kept++] = '\n'; /* it had one, or a word more */
    text[kept] = '\0';
    *bytes = kept;
    return kept != was;
}

/* "aa:bb:cc:dd:ee:ff", with nothing of the kind before or behind it. */
static bool is_address(const char *text, const char *at) {
    for (int i = 0; i < 17; i++) {
        bool right = i % 3 == 2 ? at[i] == ':' : isxdigit((unsigned char)at[i]) != 0;
        if (!right)
            return false;
    }
    bool begins = at == text || (!isxdigit((unsigned char)at[-1]) && at[-1] != ':');
    return begins && !isxdigit((unsigned char)at[17]) && at[17] != ':';
}

static bool blank_addresses(char *text, size_t bytes) {
    bool changed = false;
    for (size_t at = 0; at + 17 <= bytes; at++) {
        if (!is_address(text, text + at))
            continue;
        memcpy(text + at, "00:00:00:00:00:00", 17);
        changed = true;
    }
    return changed;
}

bool rg_capture_clean(const char *path, char *text, size_t *bytes) {
    bool changed = false;
    if (!strcmp(path, "/proc/cpuinfo"))
        changed |= keep_lines(text, bytes, is_no_serial);
    if (!strcmp(path, "/proc/stat"))
        keep_lines(text, bytes, is_of_processors);
    if (!strcmp(path, "/proc/cmdline") && *bytes)
        changed |= keep_words(text, bytes);
    return blank_addresses(text, *bytes) || changed;
}
