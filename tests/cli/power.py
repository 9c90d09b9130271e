"""Power and energy from outside, end to end: simulated devices with known joules, replayed traces,
recorded boards whose readings stand still, move, vanish or turn strange. TAP on stdout.

    power.py RAILGAUGE SOURCE_ROOT
"""
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import tap

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
MACHINES = os.path.join(SOURCE, "tests", "machines")
WORK = tempfile.mkdtemp(prefix="railgauge-power-")
ENVIRONMENT = dict(os.environ, XDG_CACHE_HOME=os.path.join(WORK, "cache"), LC_ALL="C.UTF-8")
ENERGY = ("energy_total_uj", "energy_above_idle_uj", "power_mean_mw", "power_idle_mw", "tops_per_watt",
          "tops_per_watt_above_idle")
STILL = {"jitter": 0, "round_sd": 0, "tail_share": 0}
QUICK = {"rounds": 2, "samples": 130, "min_time": "500ms", "cap": "20s"}
DS_CNN_OPS = 2 * 2656768  # published multiply-adds of the keyword model, twice


# --- helpers --------------------------------------------------------------------------------

def scenario(cells, measure, tier=QUICK):
    folder = tempfile.mkdtemp(dir=WORK)
    path = os.path.join(folder, "request.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"name": "power", "summary": "a test", "seed": 1, "tier": tier, "cells": cells,
                   "measure": dict({"power": True}, **measure)}, file)
    return path, os.path.join(folder, "runs")


def call(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, env=ENVIRONMENT, timeout=120)


def read_bundle(folder):
    bundle = os.path.join(folder, os.listdir(folder)[0])
    with open(os.path.join(bundle, "records.jsonl"), encoding="utf-8") as file:
        return bundle, [json.loads(line) for line in file]


def run(cells, measure=None, tier=QUICK, root=None):
    """Runs cells to the end; the bundle and its records."""
    path, out = scenario(cells, measure or {}, tier)
    done = call(*(["--root", root] if root else []), "run", path, "--out", out, "--quiet")
    assert done.returncode == 0, (done.returncode, done.stderr)
    return read_bundle(out)


def steady(*words, **more):
    """The one record of a run on real cores, where other work may make latency drift or keep the
    meter from reading: that is told as not-steady or gap, and tried again."""
    for _ in range(4):
        _, (record,) = run(*words, **more)
        assert record["status"] == "ok"
        if record["figures"]["energy_total_uj"].get("na") not in ("not-steady", "gap"):
            return record
    raise tap.Skip("the machine is too busy: no window is steady and whole")


def simulated(options, measure=None, tier=QUICK, model="ds-cnn"):
    cell = {"target": "sim", "options": dict(STILL, **options)}
    cell.update({"file": model} if ":" in model else {"model": model})
    return run([cell], measure, tier)[1][0]


def holds(figure, truth):
    """The truth lies inside the interval, the interval is honest but no excuse."""
    assert figure.get("value") is not None, figure
    assert figure["low"] <= truth <= figure["high"], (figure, truth)
    assert 0 < figure["high"] - figure["low"] < 0.2 * abs(truth), figure


def refused(record, code, keys=ENERGY):
    figures = record["figures"]
    assert [figures[key].get("na") for key in keys] == [code] * len(keys), \
        {key: figures[key] for key in ENERGY}


def round_refusals(record, half="total"):
    return [one[half]["refusals"] for one in record["energy"]["rounds"]]


# --- simulated devices ----------------------------------------------------------------------

def test_a_simulated_device_gives_the_joules_it_was_told_to_draw():
    record = simulated({"latency": "1ms", "power_mw": 5000, "idle_mw": 2000})
    figures = record["figures"]
    assert record["status"] == "ok" and record["provenance"] == "simulated"
    holds(figures["energy_total_uj"], 5000)        # 5 W for 1 ms
    holds(figures["energy_above_idle_uj"], 3000)
    holds(figures["power_mean_mw"], 5000)
    holds(figures["power_idle_mw"], 2000)
    holds(figures["tops_per_watt"], DS_CNN_OPS * 1e-12 / 5000e-6)
    holds(figures["tops_per_watt_above_idle"], DS_CNN_OPS * 1e-12 / 3000e-6)
    assert record["energy"]["scope"] == "module"


