"""`railgauge gate` from outside: exit codes, formats that agree, JUnit that a strict parser takes,
text that fits the terminal, bundles that are no bundles. TAP on stdout."""
import json
import os
import subprocess
import sys
import tempfile

import bundles
import strict

PROGRAM = os.path.abspath(sys.argv[1])
count = 0
bad = 0


def check(name, right, seen=""):
    global count, bad
    count += 1
    bad += not right
    print("%s %d - %s" % ("ok" if right else "not ok", count, name))
    for line in "" if right else str(seen).splitlines():
        print("# " + line)


def gate(*words, env=None):
    return subprocess.run([PROGRAM, "gate", *words], capture_output=True, timeout=60,
                          env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})})


def cells(slow=(), status=None, drop=(), rounds=6):
    """Four cells; those of `slow` take a factor longer, those of `status` ended otherwise."""
    out = []
    for number in range(4):
        name = "net-%d/sim/threads=1" % number
        if name in drop:
            continue
        more = {"status": (status or {}).get(name, "ok"), "what": "made so by the test"}
        base = int(1_000_000 * (number + 1) * dict(slow).get(name, 1))
        out.append(bundles.cell(name, base_ns=base, rounds=rounds, n=150, **more))
    return out


def main(folder):
    one, two = "net-0/sim/threads=1", "net-1/sim/threads=1"
    make = lambda name, *rest, **more: bundles.make(os.path.join(folder, name), cells(*rest, **more),
                                                    records=False)
    base = make("base")
    same, slow, fast = make("same"), make("slow", {one: 1.3}), make("fast", {two: 0.7})
    lost, ended = make("lost", drop=[one]), make("ended", {two: 1.3}, {one: "absent"})
    single = make("single", rounds=1)

    def judged(candidate, *more, env=None):
        return gate("--baseline", base, "--candidate", candidate, *more, env=env)

    for name, candidate, code in (("the same again passes", same, 0), ("slower regresses", slow, 1),
                                  ("faster passes", fast, 0), ("a missing cell fails", lost, 3),
                                  ("error outranks regression", ended, 3),
                                  ("single rounds are inconclusive", single, 2)):
        got = judged(candidate)
        check("%s: exit %d" % (name, code), got.returncode == code,
              "%d\n%s\n%s" % (got.returncode, got.stdout.decode(), got.stderr.decode()))
        check("%s: nothing on stderr" % name, not got.stderr, got.stderr)
    got = judged(slow, "--exit", "1=7", "--exit", "2=0")
    check("--exit maps a code", got.returncode == 7, got.returncode)
    check("--tolerance lets it pass", judged(slow, "--tolerance", "all=40%").returncode == 0)
    got = judged(slow, "--metric", "arena_bytes")
    check("a metric that nobody has judges nothing, which is no pass", got.returncode == 4,
          got.returncode)

    document = json.loads(judged(slow, "--format", "json").stdout)
    rows = document["tests"]
    worst = [row["name"] for row in rows if row["verdict"] == "regressed"]
    check("json: only the slow cell regressed", set(worst) == {one}, worst)
    p95 = [row for row in rows if row["name"] == one and row.get("metric") == "latency_p95_ns"][0]
    check("json: a change of 30 % within its interval",
          abs(p95["change"] - 0.3) < 0.01 and p95["change_low"] < 0.3 < p95["change_high"], p95)
    check("json: says that it is a stored baseline",
          any("no control workload" in note for note in document["notes"]), document["notes"])

    path = os.path.join(folder, "gate.xml")
    got = judged(ended, "--junit", path, "--format", "json")
    document = json.loads(got.stdout)
    with open(path, "rb") as file:
        text = file.read()
    try:
        seen = strict.junit(text)
        tally = document["counts"]
        want = {"failure": tally["regressed"],
                "error": tally["missing"] + tally["error"] + tally["invalid"] +
                tally["not-comparable"], "skipped": tally["inconclusive"] + tally["skipped"]}
        check("junit: strict, and agrees with json", seen == {**want, "": tally["pass"] + tally["improved"]},
              (seen, want))
    except (ValueError, SyntaxError) as wrong:
        check("junit: strict, and agrees with json", False, repr(wrong))

    for columns in (80, 200):
        got = judged(ended, "--all", env={"COLUMNS": str(columns)})
        lines = got.stdout.decode().splitlines()
        wide = [line for line in lines
                if len(line) > columns and not line.startswith(("repeat", "look at", "baseline",
                                                                "candidate"))]
        check("text: fits %d columns" % columns, not wide, "\n".join(wide))
        check("text: verdict among the first ten lines at %d" % columns,
              any(line.startswith("VERDICT") for line in lines[:10]), got.stdout.decode())
    markdown = os.path.join(folder, "gate.md")
    got = judged(slow, "--format", "markdown", "-o", markdown)
    with open(markdown) as file:
        check("markdown: in the named file, nothing on stdout",
              "| regressed |" in file.read() and not got.stdout)

    for name, words, code in (
            ("no bundle there", ("--baseline", base, "--candidate", folder + "/none"), 74),
            ("a folder that is no bundle", ("--baseline", base, "--candidate", folder), 65),
            ("one bundle only", ("--baseline", base), 64),
            ("an unknown metric", ("--baseline", base, "--candidate", same, "--metric", "p96"), 64),
            ("a limit without number", ("--baseline", base, "--candidate", same, "--target",
                                        "all=x"), 64),
            ("an unwritable file", ("--baseline", base, "--candidate", same, "-o",
                                    folder + "/none/x"), 74)):
        got = gate(*words)
        check("%s: exit %d and what to try" % (name, code),
              got.returncode == code and b"try:" in got.stderr and not got.stdout,
              (got.returncode, got.stdout, got.stderr))
    with open(os.path.join(slow, "rounds", "00003", "samples.bin"), "r+b") as file:
        file.seek(60)
        file.write(b"\xff")
    got = judged(slow)
    check("a changed sample is refused: exit 65", got.returncode == 65 and
          b"was changed" in got.stderr, (got.returncode, got.stderr))
    print("1..%d" % count)


with tempfile.TemporaryDirectory() as folder:
    main(folder)
sys.exit(bad > 0)
