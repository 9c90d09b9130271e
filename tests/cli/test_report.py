"""`railgauge report` from outside, on bundles of bundles.py: golden reports in every format, strict
parsers for HTML, CSV and JSON, hostile names, widths, damage, and what may never be ranked.

    test_report.py RAILGAUGE GOLDEN_DIR      (RAILGAUGE_REWRITE_GOLDEN=1 writes the goldens anew)
"""
import csv
import html.parser
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata
import xml.etree.ElementTree as tree

import bundles
import tap

PROGRAM, GOLDEN = sys.argv[1], sys.argv[2]
WORK = tempfile.mkdtemp(prefix="railgauge-report-")
SVG = "{http://www.w3.org/2000/svg}"
PAGE = "{http://www.w3.org/1999/xhtml}"


# --- helpers --------------------------------------------------------------------------------

def made(name, cells, **more):
    """The bundle `name` in the work folder, made once; its path relative to that folder."""
    path = os.path.join(WORK, name)
    if not os.path.exists(path):
        bundles.make(path, cells, **more)
    return name


def hostile():
    return made("hostile", [bundles.cell(name, base_ns=1_000_000 * (i + 1))
                            for i, name in enumerate(bundles.HOSTILE)])


def call(*words, utf8=True, **environment):
    variables = {"PATH": os.environ.get("PATH", ""), "HOME": WORK,
                 "LC_ALL": "C.UTF-8" if utf8 else "C"}
    for name in os.environ:
        if name.endswith("SAN_OPTIONS") or name.startswith(("RAILGAUGE_", "QEMU_")):
            variables[name] = os.environ[name]
    variables.update(environment)
    return subprocess.run([PROGRAM, "report", *words], cwd=WORK, env=variables, timeout=300,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def report(*words, **more):
    done = call(*words, **more)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8")


def need_gnuplot():
    if not shutil.which("gnuplot"):
        raise tap.Skip("gnuplot is not installed")


def rows_of(*words):
    return list(csv.DictReader(io.StringIO(report(*words, "--format", "csv"), newline="")))


def check_golden(name, text):
    text = re.sub(r"railgauge \d+\.\d+\.\d+", "railgauge VERSION", text)
    path = os.path.join(GOLDEN, name)
    if os.environ.get("RAILGAUGE_REWRITE_GOLDEN"):
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
    with open(path, encoding="utf-8", newline="") as file:
        wanted = file.read()
    if text != wanted:
        got, want = text.splitlines(), wanted.splitlines()
        for number, (a, b) in enumerate(zip(got, want), 1):
            assert a == b, "%s, line %d:\n got  %r\n want %r" % (name, number, a, b)
        raise AssertionError("%s has %d lines, wanted %d" % (name, len(got), len(want)))


def columns(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1
               for c in line)


# --- goldens --------------------------------------------------------------------------------

def test_text_of_80_columns_is_as_agreed():
    made("ordinary", bundles.ordinary())
    check_golden("report-ordinary-80.txt", report("ordinary", "--width", "80"))


def test_text_of_200_columns_in_ascii_is_as_agreed():
    made("mixed", bundles.mixed())
    check_golden("report-mixed-200-ascii.txt", report("mixed", "--width", "200", utf8=False))


def test_markdown_is_as_agreed():
    made("ordinary", bundles.ordinary())
    check_golden("report-ordinary.md", report("ordinary", "--format", "markdown"))


def test_csv_is_as_agreed():
    made("ordinary", bundles.ordinary())
    check_golden("report-ordinary.csv", report("ordinary", "--format", "csv"))


def test_json_is_as_agreed():
    made("two", bundles.many(2))
    check_golden("report-two.json", report("two", "--format", "json"))


def test_html_without_charts_is_as_agreed():
    made("ordinary", bundles.ordinary())
    check_golden("report-ordinary.html", report("ordinary", "--format", "html", PATH=""))


def test_the_full_template_has_every_figure():
    made("ordinary", bundles.ordinary())
    text = report("ordinary", "--template", "full", "--width", "120")
    assert text.count("Further figures") == 2 and "first (ms)" in text, text
    assert "Further figures" not in report("ordinary")


def test_two_bundles_side_by_side_are_as_agreed():
    made("before", [bundles.cell("a/sim"), bundles.cell("gone/sim")])
    made("after", [bundles.cell("a/sim", base_ns=3_000_000), bundles.cell("new/sim")])
    check_golden("report-two-bundles.txt", report("before", "after", "--width", "120"))


# --- HTML -----------------------------------------------------------------------------------

class Strict(html.parser.HTMLParser):
    """Checks nesting, unique ids, and that nothing is loaded or run."""
    VOID = {"meta", "br", "hr", "img", "link", "input"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.seen, self.targets, self.text = [], set(), [], [], []

    def handle_starttag(self, tag, attributes):
        self.check(tag, attributes)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.check(tag, attributes)

    def check(self, tag, attributes):
        self.seen.append(tag)
        assert tag not in ("script", "iframe", "object", "embed", "link", "img", "foreignobject"), tag
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), "an attribute twice in <%s>" % tag
        for name, value in attributes:
            assert not name.startswith("on"), name
            if name == "id":
                assert value not in self.ids, "id %s twice" % value
                self.ids.add(value)
            if name in ("href", "xlink:href", "src", "action"):
                assert value.startswith("#"), "%s leads out to %s" % (tag, value)
                self.targets.append(value[1:])
            if name in ("aria-labelledby", "aria-describedby"):
                self.targets += value.split()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, "</%s> inside %s" % (tag, self.open[-3:])
        self.open.pop()

    def handle_data(self, data):
        self.text.append(data)


def strict(page):
    """Parses as HTML and as XML; the parser and the XML root."""
    parser = Strict()
    parser.feed(page)
    parser.close()
    assert not parser.open, "never closed: %s" % parser.open
    missing = [target for target in parser.targets if target not in parser.ids]
    assert not missing, "links to nothing: %s" % missing
    outside = re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    style = "".join(re.findall(r"<style>(.*?)</style>", outside, re.S))
    assert "@import" not in style and "url(" not in style and "@font-face" not in style
    return parser, tree.fromstring(page)


def check_accessible(root):
    assert root.get("lang") == "en"
    for landmark in ("header", "nav", "main", "footer"):
        assert len(root.findall(".//%s%s" % (PAGE, landmark))) == 1, landmark
    for table in root.iter(PAGE + "table"):
        assert table.find(PAGE + "caption") is not None, "a table without caption"
        for head in table.iter(PAGE + "th"):
            assert head.get("scope") in ("col", "row"), "a heading without scope"
        for cell in table.iter(PAGE + "td"):
            assert "".join(cell.itertext()).strip(), "a blank cell"
    for drawing in root.iter(SVG + "svg"):
        assert drawing.get("role") == "img"
        assert drawing.find(SVG + "title").text and drawing.find(SVG + "desc").text


def texts_of(drawing):
    """(x, y, anchor, size, text) of every label of a chart."""
    for group in drawing.iter(SVG + "g"):
        place = re.match(r"translate\(([-\d.]+),([-\d.]+)\)$", group.get("transform", ""))
        label = "".join("".join(text.itertext()) for text in group.findall(SVG + "text")).strip()
        if place and label:
            yield (float(place[1]), float(place[2]), group.get("text-anchor", "start"),
                   float(group.get("font-size", 12)), label)


def boxes_of(drawing):
    for x, y, anchor, size, label in texts_of(drawing):
        width = 0.55 * size * columns(label)
        left = x - (width if anchor == "end" else width / 2 if anchor == "middle" else 0)
        yield left, y - 0.7 * size, left + width, y + 0.2 * size, label


def check_labels_apart(root):
    for drawing in root.iter(SVG + "svg"):
        boxes = list(boxes_of(drawing))
        assert len(boxes) > 4
        high = float(drawing.get("viewBox").split()[3])
        for i, a in enumerate(boxes):
            assert a[1] >= 0 and a[3] <= high, "%s is cut off" % a[4]
            for b in boxes[i + 1:]:
                apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
                assert apart, "%s and %s overlap" % (a[4], b[4])


def test_html_is_whole_closed_and_accessible_for_2_and_30_cells():
    need_gnuplot()
    for name, n in (("two", 2), ("thirty", 30)):
        made(name, bundles.many(n))
        page = report(name, "--format", "html")
        _, root = strict(page)
        check_accessible(root)
        check_labels_apart(root)
        charts = list(root.iter(SVG + "svg"))
        assert len(charts) >= 4, "%d charts" % len(charts)


def test_html_of_every_outcome_and_of_mixed_cells_is_whole():
    need_gnuplot()
    made("ordinary", bundles.ordinary())
    made("mixed", bundles.mixed())
    for name in ("ordinary", "mixed"):
        _, root = strict(report(name, "--format", "html"))
        check_accessible(root)
        check_labels_apart(root)


def test_html_of_200_cells_is_below_2_mib():
    need_gnuplot()
    made("crowd", bundles.many(200))
    page = report("crowd", "--format", "html")
    strict(page)
    assert len(page.encode()) < 2 * 1024 * 1024, len(page.encode())


def test_without_gnuplot_the_report_comes_and_says_so_once():
    made("ordinary", bundles.ordinary())
    done = call("ordinary", "--format", "html", PATH="")
    assert done.returncode == 0
    words, page = done.stderr.decode(), done.stdout.decode()
    assert words.count("gnuplot was not found") == 1 and "apt-get install gnuplot-nox" in words
    assert page.count("gnuplot was not found") == 1 and "apt-get install gnuplot-nox" in page
    _, root = strict(page)
    assert not list(root.iter(SVG + "svg"))


def test_a_gnuplot_that_fails_or_hangs_up_costs_the_charts_only():
    folder = os.path.join(WORK, "bad-bin")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "gnuplot")
    with open(path, "w") as file:
        file.write("#!/bin/sh\necho no such terminal >&2\nexit 3\n")
    os.chmod(path, 0o755)
    made("two", bundles.many(2))
    done = call("two", "--format", "html", PATH=folder)
    assert done.returncode == 0, done.stderr
    assert b"no such terminal" in done.stderr
    strict(done.stdout.decode())


