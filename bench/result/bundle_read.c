/* bundle_read.c: the rounds of a bundle, with no trust in what they hold: sizes and hashes first.
 * Neighbours: bundle_open.c (the whole), bundle_file.c (files); writing is in bundle_write.c,
 * hashes of the whole in manifest.c. */
#include <stdio.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/iface/powerlog.h"
#include "bench/result/bundle_priv.h"
#include "bench/result/samples.h"

static const char copy_again[] = "copy the bundle again, or measure again";

rg_status rg_bundle_read_facts(const rg_bundle *bundle, uint32_t order, json_t **ret_facts,
                               rg_err *err) {
    char name[RG_BUNDLE_ROUND_NAME], path[RG_BUNDLE_ROUND_NAME + 16];
    rg_bundle_round_name(order, name);
    snprintf(path, sizeof path, "%s/record.json", name);
    return rg_bundle_read_json(bundle, path, ret_facts, err);
}

/* One raw file of a round, checked against its size and hash in record.json. */
static rg_status read_raw(const rg_bundle *bundle, uint32_t order, const json_t *facts,
                          const char *file, rg_arena *arena, char **ret_data, size_t *ret_bytes,
                          rg_err *err) {
    char name[RG_BUNDLE_ROUND_NAME], path[RG_BUNDLE_ROUND_NAME + 16], hash[RG_HASH_HEX];
    rg_bundle_round_name(order, name);
    snprintf(path, sizeof path, "%s/%s", name, file);
    rg_status status =
        rg_bundle_read_file(bundle, path, RG_BUNDLE_RAW_LIMIT, arena, ret_data, ret_bytes, err);
    if (status != RG_OK)
        return status;
    const json_t *promised = json_object_get(json_object_get(facts, "files"), file);
    rg_hash_bytes(*ret_data, *ret_bytes, hash);
    if (strcmp(rg_json_get_text(promised, "sha256", ""), hash))
        return rg_fail(err, RG_BAD_DATA, copy_again, "%s is not what record.json promises", path);
    return RG_OK;
}

static uint32_t find_cell(const rg_bundle *bundle, const char *key) {
    size_t i;
    json_t *line;
    json_array_foreach(bundle->cells, i, line) {
        if (!strcmp(rg_json_get_text(line, "key", ""), key))
            return (uint32_t)i;
    }
    return UINT32_MAX;
}

static rg_status head_of_round(const rg_bundle *bundle, uint32_t order, rg_round *round,
                               rg_err *err) {
    const json_t *facts = round->facts;
    int64_t number = rg_json_get_int(facts, "round", -1);
    const char *word = rg_json_get_text(facts, "status", "");
    const char *key = rg_json_get_text(facts, "cell", NULL);
    if (number < 0 || number > RG_BUNDLE_MAX_ORDER || !key ||
        !rg_status_from_word(word, &round->status))
        return rg_fail(err, RG_BAD_DATA, copy_again,
                       "rounds/%05u/record.json lacks cell, round or status", (unsigned)order);
    round->number = (uint32_t)number;
    round->order = order;
    round->cell = find_cell(bundle, key);
    return RG_OK;
}

rg_status rg_bundle_read_round(const rg_bundle *bundle, uint32_t order, rg_arena *arena,
                               rg_round *ret_round, rg_err *err) {
    rg_round round = {0};
    rg_powerlog log = {0};
    rg_sample *samples = NULL;
    char *data = NULL, *output = NULL;
    size_t bytes = 0;
    rg_status status = rg_bundle_read_facts(bundle, order, &round.facts, err);
    if (status == RG_OK)
        status = head_of_round(bundle, order, &round, err);
    if (status == RG_OK)
        status = read_raw(bundle, order, round.facts, "samples.bin", arena, &data, &bytes, err);
    if (status == RG_OK)
        status = rg_samples_decode(data, bytes, arena, &samples, &round.n_samples, err);
    if (status == RG_OK)
        status = read_raw(bundle, order, round.facts, "power.jsonl", arena, &data, &bytes, err);
    if (status == RG_OK)
        status = rg_powerlog_decode(data, bytes, arena, &log, err);
    if (status == RG_OK)
        status = read_raw(bundle, order, round.facts, "output.txt", arena, &output,
                          &round.output_bytes, err);
    if (status != RG_OK) {
        json_decref(round.facts);
        rg_err_prefix(err, "%s, round %u", bundle->dir, (unsigned)order);
        return status;
    }
    round.samples = samples;
    round.rails = log.rails;
    round.n_rails = log.n_rails;
    round.power = log.rows;
    round.n_power = log.n_rows;
    round.output = output;
    *ret_round = round;
    return RG_OK;
}

rg_status rg_bundle_read_text(const rg_bundle *bundle, const char *path, rg_arena *arena,
                              char **ret_text, size_t *ret_bytes, rg_err *err) {
    if (!rg_bundle_path_plain(path))
        return rg_fail(err, RG_USAGE, NULL, "'%s' is no path inside a bundle", path);
    return rg_bundle_read_file(bundle, path, RG_BUNDLE_JSON_LIMIT, arena, ret_text, ret_bytes, err);
}
