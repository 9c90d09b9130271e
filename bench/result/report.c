/* report.c: runs the Lua of reports/ over the gathered bundles and hands it gnuplot. */
#include "bench/result/report.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/data.h"
#include "bench/core/json.h"
#include "bench/iface/registry.h"
#include "bench/result/gnuplot.h"
#include "bench/result/report_priv.h"
#include "bench/run/luajson.h"
#include "bench/run/sandbox.h"
#include "rg_config.h"

/* Templates and formats are part of the program, yet big bundles must not run away with it. */
#define LUA_MEMORY ((size_t)2 << 30)
#define LUA_INSTRUCTIONS ((uint64_t)20000000000)

typedef struct job {
    const rg_report_options *options;
    rg_sandbox *box;
    rg_gnuplot *gnuplot;
    json_t *data, *lua_options;
} job;

/* --- names ---------------------------------------------------------------------------------- */

static const char *row_name(size_t i, void *user) {
    const rg_script_row *rows = user;
    return rows[i].name;
}

static rg_status find_row(const rg_script_row *rows, const char *kind, const char *name,
                          const rg_script_row **ret_row, rg_err *err) {
    *ret_row = rg_script_row_find(rows, name);
    if (*ret_row)
        return RG_OK;
    char known[256] = "", advice[400];
    for (size_t i = 0; rows[i].name; i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), " %s", rows[i].name);
    const char *near = rg_text_nearest(name, row_name, (void *)rows);
    snprintf(advice, sizeof advice, "%s%s%sknown:%s", near ? "did you mean " : "", near ? near : "",
             near ? "? " : "", known);
    return rg_fail(err, RG_USAGE, advice, "there is no report %s '%s'", kind, name);
}

/* --- Lua ------------------------------------------------------------------------------------ */

/* Runs a file of reports/ and leaves its one result on the stack. */
static rg_status run_file(rg_sandbox *box, const char *path, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    const char *text;
    size_t bytes;
    rg_status status = arena ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_data_read(arena, path, &text, &bytes, err);
    if (status == RG_OK)
        status = rg_sandbox_run(box, path, text, bytes, 1, err);
    rg_arena_free(arena);
    return status;
}

/* draw(name, script, data) -> SVG, or nil and the reason. */
static int draw(lua_State *lua) {
    job *work = rg_sandbox_user(lua);
    const char *name = luaL_checkstring(lua, 1), *script = luaL_checkstring(lua, 2);
    const char *data = luaL_checkstring(lua, 3);
    rg_text svg = {0};
    rg_err err = RG_ERR_INIT;
    rg_status status = rg_gnuplot_draw(work->gnuplot, name, script, data, &svg, &err);
    if (status == RG_OK)
        lua_pushlstring(lua, svg.data ? svg.data : "", svg.bytes);
    else
        lua_pushnil(lua);
    rg_text_free(&svg);
    if (status == RG_OK)
        return 1;
    lua_pushfstring(lua, err.advice[0] ? "%s. Try: %s" : "%s", err.what, err.advice);
    return 2;
}

/* Stack: template, format, render -> render, template, format, data, options, draw. */
static int push_arguments(lua_State *lua) {
    job *work = lua_touserdata(lua, 1);
    rg_lua_push_json(lua, work->data);
    lua_setglobal(lua, "report_data");
    rg_lua_push_json(lua, work->lua_options);
    lua_setglobal(lua, "report_options");
    return 0;
}

static rg_status call_render(job *work, rg_err *err) {
    lua_State *lua = rg_sandbox_lua(work->box);
    rg_status status = rg_sandbox_protect(work->box, push_arguments, work, err);
    if (status != RG_OK)
        return status;
    lua_insert(lua, -3); /* render below template and format */
    lua_getglobal(lua, "report_data");
    lua_getglobal(lua, "report_options");
    lua_pushcfunction(lua, draw);
    return rg_sandbox_call(work->box, 5, 2, err);
}

/* --- options -------------------------------------------------------------------------------- */

static json_t *options_json(const rg_report_options *options, const char *template_name,
                            const char *format) {
    return json_pack("{s:i, s:b, s:b, s:b, s:s, s:s, s:s}", "width",
                     options->width ? (int)options->width : 80, "utf8", options->utf8, "color",
                     options->color, "keep_charts", options->keep_charts != NULL, "program",
                     "railgauge " RG_VERSION, "template", template_name, "format", format);
}

