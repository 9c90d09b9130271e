/* test_refusals.c: each reason not to print joules, one by one: a trace that raises exactly it and
 * a twin that raises none, for the codes that readings can raise; what a run's facts raise besides,
 * and which of all these a scenario may accept, is in test_derive_energy.c. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "bench/result/energy.h"
#include "tests/doubles/power_world.h"

enum { MAX_ROWS = 4000 };

/* A module of one or two rails over 5 s of load, in order. */
typedef struct scene {
    rg_rail rails[2];
    size_t n_rails;
    rg_power_row rows[MAX_ROWS];
    size_t n;
    power_world world;
    power_eye eye;
    rg_energy_ask ask;
} scene;

static void play_rail(scene *s, uint32_t rail, uint64_t seed) {
    rg_rng rng = rg_rng_seeded(seed);
    s->rails[rail] = power_eye_rail(&s->eye);
    s->rails[rail].limits.gain = 0.01;
    s->n += power_world_play(&s->world, &s->eye, 3, rail, &rng, s->rows + s->n, MAX_ROWS - s->n);
    s->n_rails = rail + 1;
}

static void finish(scene *s) {
    int64_t end_ns = (int64_t)(s->world.window_s * 1e9);
    s->ask = (rg_energy_ask){.rails = s->rails,
                             .n_rails = s->n_rails,
                             .rows = s->rows,
                             .n_rows = s->n,
                             .window = {0, end_ns},
                             .idle_before = {-2900000000, -50000000},
                             .idle_after = {end_ns + 50000000, end_ns + 2900000000},
                             .inferences = 1000};
}

static void make(scene *s) {
    *s = (scene){.world = {.idle_mw = 5000, .load_mw = 15000, .window_s = 5},
                 .eye = {.kind = RG_POWER_BLOCK, .refresh_s = 0.02, .poll_s = 0.02}};
    s->eye.noise_mw = 2;
    s->eye.lsb_mw = 0.1;
    play_rail(s, 0, 7);
    finish(s);
}

static void again(scene *s) {
    s->n = 0;
    play_rail(s, 0, 7);
    finish(s);
}

/* --- what spoils it; `mild`: only as far as is still fine ---------------------------------------
 */

static void absent(scene *s, bool mild) {
    s->rails[0].status = mild ? RG_OK : RG_ABSENT;
}

static void child_only(scene *s, bool mild) {
    s->rails[0].role = mild ? RG_ROLE_COMPONENT : RG_ROLE_EXCLUDED;
}

static void clipped(scene *s, bool mild) {
    s->rows[mild ? s->n - 1 : s->n / 2].flags =
        RG_ROW_CLIPPED; /* only inside the window it counts */
}

static void nothing_known(scene *s, bool mild) {
    if (!mild)
        s->rows[s->n / 2].power_mw = INFINITY;
}

static void frozen(scene *s, bool mild) {
    for (size_t i = 0; i < s->n; i++) /* to stand still at each level is no fault */
        s->rows[i].power_mw = mild && s->rows[i].power_mw < 10000 ? 5000 : 15000;
}

static void checked_before(scene *s, bool mild) {
    s->rails[0].failed_check = !mild;
}

/* With quiet idle close by it is whole, however short. */
static void brief(scene *s, bool mild) {
    s->world.window_s = 0.3;
    again(s);
    s->ask.idle_before.end_ns -= mild ? 0 : 300000000;
    s->ask.idle_after.start_ns += mild ? 0 : 300000000;
}

static void holed(scene *s, bool mild) {
    for (size_t i = s->n / 2; i < s->n / 2 + (mild ? 0 : 8); i++)
        s->rows[i].flags = RG_ROW_BAD;
}

static void reset_counter(scene *s, bool mild) {
    s->eye = (power_eye){.kind = RG_POWER_COUNTER, .refresh_s = 0.02, .poll_s = 0.02};
    s->eye.wrap_uj = mild ? 60000000 : 0; /* a wrap that is known is none */
    again(s);
    for (size_t i = s->n / 2; i < s->n && !mild; i++)
        s->rows[i].energy_uj -= 2e7;
}

static void jumping_counter(scene *s, bool mild) {
    s->eye = (power_eye){.kind = RG_POWER_COUNTER, .refresh_s = 0.02, .poll_s = 0.02};
    again(s);
    s->rails[0].limits.range_mw = 100000;
    for (size_t i = s->n / 2; i < s->n && !mild; i++)
        s->rows[i].energy_uj += 3e6; /* 150 W for 20 ms: more than the supply gives */
}

static void climbing(scene *s, bool mild) {
    for (size_t i = 0; i < s->n; i++) {
        double t = (double)s->rows[i].t_ns * 1e-9;
        if (t >= 0 && t <= 5)
            s->rows[i].power_mw += (mild ? 10 : 200) * (t - 2.5);
    }
}

