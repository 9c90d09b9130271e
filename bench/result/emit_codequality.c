/* emit_codequality.c: what did not pass, as GitLab's code quality report and as SARIF 2.1.0: lists
 * of findings at the line of the scenario that asks for the cell. A finding's fingerprint is made
 * of cell and metric, never of the value, so that one that stays is not a new one each time. */
#include <stdlib.h>
#include <string.h>

#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/result/emit.h"
#include "bench/result/gate_words.h"

/* GitHub keeps 5,000 results of a file; rows stand worst first. */
enum { MOST_RESULTS = 5000 };

static const struct {
    const char *severity, *level; /* GitLab's, SARIF's; NULL: no finding */
} grades[RG_VERDICT_COUNT] = {
    [RG_VERDICT_REGRESSED] = {"major", "error"},
    [RG_VERDICT_MISSING] = {"critical", "error"},
    [RG_VERDICT_ERROR] = {"critical", "error"},
    [RG_VERDICT_INVALID] = {"minor", "warning"},
    [RG_VERDICT_NOT_COMPARABLE] = {"minor", "warning"},
    [RG_VERDICT_INCONCLUSIVE] = {"info", "note"},
};

static const char *path_of(const rg_result *result) {
    const char *path = result->candidate.scenario_path;
    return *path ? path : "scenario.lua";
}

static const char *rule_of(const rg_result_row *row) {
    return *row->metric ? row->metric : "cell";
}

static json_t *sentence_of(const rg_result_row *row, bool with_name) {
    rg_text text = {0};
    if (with_name)
        rg_text_printf(&text, "%s ", row->name);
    rg_result_sentence(row, &text);
    json_t *sentence = text.failed ? NULL : rg_json_clean(text.data);
    rg_text_free(&text);
    return sentence;
}

static void fingerprint_of(const rg_result_row *row, char ret_hex[RG_HASH_HEX]) {
    rg_text text = {0};
    rg_text_printf(&text, "%s %s", row->cell, rule_of(row));
    rg_hash_bytes(text.data ? text.data : "", text.bytes, ret_hex);
    rg_text_free(&text);
}

static json_int_t line_of(const rg_result_row *row) {
    return row->line ? (json_int_t)row->line : 1;
}

/* --- GitLab ----------------------------------------------------------------------------------- */

static json_t *issue_of(const rg_result *result, const rg_result_row *row) {
    char fingerprint[RG_HASH_HEX], check[96];
    fingerprint_of(row, fingerprint);
    snprintf(check, sizeof check, "railgauge/%s", rule_of(row));
    return json_pack("{s:o, s:s, s:s, s:s, s:{s:s, s:{s:I}}}", "description",
                     sentence_of(row, true), "check_name", check, "fingerprint", fingerprint,
                     "severity", grades[row->verdict_id].severity, "location", "path",
                     path_of(result), "lines", "begin", line_of(row));
}

void rg_emit_codequality(const rg_result *result, const rg_emit_how *how, rg_text *ret_text) {
    (void)how;
    json_t *issues = json_array();
    for (size_t i = 0; i < result->n; i++) {
        if (grades[result->rows[i].verdict_id].severity)
            json_array_append_new(issues, issue_of(result, &result->rows[i]));
    }
    rg_text_add_json(ret_text, issues);
    json_decref(issues);
}

/* --- SARIF ------------------------------------------------------------------------------------ */

/* A path as a relative URI reference: what is not plain is percent-encoded. */
static json_t *uri_of(const char *path) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~/";
    rg_text uri = {0};
    rg_text_add(&uri, *path == '/' ? "file://" : "");
    for (; *path; path++) {
        if (strchr(plain, *path))
            rg_text_add_bytes(&uri, path, 1);
        else
            rg_text_printf(&uri, "%%%02X", (unsigned char)*path);
    }
    json_t *value = uri.failed ? NULL : json_string(uri.data);
    rg_text_free(&uri);
    return value;
}

/* Place of a rule in the list, which gets it when it is new. */
static json_int_t rule_index(json_t *rules, const rg_result_row *row) {
    size_t i;
    json_t *rule;
    json_array_foreach(rules, i, rule) {
        if (!strcmp(rg_json_get_text(rule, "id", ""), rule_of(row)))
            return (json_int_t)i;
    }
    int known = rg_figure_find(row->metric);
    const char *help = known >= 0 ? rg_figure_rows[known].help : "the cell as a whole";
    json_array_append_new(
        rules, json_pack("{s:s, s:{s:s}}", "id", rule_of(row), "shortDescription", "text", help));
    return (json_int_t)json_array_size(rules) - 1;
}

static json_t *finding_of(const rg_result *result, const rg_result_row *row, json_t *rules) {
    char fingerprint[RG_HASH_HEX];
    fingerprint_of(row, fingerprint);
    return json_pack("{s:s, s:I, s:s, s:{s:o}, s:[{s:{s:{s:o}, s:{s:I}}, s:[{s:s}]}], s:{s:s}}",
                     "ruleId", rule_of(row), "ruleIndex", rule_index(rules, row), "level",
                     grades[row->verdict_id].level, "message", "text", sentence_of(row, true),
                     "locations", "physicalLocation", "artifactLocation", "uri",
                     uri_of(path_of(result)), "region", "startLine", line_of(row),
                     "logicalLocations", "fullyQualifiedName", row->name, "partialFingerprints",
                     "railgaugeCell/v1", fingerprint);
}

void rg_emit_sarif(const rg_result *result, const rg_emit_how *how, rg_text *ret_text) {
    (void)how;
    json_t *rules = json_array(), *findings = json_array();
    for (size_t i = 0; i < result->n && json_array_size(findings) < MOST_RESULTS; i++) {
        if (grades[result->rows[i].verdict_id].level)
            json_array_append_new(findings, finding_of(result, &result->rows[i], rules));
    }
    const char *version = result->candidate.program;
    json_t *document =
        json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:[{s:b, s:i, s:s}], s:o}]}", "$schema",
                  "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs",
                  "tool", "driver", "name", "railgauge", "version", *version ? version : "0",
                  "rules", rules, "invocations", "executionSuccessful", 1, "exitCode", result->exit,
                  "exitCodeDescription", rg_result_title(result), "results", findings);
    rg_text_add_json(ret_text, document);
    json_decref(document);
}