def test_keep_charts_leaves_data_and_scripts():
    made("two", bundles.many(2))
    report("two", "--format", "html", "--keep-charts", "kept", PATH="")
    names = sorted(os.listdir(os.path.join(WORK, "kept")))
    assert "simulated-p95-1.gp" in names and "simulated-p95-1.dat" in names, names
    assert "simulated-ecdf-1.gp" in names, names


# --- CSV and JSON ---------------------------------------------------------------------------

def test_csv_has_every_digit_of_every_figure():
    made("ordinary", bundles.ordinary())
    raw = call("ordinary", "--format", "csv").stdout
    assert raw.count(b"\r\n") == raw.count(b"\n"), "RFC 4180 ends lines with CR LF"
    with open(os.path.join(WORK, "ordinary", "records.jsonl")) as file:
        records = {r["cell"]: r for r in map(json.loads, file)}
    seen = 0
    for row in rows_of("ordinary"):
        assert None not in row and None not in row.values(), row
        if not row["metric"]:
            assert row["status"] not in ("ok", "wrong")
            continue
        figure = records[row["key"]]["figures"][row["metric"]]
        seen += 1
        if "na" in figure:
            assert row["na"] == figure["na"] and row["value"] == ""
            continue
        for part in ("value", "low", "high"):
            assert (float(row[part]) if row[part] else None) == figure.get(part), row
    assert seen == sum(len(record["figures"]) for record in records.values())