static void warmer(scene *s, bool mild) {
    for (size_t i = 0; i < s->n; i++) {
        if (s->rows[i].t_ns > s->ask.window.end_ns)
            s->rows[i].power_mw += mild ? 50 : 300;
    }
}

static void faint(scene *s, bool mild) {
    s->world.load_mw = mild ? 5100 : 5000;
    s->eye.noise_mw = 20;
    again(s);
    s->rails[0].limits.offset_mw = 0;
    s->ask.inferences = 0; /* else the gentlest load is stale as well */
}

static void unsure(scene *s, bool mild) {
    s->rails[0].limits.gain = mild ? 0.05 : 0.12;
}

static void offset_alone(scene *s, bool mild) {
    s->rails[0].limits.offset_mw = mild ? 100 : -1;
}

static void two_totals(scene *s, bool mild) {
    s->eye.gain_error = mild ? 0.004 : 0.05;
    play_rail(s, 1, 8);
    finish(s);
}

typedef struct row {
    const char *name;
    uint32_t total, above; /* raised, exactly; above: beside those of the total */
    void (*spoil)(scene *s, bool mild);
} row;

static const row rows[] = {
    {"no rail can be read", RG_REFUSE_NO_SENSOR, 0, absent},
    {"a rail that is no total", RG_REFUSE_SCOPE, 0, child_only},
    {"a reading at the end of its range", RG_REFUSE_RANGE, 0, clipped},
    {"a reading that is no number", RG_REFUSE_RANGE | RG_REFUSE_GAP, 0, nothing_known},
    {"readings that stand still", RG_REFUSE_STALE, RG_REFUSE_LOW_SIGNAL | RG_REFUSE_UNCERTAINTY,
     frozen},
    {"a rail that failed its self-test", RG_REFUSE_STALE, 0, checked_before},
    {"a window of 15 refreshes", RG_REFUSE_SHORT_WINDOW, 0, brief},
    {"reads that failed", RG_REFUSE_GAP, 0, holed},
    {"a counter that went back", RG_REFUSE_GAP, 0, reset_counter},
    {"a counter that jumped", RG_REFUSE_GAP, 0, jumping_counter},
    {"power that climbs", RG_REFUSE_NOT_STEADY, 0, climbing},
    {"idle that is higher afterwards", 0, RG_REFUSE_IDLE_DRIFT, warmer},
    {"a load that cannot be told from idle", 0, RG_REFUSE_LOW_SIGNAL | RG_REFUSE_UNCERTAINTY,
     faint},
    {"a gain of 12 %", RG_REFUSE_UNCERTAINTY, RG_REFUSE_UNCERTAINTY, unsure},
    {"an offset that nobody knows", RG_REFUSE_UNCERTAINTY, 0, offset_alone},
    {"two totals that differ by 5 %", RG_REFUSE_DISAGREE, 0, two_totals},
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

static const char *word(uint32_t refusals) {
    return refusals ? rg_refusal_first(refusals) : "nothing";
}

static void try_row(const row *r, bool mild) {
    scene *s = calloc(1, sizeof *s);
    make(s);
    r->spoil(s, mild);
    rg_energy energy;
    cr_assert_eq(rg_energy_measure(&s->ask, &energy, NULL), RG_OK);
    uint32_t total = energy.headline.refusals, above = energy.headline.above_refusals;
    uint32_t total_want = mild ? 0 : r->total, above_want = mild ? 0 : r->above;
    cr_expect_eq(total, total_want, "%s%s: raised %s of %x, wanted %x", r->name,
                 mild ? " (mild)" : "", word(total), total, total_want);
    if (isfinite(energy.headline.above.uj))
        cr_expect_eq(above, above_want, "%s%s, above idle: raised %s of %x, wanted %x", r->name,
                     mild ? " (mild)" : "", word(above), above, above_want);
    rg_energy_free(&energy);
    free(s);
}

Test(refusals, each_is_raised_by_its_own_trace_and_by_nothing_else) {
    for (size_t i = 0; i < N_ROWS; i++)
        try_row(&rows[i], false);
}

Test(refusals, none_is_raised_by_a_twin_that_is_just_as_it_should_be) {
    for (size_t i = 0; i < N_ROWS; i++)
        try_row(&rows[i], true);
}

Test(refusals, four_of_them_can_be_accepted) {
    const char *const open[] = {"throttle", "idle-drift", "disagree", "not-steady"};
    uint32_t set = 0;
    for (int i = 0; i < 4; i++)
        set |= rg_refusal_of(open[i]);
    cr_assert_eq(set, RG_REFUSE_OVERRIDABLE);
    cr_assert_eq(rg_refusal_of("nonsense"), 0);
}
