"""`railgauge --root TREE list rails` on recorded machines: every folder of tests/machines holds a tree
and its expected listing, expected-rails.json. TAP on stdout.

    machines.py RAILGAUGE MACHINES_DIR      (RAILGAUGE_REWRITE_MACHINES=1 writes the listings anew)
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import tap

PROGRAM, MACHINES = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])


def call(*words, **more):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60, **more)


def tree(machine):
    return os.path.join(MACHINES, machine)


def listing(machine, what="rails"):
    done = call("--root", tree(machine), "list", what, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rails(machine, sensor="hwmon"):
    """The machine's own rails by label."""
    return {row["label"]: row for row in listing(machine) if row.get("sensor") == sensor}


def check_listings(what):
    machines = sorted(name for name in os.listdir(MACHINES) if os.path.isdir(tree(name)))
    assert len(machines) >= 4, machines
    for machine in machines:
        path = os.path.join(tree(machine), "expected-%s.json" % what)
        got = listing(machine, what)
        if os.environ.get("RAILGAUGE_REWRITE_MACHINES"):
            with open(path, "w", encoding="utf-8") as file:
                json.dump(got, file, indent=2)
                file.write("\n")
        with open(path, encoding="utf-8") as file:
            expected = json.load(file)
        assert got == expected, "%s: %s" % (machine, json.dumps(got, indent=1))


def test_every_recorded_machine_lists_the_rails_that_are_expected_of_it():
    check_listings("rails")


def test_every_recorded_machine_lists_the_state_that_is_expected_of_it():
    check_listings("state")


def test_a_hailo_unit_is_seen_on_the_bus_with_its_link_and_driver():
    rows = [row for row in listing("raspberry-pi-5-hailo8", "devices") if row.get("target") == "hailo"]
    assert len(rows) == 1 and rows[0]["name"] == "hailo:0001:01:00.0" and rows[0]["kind"] == "absent", rows
    assert "Hailo-8, 8R or 8L is on the bus" in rows[0]["summary"], rows
    assert rows[0]["facts"] == {"bus": "pci 0001:01:00.0", "link": "x1, 8.0 GT/s PCIe", "driver": "4.20.0"}, rows
    rows = [row for row in listing("raspberry-pi-5", "devices") if row.get("target") == "hailo"]
    assert [row["kind"] for row in rows] == ["absent"], rows


def test_a_board_without_a_monitor_says_so_and_names_an_external_meter():
    row, = [row for row in listing("jetson-nano-2gb-jp4") if row["name"] == "board"]
    assert "Jetson Nano 2GB" in row["summary"] and "--power-pipe" in row["try"], row
    done = call("--root", tree("jetson-nano-2gb-jp4"), "power", "watch")
    assert done.returncode == 5 and "Jetson Nano 2GB has no power monitor" in done.stderr, done.stderr
    done = call("--root", tree("jetson-nano-2gb-jp4"), "doctor", "--json")
    row, = [row for row in json.loads(done.stdout) if row["name"] == "power"]
    assert "no-sensor" in row["seen"] and "external meter" in row["try"], row


def test_a_run_on_a_board_without_a_monitor_is_refused_its_energy_by_name():
    with tempfile.TemporaryDirectory() as work:
        with open(work + "/s.lua", "w", encoding="utf-8") as file:
            file.write('return rg.scenario { name = "nano", tier = { name = "smoke", rounds = 1 }, measure = { power = true, '
                       'idle = "10ms" }, cells = { { empty = 64, pattern = { "idle", duration = "20ms" } } } }')
        done = call("--root", tree("jetson-nano-2gb-jp4"), "run", work + "/s.lua", "--quiet", "--out", work + "/out")
        assert done.returncode == 0, done.stderr
        bundle = os.path.join(work, "out", os.listdir(work + "/out")[0])
        with open(bundle + "/rounds/00000/record.json", encoding="utf-8") as file:
            power = json.load(file)["power"]
        assert power["refusal"] == "no-sensor" and "Jetson Nano 2GB" in power["what"] and "external meter" in power["advice"], power


def test_the_state_tells_protections_apart_by_what_they_are():
    thor = {row["name"]: row for row in listing("agx-thor-jp7", "state")}
    assert thor["cooling_device1:cpu-throttle-alert"]["kind"] == "alarm"
    orin = {row["name"]: row for row in listing("agx-orin-jp6", "state")}
    assert orin["oc3_event_cnt"]["value"] == 27390 and orin["clocks locked"]["value"] is True
    assert orin["power mode"]["summary"] == "MAXN" and "thermal_zone2:cv0-thermal" not in orin, "a gated zone is left out"
    pi = [row for row in listing("raspberry-pi-5", "state") if row["name"] == "firmware.under-voltage"]
    assert [(row["kind"], row["value"]) for row in pi] == [("throttle", 1), ("alarm", 0)], pi


