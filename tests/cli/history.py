"""`railgauge history` from outside: series that are what the records say, changes where they were
put, a control that takes out what moves both, charts. TAP on stdout.

usage: history.py PROGRAM
"""
import csv
import io
import json
import os
import shutil
import sys
import xml.etree.ElementTree as xml

import bundles
import lab as laboratory
import tap

PROGRAM = os.path.abspath(sys.argv[1])


def series(n, step_at, step=1.08, drift=None):
    """n runs of three rounds: cell 0 gets slower at step_at; cell 1 never does; `drift` (a list) moves
    both. 1 % of noise, seeded."""
    noise = bundles.Generator(5)
    rows = []
    for run in range(n):
        both = drift[run] if drift else 1
        rows.append(tuple([1e6 * both * (step if cell == 0 and run >= step_at else 1) * (0.99 + 0.02 * noise.unit())
                           for _ in range(3)] for cell in range(2)))
    return rows


def Lab(rows):
    return laboratory.Lab(PROGRAM, 0).add_series(rows).fill()


def test_points_are_medians_of_rounds_in_order_of_time():
    rows = series(10, 99)
    with Lab(rows) as lab:
        found = json.loads(lab("history", "net-0/sim", "--json"))
        assert [p["series"] for p in found["points"]] == [sorted(row[0])[1] for row in rows]
        assert [p["value"] for p in found["points"]] == [sum(row[0]) / 3 for row in rows]
        assert found["points"][0]["created"] < found["points"][9]["created"]
        assert found["metric"] == "latency_p95_ns" and found["changes"] == []


def test_a_step_is_told_at_its_run_with_direction_and_size():
    with Lab(series(30, 18)) as lab:
        found = json.loads(lab("history", "net-0/sim", "--metric", "latency_p95", "--json"))
        assert [(c["at"], c["run"], c["worse"]) for c in found["changes"]] == [(18, "run-018", True)], found["changes"]
        assert abs(found["changes"][0]["step"] - 0.08) < 0.01 and found["changes"][0]["p"] <= 0.005
        said = lab("history", "net-0/sim", "--width", "90")
        assert "worse" in said and "from run run-018" in said and "an advice, no verdict" in said, said
        assert max(map(len, said.splitlines()[4:34])) <= 90
        assert "none of 2 % or more" in lab("history", "net-1/sim")


def test_the_same_store_gives_the_same_words():
    with Lab(series(24, 12)) as lab:
        assert lab("history", "net-0/sim", "--json") == lab("history", "net-0/sim", "--json")


def test_csv_and_json_agree():
    with Lab(series(14, 7)) as lab:
        rows = list(csv.DictReader(io.StringIO(lab("history", "net-0/sim", "--csv"), newline="")))
        found = json.loads(lab("history", "net-0/sim", "--json"))
        assert len(rows) == len(found["points"]) == 14
        for row, point in zip(rows, found["points"]):
            for key in ("value", "low", "high", "series", "level"):
                assert float(row[key]) == point[key], (key, row, point)
            assert row["run"] == point["run"] and row["control"] == ""
        assert [bool(row["change"]) for row in rows].index(True) == found["changes"][0]["at"]


def test_a_control_takes_out_what_moves_both():
    drift = [1 if run < 15 else 1.2 for run in range(30)]
    with Lab(series(30, 99, drift=drift)) as lab:
        assert len(json.loads(lab("history", "net-0/sim", "--json"))["changes"]) == 1
        found = json.loads(lab("history", "net-0/sim", "--control", "net-1/sim", "--json"))
        assert found["changes"] == [] and found["control"] == bundles.key_of("net-1/sim")
        assert "control" in lab("history", "net-0/sim", "--control", "net-1/sim")


def test_a_kept_change_is_new_once():
    with Lab(series(30, 18)) as lab:
        first = json.loads(lab("history", "net-0/sim", "--keep", "--who", "Ada", "--json"))
        assert first["changes"][0]["first_seen"] == ""
        again = json.loads(lab("history", "net-0/sim", "--keep", "--json"))
        assert again["changes"][0]["first_seen"].startswith("20")
        assert lab.ask("select metric, who from change_point") == [("latency_p95_ns", "Ada")]


def test_last_looks_at_the_newest_runs_only():
    with Lab(series(30, 18)) as lab:
        found = json.loads(lab("history", "net-0/sim", "--last", "10", "--json"))
        assert len(found["points"]) == 10 and found["points"][0]["run"] == "run-020" and not found["changes"]


def test_cells_are_listed_found_by_key_and_suggested():
    with Lab(series(2, 9)) as lab:
        listed = json.loads(lab("history", "--json"))
        assert [c["name"] for c in listed] == ["net-0/sim", "net-1/sim"]
        assert "net-1/sim" in lab("history", listed[1]["cell"][:8])
        assert "did you mean 'net-0/sim'" in lab("history", "net-0/smi", code=64)
        assert "latency_p95_ns" in lab("history", "net-0/sim", "--metric", "latency_p95_n", code=64)
        assert "has no energy_total_uj" in lab("history", "net-0/sim", "--metric", "energy_total_uj", code=64)
        assert "not looked for" in lab("history", "net-0/sim")


def test_charts_are_drawn_as_svg_and_png():
    if not shutil.which("gnuplot"):
        raise tap.Skip("gnuplot is not installed")
    with Lab(series(20, 10)) as lab:
        svg, png = os.path.join(lab.folder, "a.svg"), os.path.join(lab.folder, "a.png")
        lab("history", "net-0/sim", "--chart", svg)
        assert xml.parse(svg).getroot().tag.endswith("svg")
        lab("history", "net-0/sim", "--chart", png)
        with open(png, "rb") as file:
            assert file.read(8) == b"\x89PNG\r\n\x1a\n"
        assert "FILE.svg or FILE.png" in lab("history", "net-0/sim", "--chart", "x.pdf", code=64)


sys.exit(tap.run(globals()))
