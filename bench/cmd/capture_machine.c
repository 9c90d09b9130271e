/* capture_machine.c: `railgauge capture-machine`: this machine as a tree of files for `--root`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/run/capture.h"

typedef struct options {
    const char *out;
    bool with_identity, list, json;
} options;

static const rg_field table[] = {
    {"out", RG_FIELD_TEXT, offsetof(options, out), "machine", 0, 0, NULL, "",
     "folder that is made, or a file that ends in .tar"},
    {"with_identity", RG_FIELD_BOOL, offsetof(options, with_identity), "false", 0, 0, NULL, "",
     "keep serial numbers, addresses and names, which are left out otherwise"},
    {"list", RG_FIELD_BOOL, offsetof(options, list), "false", 0, 0, NULL, "",
     "print which files are captured, and stop"},
    {"json", RG_FIELD_BOOL, offsetof(options, json), "false", 0, 0, NULL, "",
     "one JSON document on stdout"},
    {0},
};

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_capture_machine = {
    .name = "capture-machine",
    .summary = "this machine as a tree of files, for --root and for bug reports",
    .usage = "railgauge capture-machine [--out DIR|FILE.tar] [--with-identity] [--list]",
    .help =
        "Collects the files below /sys, /proc, /etc and /var that the program reads, and no others\n"
        "(--list shows them). `railgauge --root DIR list rails` then says what it says here. Serial\n"
        "numbers, hardware addresses and host names are left out. What was left out for another\n"
        "reason is told on stderr; energy counters of x86 processors want root.\n",
    .run = run,
};

static json_t *table_rows(void) {
    json_t *rows = json_array();
    for (const rg_capture_row *row = rg_capture_rows; row->dir; row++)
        json_array_append_new(rows,
                              json_pack("{s:s, s:s, s:s, s:b}", "dir", row->dir, "files",
                                        row->files, "what", row->what, "identity", row->identity));
    return rows;
}

static int print_table(bool json) {
    rg_err err = RG_ERR_INIT;
    json_t *rows = json ? table_rows() : NULL;
    rg_status status = json ? rg_print_json(rows, &err) : RG_OK;
    for (const rg_capture_row *row = rg_capture_rows; !json && row->dir; row++)
        printf("%s: %s%s\n    %s\n", row->dir, row->what,
               row->identity ? " (only --with-identity)" : "", row->files);
    json_decref(rows);
    return status == RG_OK ? RG_EXIT_OK : rg_report_error("capture-machine", &err);
}

static bool is_tar(const char *out) {
    size_t n = strlen(out);
    return n > 4 && !strcmp(out + n - 4, ".tar");
}

/* "board" for "/tmp/board.tar": the folder in it. */
static rg_status write_tar(rg_capture *capture, const char *out, rg_err *err) {
    char top[128];
    const char *slash = strrchr(out, '/'), *name = slash ? slash + 1 : out;
    int n = (int)strlen(name) - 4;
    snprintf(top, sizeof top, "%.*s", n, name);
    if (n < 1 || (size_t)n >= 100)
        return rg_fail(err, RG_USAGE, "write --out board.tar", "'%s' is no name for a tar file",
                       out);
    return rg_capture_write_tar(capture, top, out, err);
}

static void tell_left_out(const rg_capture *capture) {
    size_t i;
    json_t *row;
    json_array_foreach(capture->left_out, i, row) {
        fprintf(stderr, "railgauge capture-machine: left out: %s: %s\n",
                rg_json_get_text(row, "path", ""), rg_json_get_text(row, "why", ""));
    }
}

static rg_status tell(const rg_capture *capture, const options *opt, rg_err *err) {
    size_t files = 0;
    char size[32];
    for (size_t i = 0; i < capture->n; i++)
        files += capture->items[i].kind == 'f';
    rg_text_bytes((double)capture->bytes, size, sizeof size);
    tell_left_out(capture);
    if (!opt->json) {
        printf("%s: %zu files, %s; %zu left out; names and numbers of this unit %s\n", opt->out,
               files, size, json_array_size(capture->left_out),
               opt->with_identity ? "are in it" : "are not in it");
        return RG_OK;
    }
    json_t *answer =
        json_pack("{s:s, s:I, s:I, s:b, s:I, s:O}", "out", opt->out, "files", (json_int_t)files,
                  "bytes", (json_int_t)capture->bytes, "identity", opt->with_identity, "cleaned",
                  (json_int_t)capture->cleaned, "left_out", capture->left_out);
    rg_status status = rg_print_json(answer, err);
    json_decref(answer);
    return status;
}

static int run(const rg_globals *globals, int argc, char **argv) {
    options opt;
    rg_args args;
    int code;
    rg_err err = RG_ERR_INIT;
    rg_root *root = NULL;
    rg_capture *capture = NULL;
    if (!rg_args_begin(&rg_verb_capture_machine, table, &opt, 0, 0, argc, argv, &args, &code))
        return code;
    if (opt.list)
        return print_table(opt.json);
    rg_status status = rg_root_open(globals->root, &root, &err);
    if (status == RG_OK)
        status = rg_capture_collect(root, opt.with_identity, &capture, &err);
    if (status == RG_OK)
        status = is_tar(opt.out) ? write_tar(capture, opt.out, &err)
                                 : rg_capture_write_dir(capture, opt.out, &err);
    if (status == RG_OK)
        status = tell(capture, &opt, &err);
    rg_capture_free(capture);
    rg_root_close(root);
    return status == RG_OK ? RG_EXIT_OK : rg_report_error("capture-machine", &err);
}
