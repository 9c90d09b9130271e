"""Cells that a gate expects and cells that are declared away: the scenario's `skip`, a file of expected
cells, their ends, and what is refused. TAP on stdout."""
import json
import os
import subprocess
import sys
import tempfile

import bundles
import tap

PROGRAM = os.path.abspath(sys.argv[1])
FOLDER = tempfile.TemporaryDirectory()


def at(name):
    return os.path.join(FOLDER.name, name)


def call(*words, code=0):
    got = subprocess.run([PROGRAM, *words], capture_output=True, timeout=60, cwd=FOLDER.name)
    assert got.returncode == code, (got.returncode, got.stdout[:2000], got.stderr)
    return got


def gate(candidate, *words, code=0):
    """Rows of the gate by cell, and its notes."""
    got = call("gate", "--baseline", BASE, "--candidate", candidate, "--format", "json", *words, code=code)
    document = json.loads(got.stdout)
    verdicts = {}
    for row in document["tests"]:
        verdicts.setdefault(row["name"], []).append((row["verdict"], row["note"]))
    return verdicts, document["notes"]


def make(name, slow=(), drop=(), absent=(), skip=None):
    cells = [bundles.cell("net-%d/sim" % i, base_ns=int(1e6 * (1.3 if i in slow else 1)), rounds=6, n=140,
                          status="absent" if i in absent else "ok", what="unplugged")
             for i in range(3) if i not in drop]
    folder = bundles.make(at(name), cells, records=False, finished=False)
    if skip is not None:
        facts = json.load(open(os.path.join(folder, "bundle.json")))
        facts["request"]["skip"] = skip
        json.dump(facts, open(os.path.join(folder, "bundle.json"), "w"))
    return folder


def write(name, content):
    with open(at(name), "w") as file:
        file.write(content if isinstance(content, str) else json.dumps(content))
    return at(name)


BASE = make("base")
SKIP = {"cell": "net-1/*", "reason": "driver 4.2 hangs", "expires": "2026-01-01"}  # the day of the runs


def test_a_declared_skip_is_not_judged_and_says_why_and_until_when():
    gate(make("slow", slow=[1]), code=1)
    verdicts, notes = gate(make("skipped", slow=[1], skip=[SKIP]))
    assert verdicts["net-1/sim"] == [("skipped", "declared: driver 4.2 hangs (until 2026-01-01)")], verdicts
    assert not any("ended" in note for note in notes), notes
    verdicts, _ = gate(make("gone", drop=[2], skip=[dict(SKIP, cell="net-2/sim")]))
    assert verdicts["net-2/sim"][0][0] == "skipped", verdicts


def test_a_skip_that_has_ended_is_judged_again_and_told():
    late = make("late", slow=[1], skip=[dict(SKIP, expires="2025-12-31")])
    verdicts, notes = gate(late, code=1)
    assert any(verdict == "regressed" for verdict, _ in verdicts["net-1/sim"]), verdicts
    assert any("skips that have ended: net-1/* (2025-12-31)" in note for note in notes), notes


def test_skips_may_stand_in_the_file_of_expected_cells():
    slow = make("slow-file", slow=[1])
    path = write("skips.json", {"skip": [SKIP]})
    verdicts, _ = gate(slow, "--expect", path)
    assert verdicts["net-1/sim"][0][0] == "skipped", verdicts


def test_an_expected_cell_that_no_side_has_is_missing():
    path = write("expected.json", {"cells": ["net-0/sim", "net-9/sim"]})
    verdicts, _ = gate(BASE, "--expect", path, code=3)
    assert verdicts["net-9/sim"] == [("missing", "expected, but not there")], verdicts


def test_an_expected_cell_that_is_ok_on_neither_side_is_an_error():
    both = make("both", absent=[2])
    call("gate", "--baseline", both, "--candidate", both)
    path = write("expected.json", {"cells": [{"name": "net-2/sim"}]})
    call("gate", "--baseline", both, "--candidate", both, "--expect", path, code=3)
    path = write("expected.json", {"cells": ["net-2/sim"], "skip": [dict(SKIP, cell="net-2/sim")]})
    call("gate", "--baseline", both, "--candidate", both, "--expect", path)


def test_a_plan_as_json_is_a_file_of_expected_cells():
    scenario = write("one.lua", 'return rg.scenario { tier = "smoke", cells = { {model = rg.empty(64), target = "sim"} } }')
    plan = write("plan.json", call("run", scenario, "--plan-only", "--json").stdout.decode())
    verdicts, _ = gate(BASE, "--expect", plan, code=3)
    assert verdicts["empty-64/sim"][0][0] == "missing", verdicts


def test_a_scenario_hands_its_skips_to_the_gate():
    text = """return rg.scenario { tier = "smoke", cells = { {model = rg.empty(64), target = "sim",
        arm = {slow = rg.option("slow", {default = 1.0})}} },
        skip = { {cell = "empty-64/sim", reason = "moves house", expires = "2099-12-31"} } }"""
    scenario = write("skip.lua", text)
    for name, slow in (("one", "1"), ("two", "2")):
        call("run", scenario, "--set", "slow=" + slow, "--out", at(name), "--quiet")
    one, two = (os.path.join(at(name), os.listdir(at(name))[0]) for name in ("one", "two"))
    got = call("gate", "--baseline", one, "--candidate", two, code=4)
    assert b"moves house (until 2099-12-31)" in got.stdout, got.stdout  # and nothing was judged: no pass


def test_what_is_no_skip_is_refused():
    for skip, words in (('{ {reason = "x", expires = "2027-01-01"} }', b"which cell and why"),
                        ('{ {cell = "x", expires = "2027-01-01"} }', b"which cell and why"),
                        ('{ {cell = "x", reason = "y"} }', b"nothing is skipped for ever"),
                        ('{ {cell = "x", reason = "y", expires = "2027-13-01"} }', b"nothing is skipped for ever"),
                        ('{ {cell = "x", reason = "y", expire = "2027-01-01"} }', b"expires"),
                        ('"x"', b"skip must be")):
        scenario = write("bad.lua", 'return rg.scenario { skip = %s, cells = { {model = rg.empty(64), target = "sim"} } }' % skip)
        got = call("run", scenario, "--plan-only", code=64)
        assert words in got.stderr, (skip, got.stderr)
    for content in ("[]", '{"cells": 3}', '{"cells": [7]}', '{"skip": [{"cell": "x"}]}', '{"skip": 3}', "x"):
        got = call("gate", "--baseline", BASE, "--candidate", BASE, "--expect", write("bad.json", content), code=65)
        assert b"bad.json" in got.stderr and not got.stdout, (content, got.stderr)


code = tap.run(dict(globals()))
FOLDER.cleanup()
sys.exit(code)