def test_energy_scales_with_power_and_with_time():
    record = simulated({"latency": "4ms", "power_mw": 12000, "idle_mw": 500})
    holds(record["figures"]["energy_total_uj"], 48000)
    holds(record["figures"]["energy_above_idle_uj"], 46000)


def test_the_expanded_uncertainty_is_that_of_the_rails_limits():
    record = simulated({"power_mw": 5000, "idle_mw": 2000})
    figure = record["figures"]["energy_total_uj"]
    # gain 0.5 %, offset 1 mW, step 0.5 mW on 5 W for 1 ms; the gain's rectangle outweighs all: k = 1.65
    sensor = 1.65 * ((0.005 * 5000) ** 2 / 3 + 1 / 3 + 0.25 / 12) ** 0.5
    assert round(record["energy"]["total"]["k"], 2) == 1.65, record["energy"]["total"]
    half = (figure["high"] - figure["low"]) / 2
    assert sensor * 0.999 <= half <= sensor * 1.02, (sensor, half)


def test_the_report_shows_energy_with_scope_and_provenance():
    path, out = scenario([{"model": "ds-cnn", "target": "sim", "options": STILL}], {})
    assert call("run", path, "--out", out, "--quiet").returncode == 0
    bundle, _ = read_bundle(out)
    done = call("report", bundle, "--format", "text")
    assert done.returncode == 0, done.stderr
    for words in ("energy/inference (mJ)", "5.000 [4.976, 5.024]", "energy scope: module", "GOPS/W",
                  "provenance: simulated"):
        assert words in done.stdout, (words, done.stdout)


def test_a_short_window_is_refused():
    record = simulated({}, tier={"rounds": 2, "samples": 80, "min_time": "0s", "cap": "5s"})
    assert record["status"] == "ok"
    refused(record, "short-window", [key for key in ENERGY if key != "power_idle_mw"])
    holds(record["figures"]["power_idle_mw"], 2000)


def test_no_time_for_idle_leaves_the_total_alone():
    record = simulated({}, {"idle": "10ms"})
    holds(record["figures"]["energy_total_uj"], 5000)
    refused(record, "short-window", ["energy_above_idle_uj", "power_idle_mw", "tops_per_watt_above_idle"])


def test_idle_power_that_moves_is_refused_above_idle():
    record = simulated({"idle_drift": 0.1})
    holds(record["figures"]["energy_total_uj"], 5000)
    refused(record, "idle-drift", ["energy_above_idle_uj", "tops_per_watt_above_idle"])


def test_busy_power_that_moves_is_not_steady():
    record = simulated({"power_drift": 0.1})
    refused(record, "not-steady", ["energy_total_uj", "energy_above_idle_uj", "power_mean_mw", "tops_per_watt"])


def test_latency_that_moves_is_not_steady():
    # the warm-up sees the trend as well and may wait for its end; then the figures stand
    record = simulated({"mode": "hot"}, tier=dict(QUICK, min_time="5s"))
    refused(record, "not-steady", ["energy_total_uj", "tops_per_watt"])


def test_a_sensor_that_does_not_see_the_load_is_stale():
    record = simulated({"power_mw": 4000, "idle_mw": 4000})
    refused(record, "stale")


def test_a_load_that_idle_nearly_hides_has_a_total_only():
    record = simulated({"power_mw": 4001, "idle_mw": 4000})
    holds(record["figures"]["energy_total_uj"], 4001)
    refused(record, "uncertainty", ["energy_above_idle_uj", "tops_per_watt_above_idle"])


def test_powers_below_the_sensors_offset_are_uncertain_and_below_its_step_out_of_range():
    record = simulated({"power_mw": 8, "idle_mw": 2})
    refused(record, "uncertainty", ["energy_total_uj", "power_mean_mw", "tops_per_watt"])
    record = simulated({"power_mw": 0.4, "idle_mw": 0})
    refused(record, "range", ["energy_total_uj", "power_mean_mw", "power_idle_mw"])


def test_without_operations_there_is_energy_but_no_efficiency():
    record = simulated({}, model="empty:64")
    holds(record["figures"]["energy_total_uj"], 5000)
    refused(record, "no-operations", ["tops_per_watt", "tops_per_watt_above_idle"])


def test_a_model_left_idle_has_a_power_and_no_joules_an_inference():
    _, (record,) = run([{"model": "ds-cnn", "target": "sim",
                         "pattern": {"kind": "idle", "duration": "2s"}}])
    holds(record["figures"]["power_mean_mw"], 2000)
    holds(record["figures"]["power_idle_mw"], 2000)
    assert record["figures"]["energy_total_uj"].get("na"), record["figures"]["energy_total_uj"]


