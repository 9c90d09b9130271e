/* args.c: command lines from tables. */
#include "bench/cmd/args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "bench/core/isa.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/run/model.h"

static void spell(const char *key, char *ret, size_t cap) {
    size_t i = 0;
    for (; key[i] && i + 1 < cap; i++)
        ret[i] = key[i] == '_' ? '-' : key[i];
    ret[i] = '\0';
}

/* "--name" or "--name=value" against a row. */
static const rg_field *find_option(const rg_field *table, const char *word,
                                   const char **ret_value) {
    const char *equals = strchr(word, '=');
    size_t n = equals ? (size_t)(equals - word) : strlen(word);
    *ret_value = equals ? equals + 1 : NULL;
    for (; table && table->key; table++) {
        char name[64];
        spell(table->key, name, sizeof name);
        if (strlen(name) == n && !strncmp(name, word, n))
            return table;
    }
    return NULL;
}

static rg_status unknown_option(const rg_field *table, const char *word, rg_err *err) {
    char key[64];
    size_t n = strcspn(word, "=");
    n = n < sizeof key - 1 ? n : sizeof key - 1;
    for (size_t i = 0; i < n; i++)
        key[i] = word[i] == '-' ? '_' : word[i];
    key[n] = '\0';
    const char *near = rg_field_nearest(table, key);
    char name[64] = "", advice[128];
    if (near)
        spell(near, name, sizeof name);
    snprintf(advice, sizeof advice, near ? "did you mean --%s?" : "see --help%s", name);
    return rg_fail(err, RG_USAGE, advice, "unknown option --%.*s", (int)strcspn(word, "="), word);
}

static rg_status take_option(const rg_field *table, void *options, char **argv, int argc, int *i,
                             rg_args *args, rg_err *err) {
    const char *value;
    const rg_field *field = find_option(table, argv[*i] + 2, &value);
    if (!field)
        return unknown_option(table, argv[*i] + 2, err);
    if (!value && field->type == RG_FIELD_BOOL)
        value = "true";
    if (!value) {
        if (*i + 1 >= argc)
            return rg_fail(err, RG_USAGE, field->help, "%s needs a value", argv[*i]);
        value = argv[++*i];
    }
    if (args->n_given == RG_MAX_ARGS)
        return rg_fail(err, RG_USAGE, NULL, "too many options");
    args->given[args->n_given].key = field->key;
    args->given[args->n_given++].value = value;
    return rg_field_set(table, options, field->key, value, err);
}

rg_status rg_args_parse(const rg_field *table, void *options, size_t min_words, size_t max_words,
                        int argc, char **argv, rg_args *ret_args, rg_err *err) {
    *ret_args = (rg_args){0};
    rg_status status = rg_field_presets(table, options, false, err);
    bool only_words = false;
    for (int i = 1; status == RG_OK && i < argc; i++) {
        if (!only_words && !strcmp(argv[i], "--")) {
            only_words = true;
        } else if (!only_words && (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))) {
            ret_args->help = true;
        } else if (!only_words && !strcmp(argv[i], "-o") &&
                   find_option(table, "output", &(const char *){0})) {
            argv[i] = "--output";
            status = take_option(table, options, argv, argc, &i, ret_args, err);
        } else if (!only_words && !strncmp(argv[i], "--", 2)) {
            status = take_option(table, options, argv, argc, &i, ret_args, err);
        } else if (!only_words && argv[i][0] == '-' && argv[i][1]) {
            status = rg_fail(err, RG_USAGE, "options have two dashes; see --help",
                             "unknown option %s", argv[i]);
        } else if (ret_args->n_words == max_words || ret_args->n_words == RG_MAX_ARGS) {
            status = rg_fail(err, RG_USAGE, "see --help", "unexpected argument '%s'", argv[i]);
        } else {
            ret_args->words[ret_args->n_words++] = argv[i];
        }
    }
    if (status == RG_OK && !ret_args->help && ret_args->n_words < min_words)
        status = rg_fail(err, RG_USAGE, "see --help", "an argument is missing");
    return status;
}

static const char *value_hint(const rg_field *field) {
    switch (field->type) {
    case RG_FIELD_BOOL:
        return "";
    case RG_FIELD_TEXT:
        return " TEXT";
    case RG_FIELD_CHOICE:
        return " WORD";
    case RG_FIELD_DURATION:
        return " TIME";
    default:
        return " N";
    }
}

static void print_option(const rg_field *field) {
    char name[64], left[96];
    spell(field->key, name, sizeof name);
    snprintf(left, sizeof left, "--%s%s", name, value_hint(field));
    printf("  %-26s %s", left, field->help);
    for (size_t i = 0; field->type == RG_FIELD_CHOICE && field->choices[i]; i++)
        printf("%s%s", i ? ", " : ": ", field->choices[i]);
    if (field->preset && *field->preset && field->type != RG_FIELD_BOOL)
        printf(" (default %s)", field->preset);
    putchar('\n');
}

