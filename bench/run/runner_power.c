/* runner_power.c: power of one round: the meter around the worker, and the rails that the worker
 * itself read through its open device, brought together. */
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/run/runner_priv.h"

/* Both lists of rails behind one another; rows of the second point behind the first's. */
static bool join(const rg_child *child, rg_meter *meter, rg_round_power *ret) {
    size_t n_rails, n_rows;
    const rg_rail *rails = rg_meter_rails(meter, &n_rails);
    const rg_power_row *rows = rg_meter_rows(meter, &n_rows);
    ret->rails = calloc(n_rails + child->n_rails + 1, sizeof *ret->rails);
    ret->rows = calloc(n_rows + child->n_power + 1, sizeof *ret->rows);
    if (!ret->rails || !ret->rows)
        return false;
    memcpy(ret->rails, rails, n_rails * sizeof *rails);
    memcpy(ret->rows, rows, n_rows * sizeof *rows);
    for (size_t i = 0; i < child->n_rails; i++)
        ret->rails[n_rails + i] = child->rails[i];
    for (size_t i = 0; i < child->n_power; i++) {
        ret->rows[n_rows + i] = child->power[i];
        ret->rows[n_rows + i].rail += (uint32_t)n_rails;
    }
    ret->n_rails = n_rails + child->n_rails;
    ret->n_rows = n_rows + child->n_power;
    return true;
}

static json_t *refusal_of(const rg_err *why) {
    return json_pack("{s:s, s:s, s:s}", "refusal", "no-sensor", "what", why->what, "advice",
                     why->advice);
}

/* What the meter around the worker cost, and beside it what the worker said of its own. */
static void add_cost(rg_meter *meter, json_t *facts) {
    json_t *own = json_incref(json_object_get(facts, "power"));
    json_t *power = json_pack("{s:o}", "cost", rg_meter_cost(meter));
    if (json_object_get(own, "cost"))
        json_object_set(power, "session_cost", json_object_get(own, "cost"));
    else if (json_object_get(own, "what"))
        json_object_set(power, "session", json_object_get(own, "what"));
    json_object_set_new(facts, "power", power);
    json_decref(own);
    if (rg_meter_shares_core(meter))
        json_array_append_new(json_object_get(facts, "flags"), json_string("meter-shares-core"));
}

rg_status rg_runner_add_power(const rg_child *child, rg_meter *meter, const rg_err *why,
                              rg_round *round, rg_round_power *ret_power, rg_err *err) {
    *ret_power = (rg_round_power){.n_rails = 0};
    if (!meter) {
        if (!json_object_get(round->facts, "power"))
            json_object_set_new(round->facts, "power", refusal_of(why));
        return RG_OK;
    }
    if (!join(child, meter, ret_power))
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for power rows");
    round->rails = ret_power->rails;
    round->n_rails = ret_power->n_rails;
    round->power = ret_power->rows;
    round->n_power = ret_power->n_rows;
    add_cost(meter, round->facts);
    return RG_OK;
}

void rg_round_power_free(rg_round_power *power) {
    free(power->rails);
    free(power->rows);
    *power = (rg_round_power){.n_rails = 0};
}
