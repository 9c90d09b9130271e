"""Every form of a gate's result from outside: each is read by a strict reader (strict.py), agrees with
result.json, keeps hostile names data, keeps the limits of its consumer, and is made again from
result.json to the byte. TAP on stdout."""
import json
import os
import subprocess
import sys
import tempfile

import bundles
import strict
import tap

PROGRAM = os.path.abspath(sys.argv[1])
FORMS = ("text", "json", "markdown", "junit", "csv", "github", "tap", "codequality", "sarif", "openmetrics")
READERS = {name: getattr(strict, name) for name in FORMS if name not in ("text", "json")}
FOLDER = tempfile.TemporaryDirectory()


def at(name):
    return os.path.join(FOLDER.name, name)


def gate(*words, code=None):
    got = subprocess.run([PROGRAM, "gate", *words], capture_output=True, timeout=60,
                         env={**os.environ, "LC_ALL": "C.UTF-8", "COLUMNS": "120"})
    assert code is None or got.returncode == code, (got.returncode, got.stdout, got.stderr)
    return got


def cells(slow=1.0, absent=(), names=None, drop=()):
    names = names or ["net-%d/sim" % number for number in range(5)]
    out = []
    for number, name in enumerate(names):
        if number in drop:
            continue
        status = "absent" if number in absent else "ok"
        base = 1_000_000 * (number + 1) * (slow if number < 2 else 1)
        out.append(bundles.cell(name, base_ns=int(base), rounds=6, n=140, status=status,
                                what="made so by the test", flags=["busy"] if number == 1 else []))
    return out


def make(name, *rest, **more):
    return bundles.make(at(name), cells(*rest, **more), records=False)


BASE = make("base")
WORSE = make("worse, \"quoted\"", slow=1.2, absent=[3], drop=[4])


def forms(baseline, candidate):
    """All forms of one gate, made in one pass, and its result.json."""
    words = ["gate-%s" % name for name in FORMS]
    given = [word for name, path in zip(FORMS, words) for word in ("--write", "%s=%s" % (name, at(path)))]
    got = gate("--baseline", baseline, "--candidate", candidate, "--result", at("result.json"), *given)
    data = {name: open(at(path), "rb").read() for name, path in zip(FORMS, words)}
    return got, data, open(at("result.json"), "rb").read()


