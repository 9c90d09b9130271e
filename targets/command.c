/* command.c: words of a command, and who may give them (command.h). */
#include "targets/command.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/core/hash.h"

#define ADVICE "write command = {\"python3\", \"my.py\"}, or words with blanks between them"

/* Room for one more word in the command's own text; NULL when it is full. */
static bool add_word(rg_command *command, size_t *used, const char *word, size_t bytes) {
    if (command->n == RG_COMMAND_WORDS || *used + bytes + 1 > sizeof command->text)
        return false;
    char *at = command->text + *used;
    memcpy(at, word, bytes);
    at[bytes] = '\0';
    command->argv[command->n++] = at;
    command->argv[command->n] = NULL;
    *used += bytes + 1;
    return true;
}

static bool add_list(rg_command *command, const json_t *list) {
    size_t i, used = 0;
    json_t *item;
    json_array_foreach(list, i, item) {
        const char *word = json_string_value(item);
        if (!word || !add_word(command, &used, word, strlen(word)))
            return false;
    }
    return json_is_array(list);
}

static bool add_text(rg_command *command, const char *text) {
    size_t used = 0;
    for (text += strspn(text, " \t"); *text; text += strspn(text, " \t")) {
        size_t bytes = strcspn(text, " \t");
        if (!add_word(command, &used, text, bytes))
            return false;
        text += bytes;
    }
    return true;
}

rg_status rg_command_parse(const char *text, rg_command *ret_command, rg_err *err) {
    ret_command->n = 0;
    json_t *list = *text == '[' ? json_loads(text, 0, NULL) : NULL;
    bool good = *text == '[' ? add_list(ret_command, list) : add_text(ret_command, text);
    json_decref(list);
    if (!good || !ret_command->n || !*ret_command->argv[0])
        return rg_fail(err, RG_USAGE, ADVICE, "'%.200s' is no command", text);
    return RG_OK;
}

static const char *from_outside(const char *variable) {
    const char *text = getenv(variable);
    return text ? text : "";
}

static bool is_allowed(void) {
    return !strcmp(from_outside(RG_COMMAND_ALLOW), "1");
}

rg_status rg_command_flags(const char *given, rg_command *ret_words, rg_err *err) {
    ret_words->n = 0;
    if (!*given)
        return RG_OK;
    if (!is_allowed())
        return rg_fail(err, RG_DENIED, "if you trust it: railgauge run ... --allow-programs",
                       "the scenario gives a program the words %.200s", given);
    return rg_command_parse(given, ret_words, err);
}

bool rg_command_is_possible(const char *variable) {
    return *from_outside(variable) || is_allowed();
}

rg_status rg_command_find(const char *given, const char *variable, const char *option,
                          rg_command *ret_command, rg_err *err) {
    if (*given && !is_allowed())
        return rg_fail(err, RG_DENIED, "if you trust it: railgauge run ... --allow-programs",
                       "the scenario wants to start %.200s, and a scenario alone starts nothing",
                       given);
    const char *text = *given ? given : from_outside(variable);
    if (!*text)
        return rg_fail(err, RG_ABSENT, option, "no program is given");
    return rg_command_parse(text, ret_command, err);
}

void rg_command_facts(const rg_command *command, rg_text *text) {
    struct stat info;
    char sha256[RG_HASH_HEX];
    rg_text_add(text, "command=");
    for (size_t i = 0; i < command->n; i++)
        rg_text_printf(text, "%s%s", i ? " " : "", command->argv[i]);
    rg_text_add(text, "\n");
    for (size_t i = 0, file = 0; i < command->n; i++) {
        const char *word = command->argv[i];
        if (stat(word, &info) || !S_ISREG(info.st_mode) ||
            rg_hash_file(word, sha256, NULL) != RG_OK)
            continue;
        file++;
        rg_text_printf(text, "command_file_%zu=%s\ncommand_file_%zu_sha256=%s\n", file, word, file,
                       sha256);
    }
}