/* The format whose extension the output's name has, by asking each; NULL when none. */
static const rg_script_row *format_for(rg_sandbox *box, const char *output) {
    lua_State *lua = rg_sandbox_lua(box);
    const char *slash = strrchr(output, '/');
    const char *dot = strrchr(slash ? slash : output, '.');
    const rg_script_row *found = NULL;
    for (const rg_script_row *row = rg_report_formats; dot && row->name && !found; row++) {
        int top = lua_gettop(lua);
        if (run_file(box, row->file, NULL) == RG_OK && lua_istable(lua, -1) &&
            lua_getfield(lua, -1, "extensions") == LUA_TTABLE) {
            for (int i = 1; lua_geti(lua, top + 2, i) == LUA_TSTRING; i++) {
                if (!strcmp(lua_tostring(lua, -1), dot))
                    found = row;
                lua_pop(lua, 1);
            }
        }
        lua_settop(lua, top);
    }
    return found;
}

static rg_status choose_format(rg_sandbox *box, const rg_report_options *options,
                               const rg_script_row **ret_row, rg_err *err) {
    if (options->format)
        return find_row(rg_report_formats, "format", options->format, ret_row, err);
    *ret_row = options->output ? format_for(box, options->output) : NULL;
    if (*ret_row)
        return RG_OK;
    return find_row(rg_report_formats, "format", "text", ret_row, err);
}

/* Asks the format on top of the stack. */
static bool wants_charts(lua_State *lua, const rg_report_options *options) {
    bool charts = false;
    if (lua_istable(lua, -1)) {
        lua_getfield(lua, -1, "charts");
        charts = lua_toboolean(lua, -1);
        lua_pop(lua, 1);
    }
    return charts || options->keep_charts;
}

/* --- the way through ------------------------------------------------------------------------ */

static rg_status take_result(job *work, rg_text *ret_report, rg_text *ret_words, rg_err *err) {
    lua_State *lua = rg_sandbox_lua(work->box);
    size_t bytes = 0, words = 0;
    const char *report = lua_tolstring(lua, -2, &bytes), *reasons = lua_tolstring(lua, -1, &words);
    if (!report)
        return rg_fail(err, RG_USAGE, "a format's render returns text",
                       "the format returned no text");
    rg_text_add_bytes(ret_report, report, bytes);
    if (words)
        rg_text_printf(ret_words, "charts are left out: %s\n", reasons);
    return ret_report->failed ? rg_fail(err, RG_NO_MEMORY, NULL, "out of memory") : RG_OK;
}

static rg_status render(job *work, const char *const *dirs, size_t n_dirs, rg_text *ret_report,
                        rg_text *ret_words, rg_err *err) {
    const rg_report_options *options = work->options;
    const char *wanted = options->template_name ? options->template_name : "summary";
    const rg_script_row *template, *format;
    rg_status status = find_row(rg_report_templates, "template", wanted, &template, err);
    if (status == RG_OK)
        status = choose_format(work->box, options, &format, err);
    if (status == RG_OK)
        status = run_file(work->box, template->file, err);
    if (status == RG_OK)
        status = run_file(work->box, format->file, err);
    if (status != RG_OK)
        return status;
    bool charts = wants_charts(rg_sandbox_lua(work->box), options);
    status = rg_report_gather(dirs, n_dirs, charts, &work->data, ret_words, err);
    if (status == RG_OK && charts)
        status = rg_gnuplot_open(options->keep_charts, &work->gnuplot, err);
    if (status == RG_OK)
        status = run_file(work->box, "reports/lib/render.lua", err);
    work->lua_options = options_json(options, template->name, format->name);
    if (status == RG_OK)
        status = call_render(work, err);
    return status == RG_OK ? take_result(work, ret_report, ret_words, err) : status;
}

rg_status rg_report_render(const char *const *dirs, size_t n_dirs, const rg_report_options *options,
                           rg_text *ret_report, rg_text *ret_words, rg_err *err) {
    static const char *const folders[] = {"reports/lib", "reports/templates", NULL};
    if (n_dirs < 1 || n_dirs > RG_REPORT_MAX_BUNDLES)
        return rg_fail(err, RG_USAGE, "name the folders that `railgauge run` named at its end",
                       "a report takes 1 to %d bundles, not %zu", RG_REPORT_MAX_BUNDLES, n_dirs);
    job work = {.options = options};
    rg_sandbox_options limits = {.memory_bytes = LUA_MEMORY,
                                 .instructions = LUA_INSTRUCTIONS,
                                 .data_folders = folders,
                                 .user = &work};
    rg_status status = rg_sandbox_new(&limits, &work.box, err);
    if (status == RG_OK)
        status = render(&work, dirs, n_dirs, ret_report, ret_words, err);
    rg_gnuplot_close(work.gnuplot);
    rg_sandbox_free(work.box);
    json_decref(work.data);
    json_decref(work.lua_options);
    return status;
}
