/* boards.c: reads the board table in the sandbox and lays it over what the sensors found. */
#include "bench/run/boards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/arena.h"
#include "bench/core/data.h"
#include "bench/core/json.h"
#include "bench/run/luadata.h"

#define TABLE "devices/boards.lua"

/* /proc/device-tree/compatible: words that each end in a NUL; rg_root_read keeps only the first, so
 * the file is read by descriptor. Returns bytes, 0 when there is none. */
static size_t read_compatible(rg_root *root, char *ret, size_t cap) {
    static const char *const places[] = {"/proc/device-tree/compatible",
                                         "/sys/firmware/devicetree/base/compatible"};
    for (size_t i = 0; i < 2; i++) {
        size_t bytes = rg_root_read_bytes(root, places[i], ret, cap);
        if (bytes)
            return bytes;
    }
    return 0;
}

static bool is_compatible(const json_t *board, const char *words, size_t bytes) {
    const json_t *list = json_object_get(board, "compatible");
    size_t i;
    json_t *word;
    json_array_foreach(list, i, word) {
        for (const char *at = words; at < words + bytes; at += strlen(at) + 1) {
            if (json_is_string(word) && !strcmp(at, json_string_value(word)))
                return true;
        }
    }
    return false;
}

static const rg_rail *rail_called(const rg_rail_list *rails, const char *label) {
    for (size_t i = 0; i < rails->n; i++) {
        if (!strcmp(rails->items[i].label, label))
            return &rails->items[i];
    }
    return NULL;
}

/* "hwmon:ina238@2-0044:power" is a rail of the chip ina238; "" is any. */
static bool is_of_chip(const rg_rail *rail, const char *chip) {
    const char *name = strchr(rail->id, ':');
    size_t n = strlen(chip);
    return n == 0 || (name && !strncmp(name + 1, chip, n) && name[1 + n] == '@');
}

/* Only the kernel's own monitors are part of a board; an external meter may use any label. */
static bool is_on_board(const rg_rail *rail) {
    return !strcmp(rail->sensor, "hwmon") || !strcmp(rail->sensor, "iio");
}

static void apply_row(const json_t *row, const char *board, rg_rail_list *rails) {
    const char *label = rg_json_get_text(row, "label", "");
    const rg_rail *parent = rail_called(rails, rg_json_get_text(row, "parent", ""));
    for (size_t i = 0; i < rails->n; i++) {
        rg_rail *rail = &rails->items[i];
        if (strcmp(rail->label, label) || !is_on_board(rail) ||
            !is_of_chip(rail, rg_json_get_text(row, "chip", "")))
            continue;
        rail->scope = rg_scope_from_word(rg_json_get_text(row, "scope", ""));
        rail->role = rg_role_from_word(rg_json_get_text(row, "role", ""));
        if (parent)
            snprintf(rail->parent, sizeof rail->parent, "%s", parent->id);
        size_t used = strlen(rail->facts);
        snprintf(rail->facts + used, sizeof rail->facts - used, " board=%s", board);
    }
}

static void apply_board(const json_t *board, rg_rail_list *rails) {
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(board, "rails"), i, row) {
        apply_row(row, rg_json_get_text(board, "board", "?"), rails);
    }
}

void rg_boards_exclude_twins(rg_rail_list *rails) {
    for (size_t i = 0; i < rails->n; i++) {
        const rg_rail *first = &rails->items[i];
        if (!*first->twin || first->status != RG_OK || first->role == RG_ROLE_EXCLUDED)
            continue;
        for (size_t k = i + 1; k < rails->n; k++) {
            rg_rail *other = &rails->items[k];
            if (strcmp(other->twin, first->twin))
                continue;
            other->role = RG_ROLE_EXCLUDED;
            snprintf(other->parent, sizeof other->parent, "%s", first->id);
        }
    }
}

/* The board's row of the table, a borrowed part of *ret_table, which the caller frees; NULL on a
 * board that the table does not have. */
static rg_status find_board(rg_root *root, json_t **ret_table, const json_t **ret_board,
                            rg_err *err) {
    char words[1024];
    size_t i, bytes = read_compatible(root, words, sizeof words);
    json_t *board;
    *ret_table = NULL;
    *ret_board = NULL;
    if (bytes == 0)
        return RG_OK;
    rg_status status = rg_luadata_read(TABLE, ret_table, err);
    json_array_foreach(*ret_table, i, board) {
        if (!*ret_board && is_compatible(board, words, bytes))
            *ret_board = board;
    }
    return status;
}

rg_status rg_boards_apply(rg_root *root, rg_rail_list *rails, rg_err *err) {
    json_t *table;
    const json_t *board;
    if (rails->n == 0)
        return RG_OK;
    rg_status status = find_board(root, &table, &board, err);
    if (status == RG_OK && board)
        apply_board(board, rails);
    json_decref(table);
    return status;
}

rg_status rg_boards_no_sensor(rg_root *root, rg_err *err) {
    json_t *table;
    const json_t *board;
    rg_status status = find_board(root, &table, &board, NULL);
    const char *why = rg_json_get_text(board, "no_sensor", NULL);
    if (status == RG_OK && why)
        status = rg_fail(err, RG_ABSENT,
                         "attach an external meter between supply and board: --power-pipe COMMAND "
                         "(docs/power.md)",
                         "%s %s", rg_json_get_text(board, "board", "this board"), why);
    else
        status = RG_OK;
    json_decref(table);
    return status;
}