def test_several_requests_in_flight_share_the_energy():
    cell = {"model": "ds-cnn", "target": "sim-async", "pattern": {"kind": "in_flight", "n": 4},
            "options": dict(STILL, latency="2ms", servers=2, power_mw=6000)}
    record = run([cell])[1][0]
    # two servers always busy: 6 W, 1000 inferences a second; edges of the window may be idler
    figure = record["figures"]["energy_total_uj"]
    assert figure.get("value") is not None and abs(figure["value"] / 6000 - 1) < 0.02, figure


def test_the_energy_scenario_runs_anywhere_on_sim():
    done = call("run", os.path.join(SOURCE, "scenarios", "energy.lua"), "--set", "target=sim", "--out",
                os.path.join(WORK, "energy"), "--quiet")
    assert done.returncode == 0, done.stderr
    _, (record,) = read_bundle(os.path.join(WORK, "energy"))
    for key in ENERGY:
        assert record["figures"][key].get("value"), (key, record["figures"][key])


# --- this machine ---------------------------------------------------------------------------

def test_a_machine_without_rails_says_so_in_every_figure():
    empty = tempfile.mkdtemp(dir=WORK)
    _, (record,) = run([{"model": "ds-cnn", "target": "cpu"}], {"idle": "20ms"}, root=bare_tree(empty))
    assert record["status"] == "ok" and record["figures"]["latency_p50_ns"]["value"] > 0
    refused(record, "no-sensor")


def test_metering_costs_are_on_record_and_sharing_a_core_is_a_flag():
    trace = write_trace(3000, 15)
    cells = [{"model": "ds-cnn", "target": "cpu", "threads": 1}]
    cpus = len(os.sched_getaffinity(0))
    cells += [{"model": "ds-cnn", "target": "cpu", "threads": cpus}] if cpus > 1 else []
    bundle, records = run(cells, {"idle": "50ms", "rails": ["replay:" + trace]}, dict(QUICK, rounds=1))
    for record in records:
        cost = record["energy"]["rounds"][0]["meter"]
        assert cost["reads"] > 10 and cost["lost_rows"] == 0 and cost["read_cost_ns"] > 0, cost
        assert 0 < cost["cpu_share"] < 0.25 and cost["poll_s"] >= 0.001, cost
        shares = record["threads"] == cpus
        assert ("meter-shares-core" in record["flags"]) == shares == cost["shares_core"], record["flags"]
    for name in os.listdir(os.path.join(bundle, "rounds")):
        with open(os.path.join(bundle, "rounds", name, "record.json"), encoding="utf-8") as file:
            assert json.load(file)["power"]["cost"]["reads"] > 10


# --- replayed traces ------------------------------------------------------------------------

def trace_text(mean_mw, sd_mw, rows=400, **rail):
    """A trace in the format of power.jsonl: a rail of 10 ms with limits as an INA226 has them."""
    head = {"id": "test:VIN", "label": "VIN", "sensor": "bench", "scope": "board-in", "role": "total",
            "kind": "block-average", "status": "ok", "refresh_s": 0.01, "lag_s": 0,
            "limits": {"gain": 0.011, "offset_mw": 5, "lsb_mw": 1.25, "lsb_uj": 0, "range_mw": 0,
                       "counter_wrap_uj": "0"}}
    head.update(rail)
    chance = random.Random(1)
    lines = [json.dumps({"rails": [head], "columns": ["t_ns", "half_ns", "rail", "flags", "power_mw", "energy_uj",
                                                      "voltage_mv", "current_ma"]})]
    lines += [json.dumps([i * 10000000, 1000, 0, 0, chance.gauss(mean_mw, sd_mw), None, None, None])
              for i in range(rows)]
    return "\n".join(lines) + "\n"


def write_trace(mean_mw, sd_mw, text=None, **rail):
    handle, path = tempfile.mkstemp(dir=WORK, suffix=".jsonl")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(trace_text(mean_mw, sd_mw, **rail) if text is None else text)
    return path