def test_json_is_versioned_and_complete():
    made("ordinary", bundles.ordinary())
    document = json.loads(report("ordinary", "--format", "json"))
    assert document["format"] == "railgauge-report" and document["version"] == 1
    assert len(document["cells"]) == 9 and len(document["bundles"]) == 1
    with open(os.path.join(WORK, "ordinary", "records.jsonl")) as file:
        records = list(map(json.loads, file))
    for cell, record in zip(document["cells"], records):
        assert cell["name"] == record["name"] and cell["status"] == record["status"]
        for key, figure in record["figures"].items():
            for part, number in figure.items():
                assert cell["figures"][key][part] == number, (key, part)
            assert cell["figures"][key]["provenance"] == "simulated"


# --- hostile names --------------------------------------------------------------------------

def test_hostile_names_come_back_whole_from_csv_and_json():
    names = {row["cell"] for row in rows_of(hostile())}
    assert names == set(bundles.HOSTILE), names ^ set(bundles.HOSTILE)
    document = json.loads(report("hostile", "--format", "json"))
    assert [cell["name"] for cell in document["cells"]] == bundles.HOSTILE


def test_hostile_names_stay_text_in_html():
    parser, root = strict(report(hostile(), "--format", "html"))
    check_accessible(root)
    text = "".join(parser.text)
    assert "<script>alert(1)</script>/cpu" in text and "x" * 300 in text
    assert "\u202e" not in text and "\x1b" not in text
    if shutil.which("gnuplot"):
        check_labels_apart(root)
    assert not os.path.exists(bundles.PLANTED + ".svg") and not os.path.exists(bundles.PLANTED)


def test_hostile_names_cannot_reach_the_terminal_or_forge_lines():
    for utf8 in (True, False):
        text = report(hostile(), "--width", "100", utf8=utf8)
        for char in text:
            assert char == "\n" or char.isprintable(), repr(char)
        assert utf8 or text.isascii()
        assert "\nline" not in text


