"""`railgauge explain` from outside: planted differences are named first, records in files, JSON, what
is refused. TAP on stdout."""
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


def explain(*words, code=0):
    got = subprocess.run([PROGRAM, "explain", *words], capture_output=True, timeout=60, text=True,
                         env={**os.environ, "COLUMNS": "100"})
    assert got.returncode == code, (got.returncode, got.stdout, got.stderr)
    return got


def make(name, slow=1.0, isa="avx2", flags=(), host=None):
    folder = bundles.make(at(name), [bundles.cell("net/cpu", base_ns=int(1e6 * slow), flags=list(flags))])
    path = os.path.join(folder, "records.jsonl")
    record = json.loads(open(path).read())
    record["context"]["settings"]["effective"]["isa"] = isa
    open(path, "w").write(json.dumps(record) + "\n")
    facts = json.load(open(os.path.join(folder, "bundle.json")))
    facts["host"].update(host or {})
    json.dump(facts, open(os.path.join(folder, "bundle.json"), "w"))
    os.remove(os.path.join(folder, "MANIFEST.sha256"))
    bundles.write_manifest(folder)
    return folder, record


A, RECORD_A = make("a")
B, RECORD_B = make("b", slow=1.4, isa="scalar", flags=["busy"], host={"kernel": "6.9.9"})


def test_planted_differences_are_named_the_likeliest_first():
    text = explain(A, B).stdout
    places = [text.index(word) for word in ("instruction set: avx2 -> scalar", "flag busy: no -> raised",
                                            "kernel: 6.1.0 -> 6.9.9")]
    assert places == sorted(places), text
    assert "+40" in text and "of 1 cells" in text, text
    assert not [line for line in text.splitlines()[2:] if len(line) > 100], text


def test_json_tells_the_same():
    document = json.loads(explain(A, B, "--json").stdout)
    assert document["kind"] == "railgauge-explain" and document["schema"] == 1
    first = document["differences"][0]
    assert first["field"] == "record.context.settings.effective.isa" and first["b"] == "scalar", first
    assert all(one["advice"] for one in document["differences"])
    scores = [one["score"] for one in document["differences"]]
    assert scores == sorted(scores, reverse=True)
    assert abs(document["observed"]["change"] - 0.4) < 0.01, document["observed"]


def test_two_records_in_files_will_do():
    for name, record in (("a.json", RECORD_A), ("b.json", RECORD_B)):
        with open(at(name), "w") as file:
            json.dump(record, file)
    assert "instruction set" in explain(at("a.json"), at("b.json")).stdout
    assert "instruction set" in explain(A, at("b.json"), "--cell", "net/cpu").stdout


def test_one_result_twice_differs_in_nothing():
    assert "Nothing that is on record differs" in explain(A, A).stdout


def test_what_is_no_result_is_refused():
    with open(at("list.json"), "w") as file:
        file.write("[1]")
    assert "try:" in explain(A, at("list.json"), code=65).stderr
    explain(A, at("nothing"), code=74)
    explain(A, B, "--cell", "other", code=64)
    explain(A, code=64)
    explain(A, B, "--for", "beauty", code=64)


code = tap.run(dict(globals()))
FOLDER.cleanup()
sys.exit(code)