def test_a_replayed_trace_gives_its_power_times_the_window():
    trace = write_trace(4200, 20)
    record = steady([{"model": "ds-cnn", "target": "cpu"}], {"idle": "300ms", "rails": ["replay:" + trace]},
                    dict(QUICK, rounds=1))
    figures, energy = record["figures"], record["energy"]
    holds(figures["power_mean_mw"], 4200)
    holds(figures["power_idle_mw"], 4200)
    truth = 4200 * 1000 * energy["window_s"] / energy["inferences"]
    holds(figures["energy_total_uj"], truth)
    holds(figures["tops_per_watt"], DS_CNN_OPS * 1e-12 / (truth * 1e-6))
    refused(record, "low-signal", ["energy_above_idle_uj"])
    assert energy["scope"] == "board-in"
    assert all(figures[key]["provenance"] == "imported" for key in ENERGY), figures["energy_total_uj"]
    assert record["provenance"] == "measured"


def test_a_trace_cut_anywhere_is_told_before_anything_is_measured_or_still_makes_sense():
    whole = trace_text(3000, 10, rows=40)
    chance = random.Random(7)
    first = whole.index("\n")
    cuts = [0, 1, first - 1, first, first + 1, len(whole) - 1] + [chance.randrange(len(whole)) for _ in range(8)]
    for cut in cuts:
        trace = write_trace(0, 0, text=whole[:cut])
        path, out = scenario([{"model": "ds-cnn", "target": "cpu"}], {"rails": ["replay:" + trace]})
        done = call("run", path, "--out", out, "--quiet")
        assert done.returncode == 65, (cut, done.returncode, done.stderr)
        assert os.path.basename(trace) in done.stderr, done.stderr
    done = call("run", scenario([{"model": "ds-cnn", "target": "cpu"}], {"rails": ["replay:/nowhere/trace"]})[0],
                "--out", os.path.join(WORK, "nowhere"), "--quiet")
    assert done.returncode in (65, 74) and "/nowhere/trace" in done.stderr, (done.returncode, done.stderr)


def test_traces_of_strange_power_are_refused_never_summed():
    strange = {"range": dict(mean_mw=-2000), "scope": dict(mean_mw=3000, role="unknown"),
               "uncertainty": dict(mean_mw=3000, limits={})}
    for code, rail in strange.items():
        mean = rail.pop("mean_mw")
        trace = write_trace(mean, 10, **rail)
        record = steady([{"model": "ds-cnn", "target": "cpu"}], {"idle": "250ms", "rails": ["replay:" + trace]},
                        dict(QUICK, rounds=1))
        refused(record, code, ["energy_total_uj", "power_mean_mw", "tops_per_watt"])
        assert not record["figures"]["energy_above_idle_uj"].get("value"), record["figures"]


# --- recorded boards ------------------------------------------------------------------------

def bare_tree(folder):
    """A machine with nothing but its processors."""
    os.makedirs(os.path.join(folder, "proc"), exist_ok=True)
    for name in ("cpuinfo", "meminfo"):
        with open("/proc/" + name, "rb") as source, open(os.path.join(folder, "proc", name), "wb") as target:
            target.write(source.read())
    return folder


def board(samples=None):
    """A copy of the recorded Orin Nano whose files may be changed; with fewer samples it lags less."""
    copy = os.path.join(tempfile.mkdtemp(dir=WORK), "machine")
    shutil.copytree(os.path.join(MACHINES, "orin-nano-jp6"), copy, symlinks=True)
    chip = os.path.join(copy, "sys/class/hwmon/hwmon1")
    if samples:
        with open(os.path.join(chip, "samples"), "w") as file:
            file.write("%d\n" % samples)
        with open(os.path.join(chip, "update_interval"), "w") as file:
            file.write("%d\n" % round(430 * samples / 512))
    return copy, os.path.join(chip, "curr1_input")


@contextlib.contextmanager
def moving(path, level_ma, until=None):
    """Rewrites a current in place, a few steps up and down around its level; `until` ends it early."""
    stop, chance = threading.Event(), random.Random(3)

    def write():
        handle = os.open(path, os.O_WRONLY)
        end = time.monotonic() + (until or 1e9)
        while not stop.wait(0.001) and time.monotonic() < end:
            os.pwrite(handle, b"%5d\n" % (level_ma + 8 * chance.randint(-3, 3)), 0)
        os.close(handle)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


CPU = [{"model": "ds-cnn", "target": "cpu", "threads": 1}]
# the recorded INA3221 with 64 samples lags by 54 ms: 10 lags of window, 5 until it has settled
LONG = {"rounds": 1, "samples": 130, "min_time": "800ms", "cap": "20s"}


