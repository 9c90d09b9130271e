/* rgmodule.c: values that scenarios write: models, files, suites, operator cases, ranges, the
 * board; and the table `rg` itself, which names the nearest function for a wrong one. */
#include "bench/run/rgmodule.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "bench/core/fs.h"
#include "bench/core/text.h"
#include "bench/iface/registry.h"
#include "bench/run/sandbox.h"
#include "bench/run/suite.h"

enum { MAX_RANGE = 100000 };

rg_script_host *rg_module_host(lua_State *lua) {
    return rg_sandbox_user(lua);
}

/* --- checks
 * ---------------------------------------------------------------------------------------- */

void rg_module_check_keys(lua_State *lua, int index, const rg_schema *schema, int n_places,
                          const char *also) {
    char worst[128] = "";
    index = lua_absindex(lua, index);
    for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1)) {
        const char *key = lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : NULL;
        if (key && (rg_field_find(schema->fields, key) || (also && !strcmp(also, key))))
            continue;
        if (!key && lua_isinteger(lua, -2) && lua_tointeger(lua, -2) >= 1 &&
            lua_tointeger(lua, -2) <= n_places)
            continue;
        if (!key)
            rg_sandbox_raise(lua, "write name = value",
                             "a %s has no place for a value without "
                             "a name",
                             schema->name);
        if (!*worst || strcmp(key, worst) < 0)
            snprintf(worst, sizeof worst, "%s", key);
    }
    rg_err err = RG_ERR_INIT;
    if (*worst && rg_schema_check_key(schema, worst, &err) != RG_OK)
        rg_sandbox_raise_err(lua, &err);
}

bool rg_module_is_list(lua_State *lua, int index) {
    index = lua_absindex(lua, index);
    if (!lua_istable(lua, index))
        return false;
    bool list = true;
    for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1))
        list &= lua_isinteger(lua, -2);
    return list;
}

/* --- models, files, suites
 * ------------------------------------------------------------------------- */

bool rg_module_is_suite_model(const char *name) {
    return rg_script_row_find(rg_suite_models, name) != NULL;
}

const char *rg_module_path(lua_State *lua, const char *base, const char *path) {
    rg_script_host *host = rg_module_host(lua);
    const char *full =
        *path == '/' ? rg_arena_strdup(host->arena, path) : rg_fs_join(host->arena, base, path);
    if (!full)
        rg_sandbox_raise(lua, NULL, "out of memory");
    return full;
}

static const char *suite_at(size_t i, void *user) {
    (void)user;
    return rg_suite_models[i].name;
}

static void raise_no_model(lua_State *lua, const char *name, const char *path) {
    char advice[384];
    const char *near = rg_text_nearest(name, suite_at, NULL);
    snprintf(advice, sizeof advice,
             "%s%s%spaths written in a script start at its folder, those given by --set at the "
             "current directory; `railgauge list models` shows the suite",
             near ? "did you mean '" : "", near ? near : "", near ? "'? " : "");
    rg_sandbox_raise(lua, advice, "there is no suite model '%s' and no file %s", name, path);
}

void rg_module_push_model(lua_State *lua, const char *name) {
    bool suite = rg_module_is_suite_model(name);
    const char *path = suite ? NULL : rg_module_path(lua, rg_module_host(lua)->folder, name);
    if (!suite && (!rg_fs_exists(path) || rg_fs_is_dir(path)))
        raise_no_model(lua, name, path);
    lua_createtable(lua, 0, 2);
    lua_pushstring(lua, suite ? name : path);
    lua_setfield(lua, -2, suite ? "model" : "file");
}

/* Argument 2, the workload's logical name, into the table on top. */
static void name_workload(lua_State *lua) {
    if (lua_isnoneornil(lua, 2))
        return;
    lua_pushstring(lua, luaL_checkstring(lua, 2));
    lua_setfield(lua, -2, "workload");
}