def test_an_orin_nano_has_one_total_that_feeds_the_others():
    found = rails("orin-nano-jp6")
    assert sorted(found) == ["VDD_CPU_GPU_CV", "VDD_IN", "VDD_SOC"], sorted(found)
    total = found["VDD_IN"]
    assert (total["scope"], total["role"], total["parent"]) == ("module", "total", "")
    for label in ("VDD_CPU_GPU_CV", "VDD_SOC"):
        assert (found[label]["role"], found[label]["parent"]) == ("excluded", total["name"])
    # 512 samples in 430 ms: a recursive average with that time constant
    assert total["power"] == "recursive-average" and total["lag_s"] == 0.43
    assert abs(total["refresh_s"] - 0.43 / 512) < 1e-12
    # 40 uV and 80 uV over 5 mOhm are 8 and 16 mA; at 4.96 V
    assert abs(total["limits"]["lsb_mw"] - 8 * 4.96) < 1e-6, total["limits"]
    assert abs(total["limits"]["offset_mw"] - 16 * 4.96) < 1e-6, total["limits"]


def test_an_agx_orin_is_the_sum_of_three_without_the_memory_rail():
    found = rails("agx-orin-jp6")
    roles = {label: row["role"] for label, row in found.items()}
    assert roles == {"VDD_GPU_SOC": "component", "VDD_CPU_CV": "component", "VIN_SYS_5V0": "component",
                     "VDDQ_VDD2_1V8AO": "excluded"}, roles
    assert found["VDDQ_VDD2_1V8AO"]["parent"] == found["VIN_SYS_5V0"]["name"]
    assert all(row["power"] == "block-average" and row["lag_s"] == 0 for row in found.values())


def test_a_thor_kit_has_a_module_of_three_and_a_total_of_its_own():
    found = rails("agx-thor-jp7")
    roles = {label: (row["scope"], row["role"]) for label, row in found.items()}
    part = ("module", "component")
    assert roles == {"VDD_GPU": part, "VDD_CPU_SOC_MSS": part, "VIN_SYS_5V0": part, "power": ("board-in", "total")}, roles


def test_jetpack_4_rails_know_their_shunts_by_the_device_tree():
    found = rails("jetson-nano-jp4", "iio")
    total = found["POM_5V_IN"]
    assert (total["scope"], total["role"]) == ("module", "total"), total
    assert found["POM_5V_GPU"]["parent"] == total["name"] == "iio:ina3221x@6-0040:POM_5V_IN", total
    assert abs(total["limits"]["offset_mw"] - 16 * 5.08) < 1e-6, total["limits"]


def test_an_x86_processor_counts_its_package_once():
    found = [row for row in listing("x86-rapl") if row.get("sensor") == "powercap"]
    summed = [row["name"] for row in found if row["role"] in ("total", "component")]
    assert summed == ["powercap:intel-rapl:0:package-0"], summed
    assert all(row["limits"]["gain"] is None for row in found), "no maker states an error"


def test_a_raspberry_pi_has_no_rail_and_says_so():
    assert not rails("raspberry-pi-5") and not rails("raspberry-pi-5", "iio")


def test_an_acpi_meter_is_found_at_its_device_and_its_accuracy_is_an_error_of_the_rest():
    row, = rails("x86-acpi").values()
    assert row["refresh_s"] == 1 and abs(row["limits"]["gain"] - 0.05) < 1e-12, row
    assert row["role"] == "unknown", row


def test_rails_of_an_unknown_board_have_no_role():
    found = rails("unknown-board")
    assert sorted(found) == ["VDD_AUX", "VDD_MAIN"], sorted(found)
    assert all((row["scope"], row["role"]) == ("unknown", "unknown") for row in found.values())


def test_the_text_fits_eighty_columns_and_tells_what_matters():
    for machine in sorted(os.listdir(MACHINES)):
        if not os.path.isdir(tree(machine)):
            continue
        done = call("--root", tree(machine), "list", "rails")
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert max(map(len, lines)) <= 80, max(lines, key=len)
    done = call("--root", tree("orin-nano-jp6"), "list", "rails")
    for words in ("VDD_IN: module total", "excluded, fed by VDD_IN", "recursive-average", "every 0.84 ms",
                  "lag 0.43 s", "step 39.7 mW", "error at most 1.25 % and 79.4 mW"):
        assert words in done.stdout, done.stdout


def test_an_unreadable_rail_is_listed_with_the_command_that_mends_it():
    with tempfile.TemporaryDirectory() as work:
        copy = os.path.join(work, "machine")
        shutil.copytree(tree("orin-nano-jp6"), copy, symlinks=True)
        os.chmod(work, 0o755)
        file = os.path.join(copy, "sys/class/hwmon/hwmon1/curr1_input")
        os.chmod(file, 0)
        more = {}
        if os.getuid() == 0:
            more = {"user": 65534, "group": 65534, "extra_groups": []}
        try:
            done = call("--root", copy, "list", "rails", **more)
        except PermissionError:
            raise tap.Skip("cannot become another user, and root reads everything")
        assert done.returncode == 0, done.stderr
        assert "VDD_IN: denied" in done.stdout, done.stdout
        assert "sudo chmod a+r /sys/class/hwmon/hwmon1/curr1_input" in done.stdout, done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 80, done.stdout


if __name__ == "__main__":
    sys.exit(tap.run(globals()))
