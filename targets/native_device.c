/* native_device.c: the processor of a machine in words, from what Linux tells of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targets/native.h"

/* Copies the value of the first "key : value" line; false when there is none. */
static bool value_of(const char *text, const char *key, char *ret, size_t cap) {
    size_t n = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, n))
            continue;
        const char *at = line + n + strspn(line + n, " \t");
        if (*at != ':')
            continue;
        at += 1 + strspn(at + 1, " \t");
        snprintf(ret, cap, "%.*s", (int)strcspn(at, "\n"), at);
        return *ret != '\0';
    }
    return false;
}

static void read_model(rg_root *root, char *ret, size_t cap) {
    static const char *const keys[] = {"model name", "Hardware", "cpu model", "Processor"};
    snprintf(ret, cap, "unknown model");
    char *text = malloc(65536);
    bool found = false;
    if (text && rg_root_read(root, "/proc/cpuinfo", text, 65536, NULL) == RG_OK) {
        for (size_t i = 0; !found && i < sizeof keys / sizeof keys[0]; i++)
            found = value_of(text, keys[i], ret, cap);
    }
    free(text);
    char board[96];
    if (!found &&
        rg_root_read(root, "/proc/device-tree/model", board, sizeof board, NULL) == RG_OK &&
        board[0])
        snprintf(ret, cap, "cores of %.90s", board);
}

/* CPUs in a list such as "0-3,6"; 0 when it cannot be read. */
static unsigned count_listed(const char *list) {
    unsigned count = 0;
    while (*list >= '0' && *list <= '9') {
        char *end;
        unsigned long first = strtoul(list, &end, 10), last = first;
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        if (last < first || last - first > 65535)
            return 0;
        count += (unsigned)(last - first + 1);
        list = *end == ',' ? end + 1 : end;
    }
    return count;
}

typedef struct core_count {
    rg_root *root;
    unsigned cores;
} core_count;

/* A CPU counts as a core when it is the first one in its core's list of siblings. */
static bool count_core(const char *name, void *user) {
    core_count *count = user;
    char path[160], siblings[256], *end;
    if (strncmp(name, "cpu", 3) || name[3] < '0' || name[3] > '9')
        return true;
    unsigned long cpu = strtoul(name + 3, &end, 10);
    if (*end)
        return true;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%lu/topology/thread_siblings_list",
             cpu);
    if (rg_root_read(count->root, path, siblings, sizeof siblings, NULL) == RG_OK)
        count->cores += strtoul(siblings, NULL, 10) == cpu;
    return true;
}

void rg_native_describe(rg_root *root, char *ret, size_t cap) {
    char model[128], online[256] = "";
    core_count count = {root, 0};
    read_model(root, model, sizeof model);
    rg_root_list(root, "/sys/devices/system/cpu", count_core, &count);
    rg_root_read(root, "/sys/devices/system/cpu/online", online, sizeof online, NULL);
    unsigned cpus = count_listed(online), cores = count.cores ? count.cores : cpus;
    if (!cores)
        snprintf(ret, cap, "%s", model);
    else if (cpus > cores)
        snprintf(ret, cap, "%u cores (%u threads), %s", cores, cpus, model);
    else
        snprintf(ret, cap, "%u core%s, %s", cores, cores == 1 ? "" : "s", model);
}