static int model(lua_State *lua) {
    lua_settop(lua, 2);
    rg_module_push_model(lua, luaL_checkstring(lua, 1));
    name_workload(lua);
    return 1;
}

static int file(lua_State *lua) {
    lua_settop(lua, 2);
    const char *name = luaL_checkstring(lua, 1);
    const char *path = rg_module_path(lua, rg_module_host(lua)->folder, name);
    if (!rg_fs_exists(path) || rg_fs_is_dir(path))
        rg_sandbox_raise(lua,
                         "paths written in a script start at its folder, those given by --set "
                         "at the current directory",
                         "there is no file %s", path);
    lua_createtable(lua, 0, 2);
    lua_pushstring(lua, path);
    lua_setfield(lua, -2, "file");
    name_workload(lua);
    return 1;
}

/* A model without operators: what a call alone costs, and work for `sim`. */
static int empty(lua_State *lua) {
    lua_settop(lua, 2);
    lua_Integer bytes = luaL_optinteger(lua, 1, 64);
    luaL_argcheck(lua, bytes >= 1 && bytes <= 1000000000, 1, "1 to 1000000000 bytes");
    lua_createtable(lua, 0, 2);
    lua_pushinteger(lua, bytes);
    lua_setfield(lua, -2, "empty");
    name_workload(lua);
    return 1;
}