def test_hostile_names_cannot_break_a_markdown_table():
    widths = []
    for line in report(hostile(), "--format", "markdown").splitlines():
        if not line.startswith("|"):
            widths = []
            continue
        bars = len(re.findall(r"(?<!\\)\|", line))
        assert not widths or bars == widths[0], line
        widths = [bars]
        bare = re.sub(r"\\.", "", line)
        assert "<" not in bare and "](" not in bare and "`" not in bare, line


# --- text -----------------------------------------------------------------------------------

def test_no_line_is_wider_than_asked():
    made("ordinary", bundles.ordinary())
    made("mixed", bundles.mixed())
    made("thirty", bundles.many(30))
    for name in ("ordinary", "mixed", "thirty", hostile()):
        for width in (60, 80, 100, 200):
            for line in report(name, "--width", str(width)).splitlines():
                assert columns(line) <= width, "%s at %d: %r" % (name, width, line)


def test_folding_loses_no_figure():
    made("thirty", bundles.many(30))
    narrow, wide = (report("thirty", "--width", width) for width in ("80", "200"))
    for number in re.findall(r"\d+\.\d+", wide):
        assert number in narrow, number


def test_colour_comes_only_when_told():
    made("two", bundles.many(2))
    assert "\x1b" not in report("two")
    assert "\x1b[" in report("two", "--color", "always")
    assert "\x1b" not in report("two", "--color", "never")


# --- what may be ranked ---------------------------------------------------------------------

def best(rows, metric="latency_p95_ns"):
    return {row["cell"] for row in rows if row["metric"] == metric and row["best"] == "yes"}


def test_best_is_marked_only_where_intervals_separate():
    made("close", [bundles.cell("a", base_ns=2_000_000), bundles.cell("b", base_ns=2_010_000)])
    made("clear", [bundles.cell("a", base_ns=2_000_000), bundles.cell("b", base_ns=3_000_000)])
    assert best(rows_of("close")) == set()
    assert "not distinguishable" in report("close")
    assert best(rows_of("clear")) == {"a"}
    made("alone", [bundles.cell("a"), bundles.cell("b", workload="other")])
    assert best(rows_of("alone")) == set(), "different workloads do not compete"


def test_simulated_cells_never_rank_beside_measured_ones():
    made("mixed", bundles.mixed())
    rows = rows_of("mixed")
    assert best(rows) == {"ds-cnn/cpu/threads=2"}
    assert {row["cell"] for row in rows if row["ranked"] == "yes"} == {"ds-cnn/cpu/threads=1",
                                                                       "ds-cnn/cpu/threads=2"}
    assert "never ranked beside measured" in " ".join(report("mixed").split())


def test_wrong_single_round_and_double_cells_are_shown_but_not_ranked():
    fast = dict(base_ns=100_000)
    made("unfit", [bundles.cell("slow"), bundles.cell("slower", base_ns=4_000_000),
                   bundles.cell("liar", status="wrong", **fast), bundles.cell("once", rounds=1, **fast),
                   bundles.cell("x", target="double", **fast)])
    rows = rows_of("unfit")
    assert best(rows) == {"slow"}
    text = report("unfit", "--width", "200")
    for name in ("liar", "once", "x"):
        assert re.search(r"#\d  %s " % name, text), name
    assert "within one process" in text and "Figures of test doubles, not ranked" in text


def test_energy_of_two_scopes_is_not_compared():
    def scoped(name, energy, scope):
        figure = bundles.value(energy, energy * 0.97, energy * 1.03, scope=scope)
        return bundles.cell(name, change={"energy_total_uj": figure})
    made("scopes", [scoped("a", 100.0, "module"), scoped("b", 900.0, "wall")])
    made("scope", [scoped("a", 100.0, "module"), scoped("b", 900.0, "module")])
    assert best(rows_of("scopes"), "energy_total_uj") == set()
    assert best(rows_of("scope"), "energy_total_uj") == {"a"}


def test_every_missing_number_has_its_reason():
    made("ordinary", bundles.ordinary())
    for row in rows_of("ordinary"):
        assert not row["metric"] or row["value"] or row["na"], row
    text = report("ordinary", "--width", "200")
    for words in ("n/a (no-sensor)", "n/a (n<368)", "conv2d node 17 has dilation 2",
                  "use target cpu", "no rail or instrument covers the device"):
        assert words in text, words


# --- bundles that are not whole -------------------------------------------------------------

