"""`railgauge compare` from outside: forms that agree, what is marked and what is refused. TAP on
stdout."""
import json
import os
import subprocess
import sys
import tempfile

import bundles
import strict
import tap

PROGRAM = os.path.abspath(sys.argv[1])
FOLDER = tempfile.TemporaryDirectory()


def compare(*words, code=0, columns=90):
    got = subprocess.run([PROGRAM, "compare", *words], capture_output=True, timeout=60,
                         env={**os.environ, "COLUMNS": str(columns)})
    assert got.returncode == code, (got.returncode, got.stdout, got.stderr)
    return got


def make(name, slow=1.0, finished=True, records=False, **more):
    cells = [bundles.cell("net-%d/sim" % i, base_ns=int(1e6 * (slow if i == 0 else 1)), n=140,
                          rounds=6, **more) for i in range(3)]
    return bundles.make(os.path.join(FOLDER.name, name), cells, records=records, finished=finished)


A, B, C = make("a"), make("b", slow=1.25), make("c", slow=0.5, finished=False)


def test_three_forms_tell_the_same_changes():
    rows = json.loads(compare(A, B, C, "--format", "json").stdout)["rows"]
    lines = strict.csv(compare(A, B, C, "--format", "csv").stdout)
    text = compare(A, B, C).stdout.decode()
    assert len(rows) == len(lines)
    for row, line in zip(rows, lines):
        for key, value in row.items():
            read = line[key] if isinstance(value, str) else float(line[key]) if line[key] else None
            assert read == value, (key, row, line)
    p95 = {row["bundle"]: row for row in rows if row["name"] == "net-0/sim" and row["metric"] == "latency_p95_ns"}
    assert p95["A"]["change"] is None and "A" in p95 and len(p95) == 3
    for bundle, true in (("B", 0.25), ("C", -0.5)):
        row = p95[bundle]
        assert abs(row["change"] - true) < 0.01 and row["change_low"] < true < row["change_high"], row
        assert "%+.1f .. %+.1f %%" % (100 * row["change_low"], 100 * row["change_high"]) in text, text


def test_simulated_cells_and_unfinished_runs_are_marked():
    text = compare(A, C).stdout.decode()
    assert text.count("(simulated)") == 3 and "(not finished)" in text, text
    assert not [line for line in text.splitlines()[2:] if len(line) > 90], text


def test_measured_beside_simulated_is_not_compared():
    other = make("measured", provenance="measured", records=True)
    rows = json.loads(compare(A, other, "--format", "json").stdout)["rows"]
    refused = [row for row in rows if row["bundle"] == "B" and row["metric"].startswith("latency_p")]
    assert len(refused) == 6 and all(row["change"] is None for row in rows), rows
    assert all("provenance was simulated, now measured" in row["note"] for row in refused), refused


def test_one_metric_is_shown_alone():
    rows = json.loads(compare(A, B, "--metric", "latency_p50", "--format", "json").stdout)["rows"]
    assert {row["metric"] for row in rows} == {"latency_p50_ns"} and len(rows) == 6, rows


def test_what_cannot_be_compared_is_refused():
    other = bundles.make(os.path.join(FOLDER.name, "other"), [bundles.cell("else/sim")])
    got = compare(A, other, code=4)
    assert b"no cell is in two" in got.stderr and not got.stdout
    compare(A, code=64)
    compare(A, B, "--metric", "p96", code=64)
    compare(A, FOLDER.name + "/none", code=74)
    compare(*[A] * 27, code=64)
    path = os.path.join(FOLDER.name, "out.csv")
    assert not compare(A, B, "--format", "csv", "-o", path).stdout
    assert len(strict.csv(open(path, "rb").read())) > 10


code = tap.run(dict(globals()))
FOLDER.cleanup()
sys.exit(code)