def agree(data, document):
    """Each form tells what result.json tells."""
    counts = document["counts"]
    failures, rows = counts["regressed"], document["tests"]
    errors = sum(counts[k] for k in ("missing", "error", "invalid", "not-comparable"))
    seen = strict.junit(data["junit"])
    assert seen["failure"] == failures and seen["error"] == errors, (seen, counts)
    assert seen["skipped"] == counts["inconclusive"] + counts["skipped"], (seen, counts)
    lines = strict.csv(data["csv"])
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows):
        for key in strict.TEXTS:
            assert line[key] == row[key], (key, line, row)
        for key in strict.REALS:
            assert line[key] == "" if row[key] is None else float(line[key]) == row[key], (key, line, row)
        for key in strict.COUNTS:
            assert int(line[key]) == row[key], (key, line, row)
    points = strict.tap(data["tap"])
    good = counts["pass"] + counts["improved"] + counts["skipped"]
    assert len(points) == len(rows) and sum(point[0] for point in points) == good, counts
    assert [point[3]["name"] for point in points] == [row["name"] for row in rows]
    assert [point[3]["change"] for point in points] == [row["change"] for row in rows]
    failed = failures + errors
    assert len(strict.codequality(data["codequality"])) == failed + counts["inconclusive"]
    assert len(strict.sarif(data["sarif"])) == failed + counts["inconclusive"]
    commands = [one[0] for one in strict.github(data["github"])]
    assert commands.count("error") == min(failed, 10), commands
    assert len(strict.markdown(data["markdown"])) == min(len(rows), 50)
    samples = strict.openmetrics(data["openmetrics"])
    assert samples["railgauge_verdicts", (("verdict", "regressed"),)] == failures
    assert samples["railgauge_exit_code", ()] == document["exit"]
    for row in rows:
        if row["metric"] and row["candidate"] is not None:
            labels = (("cell", row["name"].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")),
                      ("key", row["cell"][:12]))
            assert samples["railgauge_" + row["metric"], labels] == row["candidate"], row


def test_every_form_passes_its_strict_reader_and_agrees_with_the_result():
    got, data, result = forms(BASE, WORSE)
    assert got.returncode == 3, (got.returncode, got.stderr)
    document = strict.result(result)
    assert data["json"] == result
    assert got.stdout == data["text"]
    assert document["counts"]["regressed"] and document["counts"]["missing"] and document["counts"]["error"]
    agree(data, document)


def test_the_same_forms_come_from_result_json_to_the_byte():
    _, data, _ = forms(BASE, WORSE)
    for name in FORMS:
        again = gate("--from", at("result.json"), "--format", name, code=3)
        assert again.stdout == data[name], (name, again.stdout[:300], data[name][:300])


def test_hostile_names_stay_data_in_every_form():
    odd = bundles.make(at("odd \udcff<&>'%"), cells(names=bundles.HOSTILE), records=False)
    slow = bundles.make(at("slow\n#"), cells(names=bundles.HOSTILE, slow=1.3, absent=[5, 6]), records=False)
    _, data, result = forms(odd, slow)
    agree(data, strict.result(result))
    for name in ("text", "tap", "github", "markdown"):
        assert not any(byte < 32 and byte != 10 for byte in data[name]), name


def big(rows, path):
    """A result of many regressions with long names."""
    _, _, result = forms(BASE, WORSE)
    document = json.loads(result)
    first = next(row for row in document["tests"] if row["verdict"] == "regressed")
    document["tests"] = [dict(first, name="x" * (3000 if i < 60 else 20) + str(i), cell="%064x" % i,
                               note="n" * (3000 if i < 60 else 0))
                         for i in range(rows)]
    document["counts"] = dict.fromkeys(strict.VERDICTS, 0)
    document["counts"]["regressed"] = rows
    with open(path, "w") as file:
        json.dump(document, file)


def test_the_limits_of_github_and_gitlab_are_kept_for_six_thousand_regressions():
    big(6000, at("big.json"))
    read = {name: gate("--from", at("big.json"), "--format", name, code=3).stdout for name in FORMS}
    assert len(strict.sarif(read["sarif"])) == 5000
    commands = strict.github(read["github"])
    assert commands[9][2].startswith("5991 more"), commands[9]
    assert len(strict.markdown(read["markdown"])) == 50
    assert b"5950 more rows" in read["markdown"]
    assert len(strict.junit(read["junit"])) == 4
    assert len(strict.csv(read["csv"])) == 6000
    assert len(strict.tap(read["tap"])) == 6000


def test_the_screen_answers_the_seven_questions_in_their_order():
    got, _, _ = forms(BASE, WORSE)
    text = got.stdout.decode()
    places = [text.index(word) for word in ("trust ", "VERDICT ", "net-0/sim", "+20.0 %", " .. ", "repeat ", "exit ")]
    assert places == sorted(places), (places, text)


def test_inconclusive_passes_where_the_policy_says_so():
    two = bundles.make(at("single-b"), [bundles.cell("net-0/sim", rounds=1, n=140)], records=False)
    alone = bundles.make(at("single-c"), [bundles.cell("net-0/sim", rounds=1, n=140)], records=False)
    words = ("--baseline", two, "--candidate", alone, "--result", at("single.json"))
    gate(*words, code=2)
    gate(*words, "--inconclusive", "pass", code=0)
    gate(*words, "--inconclusive", "fail", code=2)
    gate(*words, "--inconclusive", "pass", "--exit", "0=9", code=9)
    gate(*words, "--inconclusive", "maybe", code=64)
    gate(*words, code=2)
    again = gate("--from", at("single.json"), "--inconclusive", "pass", "--format", "json", code=0)
    assert json.loads(again.stdout)["exit"] == 2 and json.loads(again.stdout)["exit_mapped"] == 0


def test_what_is_no_result_is_refused_with_words():
    _, _, result = forms(BASE, WORSE)
    document = json.loads(result)
    row = document["tests"][0]
    for name, change in (("newer", {"schema": 2}), ("foreign", {"kind": "other"}), ("no list", {"tests": {}}),
                         ("no verdict", {"tests": [dict(row, verdict="fine")]}),
                         ("text for a number", {"tests": [dict(row, change="10%")]}),
                         ("a negative count", {"tests": [dict(row, n_candidate=-1)]}),
                         ("no object", {"tests": [7]}), ("no side", {"baseline": 1})):
        with open(at("bad.json"), "w") as file:
            json.dump({**document, **change}, file)
        got = gate("--from", at("bad.json"), "--format", "junit", code=65)
        assert not got.stdout and b"bad.json" in got.stderr, (name, got.stderr)
    for text in (b"", b"[1", b"[]", b"3", b"\xff"):
        with open(at("bad.json"), "wb") as file:
            file.write(text)
        assert not gate("--from", at("bad.json"), code=65).stdout
    gate("--from", at("nothing-there.json"), code=74)
    got = gate("--baseline", BASE, "--candidate", BASE, "--write", "junti=" + at("x"), code=64)
    assert b"did you mean junit" in got.stderr, got.stderr
    gate("--baseline", BASE, "--candidate", BASE, "--write", "junit", code=64)


code = tap.run(dict(globals()))
FOLDER.cleanup()
sys.exit(code)