def test_an_unfinished_bundle_is_reported_from_its_rounds():
    made("unfinished", bundles.ordinary(), finished=False, records=False)
    done = call("unfinished")
    assert done.returncode == 0
    assert b"railgauge run --resume unfinished" in done.stderr
    text = done.stdout.decode()
    assert "is unfinished" in text and "ds-cnn/sim/threads=1" in text
    medians = [row for row in csv.DictReader(io.StringIO(report("unfinished", "--format", "csv")))
               if row["metric"] == "latency_p50_ns" and row["value"]]
    values = sorted(v for r in range(3) for v in bundles.latencies(2_000_000, 150, r))
    assert abs(float(medians[0]["value"]) - bundles.quantile(values, 0.5)) < 1e-6


def test_a_damaged_bundle_is_reported_with_a_banner():
    made("damaged", bundles.ordinary())
    path = os.path.join(WORK, "damaged", "records.jsonl")
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(data[:len(data) // 2])
    for words in (("--format", "text"), ("--format", "html"), ("--format", "json")):
        done = call("damaged", *words)
        assert done.returncode == 0, done.stderr
        assert b"damaged" in done.stderr and b"damage" in done.stdout
    with open(path, "wb") as file:
        file.write(data.replace(b'"ok"', b'"OK"', 1))
    done = call("damaged")
    assert done.returncode == 0 and b"records.jsonl" in done.stdout, done.stdout


def places_in(value):
    """(container, key) of every value inside."""
    if isinstance(value, (dict, list)):
        for key in (value if isinstance(value, dict) else range(len(value))):
            yield value, key
            yield from places_in(value[key])


def test_strange_values_in_a_bundle_never_break_the_report():
    odd = [None, True, 0, -1, 1e308, "", [], {}, "x", [1, "a"], {"a": {"b": 1}}, "\0", 2 ** 63 - 1, -5.5]
    made("strange", bundles.mixed()[:3] + bundles.ordinary()[4:8], finished=False)
    random = bundles.Generator(7)
    formats = ("text", "markdown", "csv", "json", "html")

    def pick(items):
        return items[int(random.unit() * len(items))]
    for turn in range(80):
        path = os.path.join(WORK, "strange", pick(("records.jsonl", "cells.jsonl", "bundle.json")))
        with open(path) as file:
            original = file.read()
        lines = [json.loads(line) for line in original.splitlines()]
        places = [place for place in places_in(pick(lines)) if place[1] not in ("schema", "hash")]
        for _ in range(pick((1, 2, 5))):
            container, key = pick(places)
            container[key] = pick(odd)
        with open(path, "w") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
        chosen = formats[turn % 5]
        done = call("strange", "--format", chosen, "--template", pick(("summary", "full")), PATH="")
        assert done.returncode in (0, 65), (turn, done.stderr)
        if chosen == "html" and done.returncode == 0:
            strict(done.stdout.decode())
        with open(path, "w") as file:
            file.write(original)


def test_what_is_no_bundle_is_refused_with_words():
    os.makedirs(os.path.join(WORK, "empty"), exist_ok=True)
    for path, code in (("nonesuch", 74), ("empty", 65)):
        done = call(path)
        assert done.returncode == code, (path, done.returncode, done.stderr)
        assert b"try:" in done.stderr and not done.stdout
    made("two", bundles.many(2))
    with open(os.path.join(WORK, "two", "bundle.json")) as file:
        facts = json.load(file)
    newer = os.path.join(WORK, "newer")
    shutil.copytree(os.path.join(WORK, "two"), newer)
    with open(os.path.join(newer, "bundle.json"), "w") as file:
        json.dump({**facts, "schema": 2, "needs": "9.9.9"}, file)
    done = call("newer")
    assert done.returncode == 65 and b"9.9.9" in done.stderr, done.stderr


def test_unknown_names_are_usage_errors_that_name_the_nearest():
    made("two", bundles.many(2))
    for words in (("--format", "markdwon"), ("--template", "sumary"), ("--colour", "never")):
        done = call("two", *words)
        assert done.returncode == 64 and b"did you mean" in done.stderr, done.stderr
    assert call().returncode == 64


def test_the_extension_chooses_the_format_and_files_appear_whole():
    made("two", bundles.many(2))
    for name, start in (("r.md", "# Railgauge"), ("r.csv", "bundle,cell"), ("r.json", "{"),
                        ("r.html", "<!DOCTYPE html>"), ("r.txt", "Railgauge report")):
        assert report("two", "-o", name) == ""
        with open(os.path.join(WORK, name), encoding="utf-8") as file:
            assert file.read().startswith(start), name
    done = call("two", "-o", "no/such/folder/r.md")
    assert done.returncode == 74 and b"try:" in done.stderr
    assert not [name for name in os.listdir(WORK) if name.endswith(".tmp")]


try:
    code = tap.run(globals())
finally:
    shutil.rmtree(WORK, ignore_errors=True)
sys.exit(code)
