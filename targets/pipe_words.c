/* pipe_words.c: one row a word of the program's answers. */
#include "targets/pipe_words.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool rg_talk_number(const char *word, uint64_t most, uint64_t *ret) {
    uint64_t value = 0;
    if (!word || !*word)
        return false;
    for (; *word; word++) {
        if (!isdigit((unsigned char)*word) || value > (most - (uint64_t)(*word - '0')) / 10)
            return false;
        value = value * 10 + (uint64_t)(*word - '0');
    }
    *ret = value;
    return true;
}

/* The next word of the rest of a line, NULL none. */
static char *next_word(char **rest) {
    char *word = *rest ? strsep(rest, " ") : NULL;
    return word && *word ? word : NULL;
}

static bool is_key(const char *key) {
    if (!key || !islower((unsigned char)*key) || strlen(key) >= sizeof(((rg_talk_fact *)0)->key))
        return false;
    for (; *key; key++) {
        if (!islower((unsigned char)*key) && !isdigit((unsigned char)*key) && *key != '_')
            return false;
    }
    return true;
}

static bool take_fact(rg_talk *talk, char *rest) {
    const char *key = next_word(&rest);
    if (!is_key(key) || !rest || !*rest || talk->n_facts == RG_TALK_FACTS)
        return false;
    rg_talk_fact *fact = &talk->facts[talk->n_facts++];
    snprintf(fact->key, sizeof fact->key, "%s", key);
    snprintf(fact->value, sizeof fact->value, "%s", rest);
    return true;
}

/* Words that are not known are another version's, and left alone. */
static bool take_can(rg_talk *talk, char *rest) {
    static const char *const words[] = {"placement", "echo", "share", "reset", "set"};
    for (const char *word; (word = next_word(&rest));) {
        for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
            talk->can |= strcmp(word, words[i]) ? 0 : 1U << i;
    }
    return true;
}

/* "1x96x96x3", "scalar". */
static bool take_shape(const char *text, rg_shape *ret) {
    *ret = (rg_shape){0};
    if (!text || !strcmp(text, "scalar"))
        return text;
    char copy[96], *rest = copy, *word;
    snprintf(copy, sizeof copy, "%s", text);
    while ((word = strsep(&rest, "x"))) {
        uint64_t dim;
        if (ret->rank == RG_MAX_RANK || !rg_talk_number(word, INT32_MAX, &dim))
            return false;
        ret->dim[ret->rank++] = (int32_t)dim;
    }
    return true;
}

/* TYPE SHAPE BYTES [NAME]: the bytes must be those of type and shape. */
static bool take_tensor(char *rest, rg_talk_tensor *list, uint32_t *n, size_t *total) {
    const char *type = next_word(&rest), *shape = next_word(&rest), *bytes = next_word(&rest);
    rg_talk_tensor tensor;
    uint64_t told;
    if (*n == RG_MAX_IO || !type || !rg_dtype_from_word(type, &tensor.dtype) ||
        !take_shape(shape, &tensor.shape) || !rg_talk_number(bytes, RG_TALK_MAX_BYTES, &told))
        return false;
    if (rg_tensor_bytes(&tensor.shape, tensor.dtype, &tensor.bytes, NULL) != RG_OK ||
        tensor.bytes != told || *total + told > RG_TALK_MAX_BYTES)
        return false;
    *total += tensor.bytes;
    list[(*n)++] = tensor;
    return true;
}

/* Tensors are told before the memory for them is taken, never after. */
static bool take_input(rg_talk *talk, char *rest) {
    return !talk->block && take_tensor(rest, talk->in, &talk->n_in, &talk->in_bytes);
}

static bool take_output(rg_talk *talk, char *rest) {
    return !talk->block && take_tensor(rest, talk->out, &talk->n_out, &talk->out_bytes);
}

static bool take_memory(rg_talk *talk, char *rest) {
    const char *key = next_word(&rest), *word = next_word(&rest);
    uint64_t bytes;
    if (!key || !rg_talk_number(word, INT64_MAX, &bytes))
        return false;
    int64_t *member = !strcmp(key, "weights")  ? &talk->memory.weights_bytes
                      : !strcmp(key, "device") ? &talk->memory.device_bytes
                      : !strcmp(key, "arena")  ? &talk->memory.arena_bytes
                                               : NULL;
    if (member)
        *member = (int64_t)bytes;
    return member;
}

/* ON-TARGET ALL */
static bool take_share(char *rest, uint64_t most, uint64_t *ret_on, uint64_t *ret_all) {
    const char *on = next_word(&rest), *all = next_word(&rest);
    return rg_talk_number(on, most, ret_on) && rg_talk_number(all, most, ret_all) &&
           *ret_on <= *ret_all;
}

static bool take_nodes(rg_talk *talk, char *rest) {
    uint64_t on, all;
    if (!take_share(rest, INT32_MAX, &on, &all) || !all)
        return false;
    talk->placement.known = true;
    snprintf(talk->placement.how, sizeof talk->placement.how, "program");
    talk->placement.nodes_on_target = (uint32_t)on;
    talk->placement.nodes = (uint32_t)all;
    return true;
}

static bool take_macs(rg_talk *talk, char *rest) {
    uint64_t on, all;
    if (!take_share(rest, INT64_MAX, &on, &all))
        return false;
    talk->placement.macs_on_target = (int64_t)on;
    talk->placement.macs = all;
    return true;
}

static bool take_crossings(rg_talk *talk, char *rest) {
    uint64_t n;
    if (!rg_talk_number(next_word(&rest), INT32_MAX, &n))
        return false;
    talk->placement.crossings = (int32_t)n;
    return true;
}

static const struct {
    const char *word;
    bool (*take)(rg_talk *talk, char *rest);
} rows[] = {
    {"fact", take_fact},     {"can", take_can},
    {"input", take_input},   {"output", take_output},
    {"nodes", take_nodes},   {"macs", take_macs},
    {"memory", take_memory}, {"crossings", take_crossings},
};

/* error STATUS WHAT | ADVICE */
static rg_talk_line take_error(char *rest, rg_err *err) {
    static const rg_status known[] = {RG_UNSUPPORTED, RG_ABSENT, RG_DENIED, RG_FAILED};
    const char *word = next_word(&rest);
    char *what = rest ? rest : "", *bar = strstr(what, " | ");
    rg_status status = RG_FAILED;
    for (size_t i = 0; word && i < sizeof known / sizeof known[0]; i++)
        status = strcmp(word, rg_status_word(known[i])) ? status : known[i];
    if (bar)
        *bar = '\0';
    rg_fail(err, status, bar ? bar + 3 : "ask the author of the program", "the program says: %s",
            *what ? what : "an error without words");
    return RG_TALK_ERROR;
}

rg_talk_line rg_talk_take_line(rg_talk *talk, char *line, rg_err *err) {
    size_t length = strlen(line);
    if (length && line[length - 1] == '\r')
        line[length - 1] = '\0';
    if (!strcmp(line, "ok"))
        return RG_TALK_OK;
    char *rest = line, *word = next_word(&rest);
    if (word && !strcmp(word, "error"))
        return take_error(rest, err);
    for (size_t i = 0; word && i < sizeof rows / sizeof rows[0]; i++) {
        if (!strcmp(word, rows[i].word))
            return rows[i].take(talk, rest) ? RG_TALK_MORE : RG_TALK_RUBBISH;
    }
    return RG_TALK_RUBBISH;
}
