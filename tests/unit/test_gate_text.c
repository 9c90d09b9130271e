/* test_gate_text.c: the gate's first screen, JSON, Markdown and JUnit. */
#include "bench/result/emit.h"
#include "tests/unit/gate_made.h"

/* No line of the text is wider than the columns, but for the commands to copy. */
static void fits(const char *text, size_t columns) {
    char line[4096];
    while (*text) {
        size_t n = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)n, text);
        bool command = !strncmp(line, "repeat", 6) || !strncmp(line, "look at", 7);
        cr_assert(command || rg_text_columns(line) <= columns, "%zu columns: '%s'",
                  rg_text_columns(line), line);
        text += n + (text[n] == '\n');
    }
}

/* What the forms are made from. */
static rg_result *written(const rg_gate *gate) {
    rg_result *result = NULL;
    rg_err err = RG_ERR_INIT;
    json_t *document = rg_gate_to_json(gate, NULL);
    cr_assert_eq(rg_result_from_json(document, "made", &result, &err), RG_OK, "%s", err.what);
    json_decref(document);
    return result;
}

Test(gate, the_first_screen_fits_eighty_and_two_hundred_columns) {
    maker m = usual(21, 8);
    owned a = make_side("runs/A", &m);
    m.slower = 1.2;
    m.n_slower = 3;
    owned b = make_side("runs/B", &m);
    json_t *long_one = json_array_get(b.records, 5);
    set_text(long_one, "status", "failed");
    set_text(long_one, "what",
             "the worker died of signal 11 (Segmentation fault) while loading the model, after it "
             "had printed a great many words of its own");
    static const char name[] = "a-very-long-name-of-a-network-\xc3\xa4\xc3\xb6\xc3\xbc/of-a-target/"
                               "variant=dotprod/threads=4/in_flight=8/precision=int8";
    set_text(json_array_get(a.cells, 1), "name", name);
    rg_gate *gate = judged(&a, &b, NULL);
    rg_result *result = written(gate);
    static const size_t widths[] = {80, 100, 120, 160, 200};
    for (size_t i = 0; i < 5; i++) {
        for (int all = 0; all < 2; all++) {
            rg_text text = {0};
            rg_emit_text(result, &(rg_emit_how){widths[i], all}, &text);
            fits(text.data, widths[i]);
            cr_assert(strstr(text.data, "VERDICT    INCOMPLETE"), "%s", text.data);
            cr_assert(strstr(text.data, "no control workload"));
            cr_assert(strstr(text.data, "railgauge gate --baseline runs/A --candidate runs/B"));
            cr_assert(strstr(text.data, "exit       3"));
            rg_text_free(&text);
        }
    }
    rg_result_free(result);
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
}

Test(gate, json_tells_everything_and_agrees_with_the_struct) {
    maker m = usual(22, 3);
    owned a = make_side("runs/A", &m), b = make_side("runs/B", &m);
    rg_gate *gate = judged(&a, &b, NULL);
    json_t *object = rg_gate_to_json(gate, NULL);
    const json_t *tests = json_object_get(object, "tests");
    cr_assert_eq(json_array_size(tests), gate->n);
    for (size_t i = 0; i < gate->n; i++) {
        const json_t *row = json_array_get(tests, i);
        cr_assert_str_eq(rg_json_get_text(row, "verdict", ""),
                         rg_verdict_word(gate->tests[i].verdict));
        cr_assert_eq(rg_json_get_int(row, "rounds_candidate", 0), 6);
        cr_assert(json_object_get(row, "q_worse"));
    }
    cr_assert_eq(rg_json_get_int(object, "exit", -1), gate->exit);
    json_decref(object);
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
}

Test(gate, markdown_and_junit_keep_hostile_names_harmless) {
    owned a, b;
    make_pair(&a, &b, 23);
    set_text(json_array_get(a.cells, 0), "name", "x|<b>&\"'\x01]]>\n*y*");
    set_text(json_array_get(b.records, 0), "status", "failed");
    set_text(json_array_get(b.records, 0), "what", "a < b && \"c\" \x02 | `d`");
    b.side.name = "runs/\xff\xed\xa0\x80\xef\xbf\xbe";
    rg_gate *gate = judged(&a, &b, NULL);
    rg_result *result = written(gate);
    rg_text junit = {0}, markdown = {0};
    rg_emit_junit(result, NULL, &junit);
    cr_assert(strstr(junit.data, "x|&lt;b&gt;&amp;&quot;'?]]&gt;&#10;*y*/cell"), "%s", junit.data);
    cr_assert(strstr(junit.data, "value=\"runs/????"), "%s", junit.data);
    cr_assert_null(strchr(junit.data, '\x01'));
    rg_emit_markdown(result, NULL, &markdown);
    cr_assert(strstr(markdown.data, "x\\|\\<b\\>&"), "%s", markdown.data);
    rg_text_free(&junit);
    rg_text_free(&markdown);
    rg_result_free(result);
    rg_gate_free(gate);
    drop(&a);
    drop(&b);
}