def test_a_quick_window_is_too_short_for_a_lag_of_430_ms():
    root, _ = board()
    _, (record,) = run(CPU, {"idle": "100ms"}, {"rounds": 1, "samples": 80, "min_time": "200ms", "cap": "2s"}, root)
    assert record["status"] == "ok"
    refused(record, "short-window", [key for key in ENERGY])


def test_a_recording_stands_still_and_is_stale():
    root, _ = board(samples=64)
    _, (record,) = run(CPU, {"idle": "500ms"}, LONG, root)
    refused(record, "stale")


def test_a_board_that_moves_gives_power_times_time_with_the_chips_limits():
    root, file = board(samples=64)
    with moving(file, 1248):
        record = steady(CPU, {"idle": "500ms"}, LONG, root)
    energy, figures = record["energy"], record["figures"]
    mean_mw = 4.960 * 1248
    holds(figures["power_mean_mw"], mean_mw)
    holds(figures["energy_total_uj"], mean_mw * 1000 * energy["window_s"] / energy["inferences"])
    assert energy["scope"] == "module"
    terms = energy["rounds"][0]["total"]["terms"]
    window = energy["window_s"]
    assert abs(terms["offset_uj"] / (16 * 4.960 * 1000 * window / 3 ** 0.5) - 1) < 1e-3, terms
    assert abs(terms["gain_uj"] / (0.0125 * mean_mw * 1000 * window / 3 ** 0.5) - 1) < 0.01, terms
    summed = [rail["id"] for rail in energy["rounds"][0]["rails"] if rail["role"] == "total"]
    assert summed == ["hwmon:ina3221@1-0040:VDD_IN"] and energy["rounds"][0]["rails_summed"] == 1
    refused(record, "low-signal", ["energy_above_idle_uj", "tops_per_watt_above_idle"])


def test_a_board_that_nobody_knows_is_measured_and_never_summed():
    _, (record,) = run(CPU, {"idle": "50ms"}, dict(QUICK, rounds=1), os.path.join(MACHINES, "unknown-board"))
    assert record["status"] == "ok" and len(record["energy"]["rounds"][0]["rails"]) == 2
    refused(record, "scope")


def test_readings_that_stop_while_running_are_stale():
    root, file = board(samples=64)
    with moving(file, 1248, until=0.4):
        _, (record,) = run(CPU, {"idle": "1s"}, LONG, root)
    refused(record, "stale", ["energy_total_uj", "power_mean_mw", "power_idle_mw", "tops_per_watt"])


def strange(change, codes):
    """A run on a board to which `change` is done after a second, in the middle of the window."""
    root, file = board(samples=64)
    timer = threading.Timer(1.3, change, [file])
    with moving(file, 1248, until=1.2):
        timer.start()
        _, (record,) = run(CPU, {"idle": "500ms"}, dict(LONG, min_time="1.5s"), root)
    timer.join()
    assert record["status"] == "ok"
    code = record["figures"]["energy_total_uj"].get("na")
    assert code in codes, (code, record["energy"])
    return record


def test_a_rail_that_vanishes_while_running_leaves_a_gap():
    record = strange(os.unlink, ("gap",))
    assert sum(rail["n_bad"] for one in record["energy"]["rounds"] for rail in one["rails"]) > 0


def test_rubbish_in_place_of_a_reading_leaves_a_gap():
    def rubbish(path):
        with open(path, "w") as file:
            file.write("n/a\n")
    strange(rubbish, ("gap",))


def test_a_rail_that_is_gone_in_later_rounds_refuses_the_cell():
    root, file = board(samples=64)
    timer = threading.Timer(1.5, os.unlink, [file])
    with moving(file, 1248):
        timer.start()
        _, (record,) = run(CPU, {"idle": "300ms"}, dict(LONG, rounds=3), root)
    timer.join()
    assert record["status"] == "ok"
    refused(record, "no-sensor", ["energy_total_uj", "tops_per_watt"])


def test_a_current_that_runs_backwards_is_out_of_range():
    root, file = board(samples=64)
    with moving(file, -800):
        _, (record,) = run(CPU, {"idle": "500ms"}, LONG, root)
    refused(record, "range")


if __name__ == "__main__":
    try:
        sys.exit(tap.run(globals()))
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