/* rg.suite("ops"): the rows of models/suite/lib/opsuite.lua, as cells that name their layers. */
static int suite_of_ops(lua_State *lua) {
    lua_getglobal(lua, "require");
    lua_pushliteral(lua, "opsuite");
    lua_call(lua, 1, 1);
    lua_newtable(lua);
    for (lua_Integer i = 1; lua_rawgeti(lua, -2, i) == LUA_TTABLE; i++) {
        lua_createtable(lua, 0, 2);
        lua_getfield(lua, -2, "case");
        lua_setfield(lua, -2, "op");
        lua_getfield(lua, -2, "name");
        lua_setfield(lua, -2, "workload");
        lua_rawseti(lua, -3, i);
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    return 1;
}

static int suite(lua_State *lua) {
    const char *name = luaL_checkstring(lua, 1), *models[RG_SUITE_MOST_NAMES];
    const rg_suite_set *set = rg_suite_sets;
    size_t n = 0;
    if (!strcmp(name, "ops"))
        return suite_of_ops(lua);
    while (set->name && strcmp(set->name, name) != 0)
        set++;
    if (!set->name || rg_suite_names(name, models, &n, NULL) != RG_OK)
        rg_sandbox_raise(lua, "one of: tiny mobile vision language ci all ops",
                         "there is no suite '%s'", name);
    lua_newtable(lua);
    for (size_t i = 0; i < n; i++) {
        rg_module_push_model(lua, models[i]);
        lua_rawseti(lua, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* --- operator cases
 * -------------------------------------------------------------------------------- */

static const char *kind_at(size_t i, void *user) {
    (void)user;
    return rg_ops[i] ? rg_ops[i]->kind : NULL;
}

static int op(lua_State *lua) {
    const char *kind = luaL_checkstring(lua, 1);
    luaL_checktype(lua, 2, LUA_TTABLE);
    bool known = false;
    for (size_t i = 0; rg_ops[i]; i++)
        known |= !strcmp(rg_ops[i]->kind, kind);
    if (!known) {
        char advice[160];
        const char *near = rg_text_nearest(kind, kind_at, NULL);
        snprintf(advice, sizeof advice, "%s%s%s`railgauge list ops` shows them",
                 near ? "did you mean '" : "", near ? near : "", near ? "'? " : "");
        rg_sandbox_raise(lua, advice, "there is no operator '%s'", kind);
    }
    rg_module_check_keys(lua, 2, &rg_schema_op, 0, NULL);
    if (lua_getfield(lua, 2, "input") != LUA_TTABLE)
        rg_sandbox_raise(lua, "write input = {1, 56, 56, 64}",
                         "an operator case needs its input's shape");
    lua_settop(lua, 2);
    lua_newtable(lua); /* {op = {kind = ..., all of argument 2}} */
    lua_newtable(lua);
    for (lua_pushnil(lua); lua_next(lua, 2);) {
        lua_pushvalue(lua, -2);
        lua_insert(lua, -2);
        lua_rawset(lua, -4);
    }
    lua_pushstring(lua, kind);
    lua_setfield(lua, -2, "kind");
    lua_setfield(lua, -2, "op");
    return 1;
}

/* --- ranges
 * ---------------------------------------------------------------------------------------- */

/* The step of rg.range: 2, "+2" or "*2". Returns the factor flag. */
static bool read_step(lua_State *lua, double *ret_step) {
    *ret_step = 1;
    if (lua_isnoneornil(lua, 3))
        return false;
    bool text = lua_type(lua, 3) == LUA_TSTRING;
    const char *word = text ? lua_tostring(lua, 3) : "";
    bool times = *word == '*';
    char *end = (char *)word;
    *ret_step = text ? strtod(word + (*word == '*' || *word == '+'), &end)
                     : (double)luaL_checknumber(lua, 3);
    if ((text && (*end || end == word)) || (times && *ret_step <= 1) || *ret_step == 0)
        rg_sandbox_raise(lua, "such as rg.range(1, 64, \"*2\") or rg.range(0, 10, 2)",
                         "rg.range: '%s' is no step", lua_tostring(lua, 3));
    return times;
}

static int range(lua_State *lua) {
    double at = luaL_checknumber(lua, 1), last = luaL_checknumber(lua, 2), step;
    bool times = read_step(lua, &step);
    if (times && at <= 0)
        rg_sandbox_raise(lua, "start at 1 or more", "rg.range by '*' must start above 0");
    lua_newtable(lua);
    for (lua_Integer n = 1; step > 0 ? at <= last : at >= last; n++) {
        if (n > MAX_RANGE)
            rg_sandbox_raise(lua, "take a larger step", "rg.range has more than %d items",
                             MAX_RANGE);
        if (at == (double)(lua_Integer)at)
            lua_pushinteger(lua, (lua_Integer)at);
        else
            lua_pushnumber(lua, at);
        lua_rawseti(lua, -2, n);
        at = times ? at * step : at + step;
    }
    return 1;
}

/* --- the board
 * ------------------------------------------------------------------------------------- */

/* The text after "name:" on the first such line of /proc/cpuinfo; "" where there is none. */
static void cpuinfo_value(const char *cpuinfo, const char *name, char *ret, size_t cap) {
    *ret = '\0';
    for (const char *line = cpuinfo; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        size_t length = strlen(name);
        const char *rest = line + length;
        if (strncmp(line, name, length) || !strchr("\t :", *rest))
            continue;
        rest += strspn(rest, "\t :");
        snprintf(ret, cap, "%.*s", (int)strcspn(rest, "\n"), rest);
        return;
    }
}

static lua_Integer count_cores(const char *cpuinfo) {
    lua_Integer n = 0;
    for (const char *at = cpuinfo; (at = strstr(at, "processor")); at++)
        n += (at == cpuinfo || at[-1] == '\n') && strchr("\t :", at[9]);
    return n;
}

/* The architecture: uname's word on this machine; on a recorded one, what its files tell. */
static void arch_of(rg_root *root, const char *cpuinfo, char *ret, size_t cap) {
    struct utsname name;
    char word[64];
    if (rg_root_is_live(root) && uname(&name) == 0)
        snprintf(ret, cap, "%s", name.machine);
    else if (rg_root_read(root, "/proc/sys/kernel/arch", word, sizeof word, NULL) == RG_OK)
        snprintf(ret, cap, "%s", word);
    else if (cpuinfo_value(cpuinfo, "CPU architecture", word, sizeof word), *word)
        snprintf(ret, cap, "%s", strcmp(word, "8") < 0 ? "armv7l" : "aarch64");
    else
        snprintf(ret, cap, "%s",
                 strstr(cpuinfo, "GenuineIntel") || strstr(cpuinfo, "AuthenticAMD") ? "x86_64"
                                                                                    : "unknown");
}

static void model_of(rg_root *root, const char *cpuinfo, char *ret, size_t cap) {
    static const char *const places[] = {"/proc/device-tree/model",
                                         "/sys/firmware/devicetree/base/model",
                                         "/sys/devices/virtual/dmi/id/product_name"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (rg_root_read(root, places[i], ret, cap, NULL) == RG_OK && *ret)
            return;
    }
    cpuinfo_value(cpuinfo, "model name", ret, cap);
}

/* {arch, cores, model, cpu} of the machine that the run is for. */
static int board(lua_State *lua) {
    rg_script_host *host = rg_module_host(lua);
    enum { CAP = 1 << 20 };
    char *cpuinfo = rg_arena_alloc(host->arena, CAP);
    rg_root *root = host->args->root;
    rg_err err = RG_ERR_INIT;
    if (!cpuinfo || (!root && rg_root_open(NULL, &root, &err) != RG_OK))
        rg_sandbox_raise(lua, err.advice, "the board cannot be read: %s", err.what);
    if (rg_root_read(root, "/proc/cpuinfo", cpuinfo, CAP, NULL) != RG_OK)
        *cpuinfo = '\0';
    char arch[96], name[192], cpu[192];
    arch_of(root, cpuinfo, arch, sizeof arch);
    model_of(root, cpuinfo, name, sizeof name);
    cpuinfo_value(cpuinfo, "model name", cpu, sizeof cpu);
    if (!host->args->root)
        rg_root_close(root);
    lua_newtable(lua);
    lua_pushstring(lua, arch);
    lua_setfield(lua, -2, "arch");
    lua_pushinteger(lua, count_cores(cpuinfo));
    lua_setfield(lua, -2, "cores");
    lua_pushstring(lua, name);
    lua_setfield(lua, -2, "model");
    lua_pushstring(lua, cpu);
    lua_setfield(lua, -2, "cpu");
    return 1;
}

/* --- the table
 * ------------------------------------------------------------------------------------- */

static const luaL_Reg functions[] = {{"scenario", rg_module_scenario},
                                     {"option", rg_module_option},
                                     {"matrix", rg_module_matrix},
                                     {"zip", rg_module_zip},
                                     {"range", range},
                                     {"model", model},
                                     {"file", file},
                                     {"suite", suite},
                                     {"empty", empty},
                                     {"op", op},
                                     {"board", board},
                                     {"opt", NULL},
                                     {NULL, NULL}};

static const char *function_at(size_t i, void *user) {
    (void)user;
    return functions[i].name;
}

static int unknown_function(lua_State *lua) {
    const char *name = luaL_checkstring(lua, 2);
    const char *near = rg_text_nearest(name, function_at, NULL);
    char advice[128];
    snprintf(advice, sizeof advice, near ? "did you mean rg.%s?" : "docs/request.md lists them",
             near);
    rg_sandbox_raise(lua, advice, "there is no rg.%s", name);
}

static void set_index(lua_State *lua, lua_CFunction index) {
    lua_newtable(lua);
    lua_pushcfunction(lua, index);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
}

void rg_module_open(lua_State *lua, void *user) {
    (void)user;
    lua_newtable(lua);
    for (const luaL_Reg *f = functions; f->name; f++) {
        if (f->func) {
            lua_pushcfunction(lua, f->func);
        } else {
            lua_newtable(lua);
            set_index(lua, rg_module_opt_index);
        }
        lua_setfield(lua, -2, f->name);
    }
    set_index(lua, unknown_function);
    lua_setglobal(lua, "rg");
}
