/* host.c: the machine's fingerprint, from /proc, /sys and hwloc. */
#include "bench/run/host.h"

#include <gnu/libc-version.h>
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/core/json.h"

/* The value of "key : value" in a /proc/cpuinfo-like text; empty when absent. */
static void line_value(const char *text, const char *key, char *ret, size_t cap) {
    ret[0] = '\0';
    size_t n = strlen(key);
    for (const char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        if (strncmp(at, key, n))
            continue;
        const char *colon = strpbrk(at, ":=\n");
        if (!colon || *colon == '\n')
            continue;
        colon += 1 + strspn(colon + 1, " \t\"");
        snprintf(ret, cap, "%.*s", (int)strcspn(colon, "\n\""), colon);
        return;
    }
}

static void set_text(json_t *object, const char *key, const char *text) {
    if (text && *text)
        json_object_set_new(object, key, json_string(text));
}

/* Reads a whole file of up to 64 KiB; the caller frees. NULL when unreadable. */
static char *slurp(rg_root *root, const char *path) {
    enum { CAP = 65536 };
    char *text = malloc(CAP);
    if (text && rg_root_read(root, path, text, CAP, NULL) == RG_OK)
        return text;
    free(text);
    return NULL;
}

static size_t count_lines_with(const char *text, const char *key) {
    size_t n = 0, length = strlen(key);
    for (const char *at = text; (at = strstr(at, key)); at += length)
        n += at == text || at[-1] == '\n';
    return n;
}

/* Instruction-set extensions that decide how fast int8 can be, in the kernel's words. */
static void add_cpu_flags(json_t *facts, const char *cpuinfo) {
    static const char *const of_interest[] = {"sse4_2",   "avx",      "avx2",     "fma",
                                              "avx512f",  "avx512bw", "avx512vl", "avx512_vnni",
                                              "avx_vnni", "amx_int8", "asimd",    "asimddp",
                                              "i8mm",     "sve",      "sve2",     "asimdhp"};
    char line[4096];
    line_value(cpuinfo, "flags", line, sizeof line);
    if (!line[0])
        line_value(cpuinfo, "Features", line, sizeof line);
    json_t *flags = json_array();
    for (char *save, *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        for (size_t i = 0; i < sizeof of_interest / sizeof of_interest[0]; i++) {
            if (!strcmp(word, of_interest[i]))
                json_array_append_new(flags, json_string(word));
        }
    }
    json_object_set_new(facts, "cpu_flags", flags);
}

static void add_cpu(rg_root *root, json_t *facts) {
    char *cpuinfo = slurp(root, "/proc/cpuinfo");
    if (!cpuinfo)
        return;
    char text[256];
    line_value(cpuinfo, "model name", text, sizeof text);
    if (!text[0])
        line_value(cpuinfo, "CPU part", text, sizeof text);
    set_text(facts, "cpu", text);
    line_value(cpuinfo, "microcode", text, sizeof text);
    set_text(facts, "microcode", text);
    json_object_set_new(facts, "threads",
                        json_integer((json_int_t)count_lines_with(cpuinfo, "processor")));
    if (strstr(cpuinfo, " hypervisor"))
        json_object_set_new(facts, "hypervisor", json_true());
    add_cpu_flags(facts, cpuinfo);
    free(cpuinfo);
}

static void add_board(rg_root *root, json_t *facts) {
    static const char *const places[] = {"/proc/device-tree/model",
                                         "/sys/firmware/devicetree/base/model",
                                         "/sys/class/dmi/id/product_name"};
    char text[256];
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (rg_root_read(root, places[i], text, sizeof text, NULL) == RG_OK && text[0]) {
            set_text(facts, "board", text);
            return;
        }
    }
}

static void add_system(rg_root *root, json_t *facts) {
    char text[256], *release = slurp(root, "/etc/os-release"),
                    *memory = slurp(root, "/proc/meminfo");
    if (release) {
        line_value(release, "PRETTY_NAME", text, sizeof text);
        set_text(facts, "os", text);
    }
    if (memory) {
        line_value(memory, "MemTotal", text, sizeof text);
        json_object_set_new(facts, "memory_bytes", json_integer(atoll(text) * 1024));
    }
    free(release);
    free(memory);
    if (rg_root_read(root, "/proc/sys/kernel/osrelease", text, sizeof text, NULL) == RG_OK)
        set_text(facts, "kernel", text);
    if (rg_root_read(root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", text,
                     sizeof text, NULL) == RG_OK)
        set_text(facts, "governor", text);
    if (rg_root_read(root, "/proc/cmdline", text, sizeof text, NULL) == RG_OK &&
        strstr(text, "isolcpus"))
        set_text(facts, "isolated_cpus", strstr(text, "isolcpus"));
}

static void add_caches(hwloc_topology_t topology, json_t *facts) {
    static const hwloc_obj_type_t types[] = {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE,
                                             HWLOC_OBJ_L3CACHE};
    json_t *caches = json_array();
    for (int i = 0; i < 3; i++) {
        hwloc_obj_t obj = hwloc_get_obj_by_type(topology, types[i], 0);
        if (obj)
            json_array_append_new(caches, json_pack("{s:i, s:I, s:i}", "level", i + 1, "bytes",
                                                    (json_int_t)obj->attr->cache.size, "count",
                                                    hwloc_get_nbobjs_by_type(topology, types[i])));
    }
    json_object_set_new(facts, "caches", caches);
}

static void add_topology(json_t *facts) {
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology) < 0)
        return;
    if (hwloc_topology_load(topology) == 0) {
        json_object_set_new(facts, "packages",
                            json_integer(hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PACKAGE)));
        json_object_set_new(facts, "cores",
                            json_integer(hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE)));
        add_caches(topology, facts);
    }
    hwloc_topology_destroy(topology);
}

json_t *rg_host_facts(rg_root *root) {
    json_t *facts = json_object();
    add_board(root, facts);
    add_cpu(root, facts);
    add_system(root, facts);
    if (rg_root_is_live(root)) {
        struct utsname name;
        if (uname(&name) == 0)
            set_text(facts, "arch", name.machine);
        set_text(facts, "libc", gnu_get_libc_version());
        add_topology(facts);
    } else {
        set_text(facts, "root", rg_root_path(root));
    }
    return facts;
}