static rg_status apply_isa(const char *text, rg_err *err) {
    rg_status status = *text ? rg_isa_check_present(text, err) : RG_OK;
    if (status == RG_OK && *text && setenv("RAILGAUGE_ISA", text, 1))
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    return status;
}

static rg_status apply_limits(const rg_limit_options *given, rg_err *err) {
    char text[96];
    if (!given->file_bytes && !given->tensors && !given->nodes)
        return RG_OK;
    snprintf(text, sizeof text, "%lld %lld %lld", (long long)given->file_bytes,
             (long long)given->tensors, (long long)given->nodes);
    if (setenv(RG_MODEL_LIMITS_VARIABLE, text, 1))
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    return RG_OK;
}

static rg_status apply_power_pipe(const char *command, rg_err *err) {
    if (*command && setenv("RAILGAUGE_POWER_PIPE", command, 1))
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    return RG_OK;
}

static rg_status apply_programs(const rg_program_options *given, rg_err *err) {
    if ((*given->pipe && setenv("RAILGAUGE_TARGET_PIPE", given->pipe, 1)) ||
        (given->allow && setenv("RAILGAUGE_ALLOW_PROGRAMS", "1", 1)))
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    return RG_OK;
}

rg_status rg_args_apply(const rg_field *table, const void *options, rg_err *err) {
    const char *base = options;
    const rg_field *isa = rg_field_find(table, "isa");
    const rg_field *limits = rg_field_find(table, "max_model_bytes"); /* the first of its struct */
    rg_status status = isa ? apply_isa(*(const char *const *)(base + isa->offset), err) : RG_OK;
    const rg_field *pipe = rg_field_find(table, "power_pipe");
    if (status == RG_OK && pipe)
        status = apply_power_pipe(*(const char *const *)(base + pipe->offset), err);
    const rg_field *programs = rg_field_find(table, "target_pipe"); /* the first of its struct */
    if (status == RG_OK && programs)
        status = apply_programs((const rg_program_options *)(base + programs->offset), err);
    if (status == RG_OK && limits)
        status = apply_limits((const rg_limit_options *)(base + limits->offset), err);
    return status;
}

void rg_args_help(const rg_verb *verb, const rg_field *table) {
    printf("%s\n\nusage: %s\n", verb->summary, verb->usage);
    if (table && table->key)
        printf("\noptions:\n");
    for (const rg_field *field = table; field && field->key; field++)
        print_option(field);
    if (*verb->help)
        printf("\n%s", verb->help);
}

/* Prints words that may hold names of files or of their parts: what steers a terminal becomes '?'.
 */
static void print_plain(const char *before, const char *words) {
    fputs(before, stderr);
    for (; *words; words++) {
        unsigned char c = (unsigned char)*words;
        fputc((c < ' ' && c != '\n' && c != '\t') || c == 0x7f ? '?' : c, stderr);
    }
    fputc('\n', stderr);
}

int rg_report_error(const char *verb, const rg_err *err) {
    fprintf(stderr, "railgauge %s", verb);
    print_plain(": ", err->what);
    if (err->advice[0])
        print_plain("  try: ", err->advice);
    return rg_status_exit(err->status);
}

rg_status rg_print_json(const json_t *document, rg_err *err) {
    char *text = document ? rg_json_text(document, 2) : NULL;
    if (!text)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for the document");
    puts(text);
    free(text);
    return RG_OK;
}

rg_status rg_print_text(const rg_text *text, rg_err *err) {
    if (text->failed)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for the answer");
    if ((text->bytes && fwrite(text->data, 1, text->bytes, stdout) != text->bytes) ||
        fflush(stdout) != 0)
        return rg_fail(err, RG_IO, "check where stdout leads", "cannot write the answer");
    return RG_OK;
}

bool rg_args_begin(const rg_verb *verb, const rg_field *table, void *options, size_t min_words,
                   size_t max_words, int argc, char **argv, rg_args *ret_args, int *ret_code) {
    rg_err err = RG_ERR_INIT;
    rg_status status =
        rg_args_parse(table, options, min_words, max_words, argc, argv, ret_args, &err);
    bool help = status == RG_OK && ret_args->help;
    if (help)
        rg_args_help(verb, table);
    else if (status == RG_OK)
        status = rg_args_apply(table, options, &err);
    *ret_code = status == RG_OK ? RG_EXIT_OK : rg_report_error(verb->name, &err);
    return status == RG_OK && !help;
}

unsigned rg_terminal_columns(int fd, unsigned preset) {
    struct winsize size;
    if (fd >= 0 && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col)
        return size.ws_col;
    const char *given = getenv("COLUMNS");
    int number = given ? atoi(given) : 0;
    return number > 0 && number <= 1000 ? (unsigned)number : preset;
}
