/* proof_text.c: the operating characteristics as a table and as JSON. */
#include <math.h>

#include "bench/core/json.h"
#include "bench/result/proof.h"

static double share(uint64_t part, uint64_t n) {
    return n ? (double)part / (double)n : NAN;
}

static double per_hundred(const rg_proof *proof, rg_study_kind study, int noise) {
    const rg_tally *t = &proof->tallies[study][noise];
    return 100 * share(t->alarms, t->n);
}

static void add_head(const rg_proof *proof, rg_text *out) {
    const rg_tally *suites = &proof->tallies[RG_STUDY_SUITE][0];
    rg_text_printf(out,
                   "The gate on made-up noise with known truth: seed %llu%s, %u threads, %.0f s\n",
                   (unsigned long long)proof->seed, proof->quick ? ", quick" : "", proof->threads,
                   proof->seconds);
    rg_text_printf(out,
                   "p50, p95 and mean of %d calls a round, any of them fails a cell; each at 0.05 "
                   "/ %d\nclean suites of %d cells with an alarm: %llu of %llu\n\n",
                   RG_PROOF_SAMPLES, RG_PROOF_SUITE * RG_PROOF_METRICS, RG_PROOF_SUITE,
                   (unsigned long long)suites->alarms, (unsigned long long)suites->n);
}

static void add_row(const rg_proof *proof, int k, rg_text *out) {
    const rg_tally *aa = &proof->tallies[RG_STUDY_AA][k];
    const rg_tally *strict = &proof->tallies[RG_STUDY_STRICT_AA][k];
    const rg_tally *cover = &proof->tallies[RG_STUDY_COVERAGE][k];
    rg_text_printf(out,
                   "%-12s %3llu/%-5llu %5.1f %6.1f  %5.1f %5.1f %5.1f  %3llu/%-4llu %6.1f %5.1f",
                   rg_noise_rows[k].name, (unsigned long long)aa->alarms, (unsigned long long)aa->n,
                   100 * share(aa->passes, aa->n), share(aa->rounds, aa->n),
                   per_hundred(proof, RG_STUDY_PLUS2, k), per_hundred(proof, RG_STUDY_PLUS5, k),
                   per_hundred(proof, RG_STUDY_PLUS10, k), (unsigned long long)strict->alarms,
                   (unsigned long long)strict->n, share(strict->rounds, strict->n),
                   per_hundred(proof, RG_STUDY_STRICT_PLUS2, k));
    for (int m = 0; m < RG_PROOF_METRICS; m++)
        rg_text_printf(out, "%s%5.1f", m ? " " : "  ", 100 * share(cover->covered[m], cover->n));
    rg_text_add(out, "\n");
}

static void add_broken(const rg_proof *proof, rg_text *out) {
    for (size_t i = 0; i < proof->n_promises; i++) {
        const rg_promise *p = &proof->promises[i];
        if (!p->kept)
            rg_text_printf(out, "NOT MET  %s: %.4g, promised %s %.4g\n", p->what, p->seen,
                           p->at_most ? "at most" : "at least", p->limit);
    }
    rg_text_printf(out, "%zu of %zu limits met\n", proof->n_promises - proof->broken,
                   proof->n_promises);
}

void rg_proof_to_text(const rg_proof *proof, rg_text *ret_text) {
    add_head(proof, ret_text);
    rg_text_printf(ret_text, "%-12s %-27s %-18s %-22s %s\n", "", "A/A, 1 % / 5 %", "seen of 100 at",
                   "strict, 0.5 % / 2 %", "95 % interval holds");
    rg_text_printf(ret_text, "%-12s %9s %5s %6s  %5s %5s %5s  %8s %6s %5s  %5s %5s %5s\n",
                   "profile", "alarms", "pass", "rounds", "+2 %", "+5 %", "+10 %", "alarms",
                   "rounds", "+2 %", "p50", "p95", "mean");
    for (int k = 0; k < RG_NOISE_COUNT; k++) {
        if (k == RG_NOISE_TUNED)
            rg_text_add(ret_text, "profiles that the design was not tuned on:\n");
        add_row(proof, k, ret_text);
    }
    rg_text_add(ret_text,
                "\nThe heavy tail has no variance, so no interval is promised of its mean.\n");
    add_broken(proof, ret_text);
}

static json_t *tally_to_json(const rg_tally *t, bool coverage) {
    json_t *object = json_pack("{s:I}", "n", (json_int_t)t->n);
    if (coverage) {
        rg_json_set_real(object, "p50", share(t->covered[0], t->n));
        rg_json_set_real(object, "p95", share(t->covered[1], t->n));
        rg_json_set_real(object, "mean", share(t->covered[2], t->n));
        return object;
    }
    json_object_update_new(object, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "regressed",
                                             (json_int_t)t->alarms, "by_p50", (json_int_t)t->by[0],
                                             "by_p95", (json_int_t)t->by[1], "by_mean",
                                             (json_int_t)t->by[2], "pass", (json_int_t)t->passes,
                                             "improved", (json_int_t)t->better));
    rg_json_set_real(object, "rounds", share(t->rounds, t->n));
    return object;
}

static json_t *profile_to_json(const rg_proof *proof, int k) {
    static const char *const keys[] = {
        [RG_STUDY_AA] = "aa",
        [RG_STUDY_PLUS2] = "plus_2",
        [RG_STUDY_PLUS5] = "plus_5",
        [RG_STUDY_PLUS10] = "plus_10",
        [RG_STUDY_STRICT_AA] = "strict_aa",
        [RG_STUDY_STRICT_PLUS2] = "strict_plus_2",
        [RG_STUDY_COVERAGE] = "coverage",
    };
    json_t *object = json_pack("{s:s, s:s, s:b}", "name", rg_noise_rows[k].name, "summary",
                               rg_noise_rows[k].summary, "tuned", k < RG_NOISE_TUNED);
    for (int s = 0; s <= RG_STUDY_COVERAGE; s++)
        json_object_set_new(object, keys[s],
                            tally_to_json(&proof->tallies[s][k], s == RG_STUDY_COVERAGE));
    return object;
}

static json_t *promise_to_json(const rg_promise *p) {
    json_t *object =
        json_pack("{s:s, s:b, s:b}", "what", p->what, "at_most", p->at_most, "met", p->kept);
    rg_json_set_real(object, "seen", p->seen);
    rg_json_set_real(object, "limit", p->limit);
    return object;
}

json_t *rg_proof_to_json(const rg_proof *proof) {
    const rg_tally *suites = &proof->tallies[RG_STUDY_SUITE][0];
    json_t *profiles = json_array(), *promises = json_array();
    for (int k = 0; k < RG_NOISE_COUNT; k++)
        json_array_append_new(profiles, profile_to_json(proof, k));
    for (size_t i = 0; i < proof->n_promises; i++)
        json_array_append_new(promises, promise_to_json(&proof->promises[i]));
    return json_pack("{s:I, s:b, s:i, s:f, s:b, s:{s:I, s:I}, s:o, s:o}", "seed",
                     (json_int_t)proof->seed, "quick", proof->quick, "threads", (int)proof->threads,
                     "seconds", proof->seconds, "met", proof->broken == 0, "suites", "n",
                     (json_int_t)suites->n, "alarms", (json_int_t)suites->alarms, "profiles",
                     profiles, "limits", promises);
}
