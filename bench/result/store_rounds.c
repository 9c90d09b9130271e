/* store_rounds.c: a round's row, from its record.json: when, in which arm and in which state of the
 * device it ran. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/core/json.h"
#include "bench/result/store_priv.h"

/* The largest number in an object, NAN where there is none. */
static double largest(const json_t *object) {
    double most = NAN;
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)object, key, item) {
        if (json_is_number(item))
            most = fmax(most, json_number_value(item)); /* of NAN and a number: the number */
    }
    return most;
}

static double mean_of(const json_t *list) {
    double sum = 0;
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) {
        sum += json_number_value(item);
    }
    return json_array_size(list) ? round(sum / (double)json_array_size(list)) : NAN;
}

static void time_of(int64_t wall_ns, char ret[RG_STORE_TIME]) {
    time_t seconds = (time_t)(wall_ns / 1000000000);
    struct tm utc = {0};
    ret[0] = '\0';
    if (wall_ns > 0 && gmtime_r(&seconds, &utc))
        strftime(ret, RG_STORE_TIME, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static rg_status put(rg_store_writer *writer, unsigned place, const json_t *facts, rg_err *err) {
    const char *key = rg_json_get_text(facts, "cell", "");
    int64_t cell = rg_json_get_int(writer->cell_ids, key, 0);
    const json_t *samples = json_object_get(json_object_get(facts, "files"), "samples.bin");
    const json_t *after = json_object_get(json_object_get(facts, "host"), "after");
    const json_t *list = json_object_get(facts, "flags");
    char started[RG_STORE_TIME], *flags = list ? rg_json_text(list, 0) : strdup("[]");
    if (!flags)
        return rg_store_no_memory(err);
    rg_status status = RG_OK;
    time_of(rg_json_get_int(facts, "started_wall_ns", 0), started);
    if (cell) /* of a cell that was not planned: its files are kept all the same */
        status = rg_store_do(writer->store, RG_SQL_PUT_ROUND, err, "iiiittrrttt", writer->run_id,
                             (int64_t)place, cell, rg_json_get_int(facts, "round", -1),
                             rg_json_get_text(facts, "status", "failed"),
                             rg_json_get_text(facts, "arm", writer->arm),
                             largest(json_object_get(after, "temperature_mc")),
                             mean_of(json_object_get(after, "clock_khz")), started, flags,
                             rg_json_get_text(samples, "sha256", NULL));
    free(flags);
    return status;
}

rg_status rg_store_put_round(rg_store_writer *writer, unsigned place, const char *text,
                             size_t bytes, rg_err *err) {
    json_t *facts = NULL;
    rg_status status = rg_json_parse(text, bytes, "record.json", &facts, err);
    if (status == RG_OK)
        status = put(writer, place, facts, err);
    json_decref(facts);
    return status;
}
