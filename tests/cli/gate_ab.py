"""`railgauge gate --scenario`: two builds, or one with other options, measured turn by turn on the
simulated target. TAP on stdout."""
import glob
import json
import os
import shutil
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import tap

PROGRAM = sys.argv[1]
SCENARIO = """
local latency = rg.option("latency", {default = "1ms", help = "of the device"})
local seed = rg.option("seed", {default = 1, help = "of the device's randomness"})
return rg.scenario {
    name = "ab", tier = {samples = 130, min_time = "1ms", cap = "20s"},
    cells = {
        {empty = 64, target = "sim", options = {latency = latency, seed = seed}},
        {empty = 32, target = "sim", options = {latency = "3ms"}},
    },
}
"""


class Place:
    """A folder with the scenario; gone afterwards."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = self.folder.name
        self.scenario = os.path.join(self.path, "ab.lua")
        with open(self.scenario, "w") as file:
            file.write(SCENARIO)
        return self

    def __exit__(self, *unused):
        self.folder.cleanup()

    def gate(self, *words, scenario=True):
        more = ("--scenario", self.scenario, "--out", os.path.join(self.path, "runs")) if scenario else ()
        return subprocess.run([PROGRAM, "gate", *more, *words], capture_output=True, text=True,
                              timeout=120)

    def bundles(self):
        found = sorted(glob.glob(os.path.join(self.path, "runs", "gate-*", "[AB]")))
        return found


def facts(bundle):
    with open(os.path.join(bundle, "bundle.json")) as file:
        return json.load(file)


def lines(bundle, name):
    with open(os.path.join(bundle, name)) as file:
        return [json.loads(line) for line in file]


def rounds(bundle):
    out = []
    for path in glob.glob(os.path.join(bundle, "rounds", "*", "record.json")):
        with open(path) as file:
            out.append(json.load(file))
    return out


def test_one_build_against_itself_passes_and_keeps_two_paired_bundles():
    with Place() as place:
        got = place.gate("--format", "json", "--quiet")
        assert got.returncode == 0, got.stdout + got.stderr
        document = json.loads(got.stdout)
        assert document["interleaved"] and document["counts"]["pass"] > 4, document["counts"]
        a, b = place.bundles()
        one, two = facts(a)["pairing"], facts(b)["pairing"]
        assert one["session"] == two["session"] and (one["arm"], two["arm"]) == ("A", "B")
        assert one["looks"] == "standard" and len(one["program"]["sha256"]) == 64
        assert len(rounds(a)) == len(rounds(b)) == 12, "two cells, six rounds: the first look"
        assert [cell["key"] for cell in lines(a, "cells.jsonl")] == \
            [cell["key"] for cell in lines(b, "cells.jsonl")]
        again = place.gate("--baseline", a, "--candidate", b, "--format", "json", scenario=False)
        assert again.returncode == 0
        verdicts = lambda text: sorted((row["cell"], row.get("metric"), row["verdict"])
                                       for row in json.loads(text)["tests"])
        assert verdicts(again.stdout) == verdicts(got.stdout), "stored bundles judge the same"


def test_pairs_stand_together_and_change_their_order():
    with Place() as place:
        assert place.gate("--quiet", "--only", "empty-32/*").returncode == 0
        a, b = (sorted((r["started_wall_ns"], r["round"]) for r in rounds(x)) for x in place.bundles())
        order = [arm for _, arm in sorted([(t, "A") for t, _ in a] + [(t, "B") for t, _ in b])]
        words = "".join(order)
        assert words in ("ABBA" * 3, "BAAB" * 3), words


def test_workers_of_a_real_target_take_turns_within_a_round_unless_told_not_to():
    with Place() as place:
        with open(place.scenario, "w") as file:
            file.write('return rg.scenario { name = "turns", tier = {samples = 130, min_time = "12ms", '
                       'cap = "20s"}, cells = {{empty = 4096, target = "cpu", threads = 1}} }\n')
        for words, sliced in (("--slice", "3ms"), True), (("--slice", "0"), False):
            shutil.rmtree(os.path.join(place.path, "runs"), ignore_errors=True)
            got = place.gate("--format", "json", "--quiet", "--metric", "macs", *words)
            assert got.returncode == 0, got.stdout + got.stderr
            document = json.loads(got.stdout)
            windows = [round["window"] for bundle in place.bundles() for round in rounds(bundle)]
            assert len(windows) == 12 and all(("slices" in one) == sliced for one in windows)
            if sliced:
                length = [one["end_ns"] - one["start_ns"] - one["paused_ns"] for one in windows]
                assert min(length) >= 12e6, "the slices alone are long enough"
                assert all((one["paused_ns"] > 0) == (one["slices"] > 1) for one in windows), windows
                assert sum(one["slices"] for one in windows) >= 2 * len(windows), windows
            assert ("in slices of" in document["trust"]) == sliced, document["trust"]


def test_a_slower_candidate_regresses_and_the_printed_command_measures_it_alone():
    with Place() as place:
        slow = ("--b-set", "latency=1.1ms")
        got = place.gate(*slow, "--format", "json", "--quiet")
        assert got.returncode == 1, got.stdout + got.stderr
        bad = {row["name"] for row in json.loads(got.stdout)["tests"] if row["verdict"] == "regressed"}
        assert len(bad) == 1 and "empty-64" in list(bad)[0], bad
        a, b = place.bundles()
        got = place.gate("--baseline", a, "--candidate", b, "--reproduce", scenario=False)
        command = got.stdout.strip()
        assert got.returncode == 1 and command.startswith("railgauge gate --scenario"), command
        words = shlex.split(command)
        assert words[-2:] == ["--only", bad.pop()] and "latency=1.1ms" in words, words
        again = subprocess.run([PROGRAM, *words[1:], "--out", os.path.join(place.path, "again"),
                                "--quiet"], capture_output=True, text=True, timeout=120)
        assert again.returncode == 1 and "empty-32" not in again.stdout, again.stdout


def test_a_faster_candidate_improves_and_passes():
    with Place() as place:
        got = place.gate("--a-set", "latency=1.1ms", "--quiet", "--format", "json")
        document = json.loads(got.stdout)
        assert got.returncode == 0 and document["counts"]["improved"] > 0, document["counts"]


def test_codes_for_bisect_and_policies():
    with Place() as place:
        slow = ("--b-set", "latency=1.1ms", "--quiet")
        assert place.gate("--bisect", "--quiet").returncode == 0
        assert place.gate("--bisect", *slow).returncode == 1
        assert place.gate("--exit", "1=9", *slow).returncode == 9
        a, b = place.bundles()[:2]
        lone = ("--baseline", a, "--candidate", a + "/none")
        assert place.gate(*lone, "--bisect", scenario=False).returncode == 128, "stops the bisection"
        assert place.gate(*lone, scenario=False).returncode == 74


def git(folder, *words):
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
           "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    return subprocess.run(["git", *words], cwd=folder, env=env, capture_output=True, text=True, timeout=300)


def test_git_bisect_skips_what_cannot_be_told_and_finds_the_slow_commit():
    if not shutil.which("git"):
        raise tap.Skip("git is not installed")
    # builds: a wrapper each, and what its device does; the one in the middle scatters too much to tell
    builds = ["latency=1ms"] * 8
    builds[3:4], builds[5:] = ["seed=2"], ["latency=1.2ms"] * 3
    with Place() as place:
        repository = os.path.join(place.path, "repository")
        os.mkdir(repository)
        git(repository, "init", "-q")
        commits = []
        for number, words in enumerate(builds):
            with open(os.path.join(repository, "build"), "w") as file:
                file.write("#!/bin/sh\nexec %s \"$@\"\n" % shlex.quote(os.path.abspath(PROGRAM)))
            os.chmod(os.path.join(repository, "build"), 0o755)
            with open(os.path.join(repository, "device"), "w") as file:
                file.write("%s\n# %d\n" % (words, number))
            git(repository, "add", "-A")
            got = git(repository, "commit", "-qm", "build %d" % number)
            assert got.returncode == 0, got.stderr
            commits.append(git(repository, "rev-parse", "HEAD").stdout.strip())
        git(repository, "bisect", "start", commits[7], commits[0])
        gate = "%s gate --bisect --b ./build --scenario %s --out %s --only 'empty-64/*' --metric latency_p95" % tuple(
            map(shlex.quote, (os.path.abspath(PROGRAM), place.scenario, os.path.join(place.path, "runs"))))
        got = git(repository, "bisect", "run", "sh", "-c",
                  gate + ' --tolerance all=3% --target all=3% --quiet --b-set "$(head -n 1 device)" > /dev/null')
        assert got.returncode == 0, got.stdout + got.stderr
        log = git(repository, "bisect", "log").stdout
        assert "# first bad commit: [%s]" % commits[5] in log, log
        assert "git bisect skip %s" % commits[3] in log, log
        assert "git bisect good %s" % commits[4] in log, log


def test_a_dry_run_tells_the_plan_and_measures_nothing():
    with Place() as place:
        got = place.gate("--dry-run", "--strict")
        assert got.returncode == 0 and "looks 12 24 48 96" in got.stdout, got.stdout
        assert not os.path.exists(os.path.join(place.path, "runs"))


def test_what_is_no_build_is_refused_before_anything_is_measured():
    with Place() as place:
        other = os.path.join(place.path, "other")
        with open(other, "w") as file:
            file.write("#!/bin/sh\necho railgauge-worker 0\n")
        os.chmod(other, 0o755)
        for word, text in ((other, "cannot be driven"), ("/bin/true", "cannot be driven"),
                           (place.scenario, "cannot be run"), (place.path, "is a bundle")):
            got = place.gate("--b", word)
            assert got.returncode == 64 and text in got.stderr, (word, got.stderr)
        assert not os.path.exists(os.path.join(place.path, "runs"))


def test_another_build_runs_its_own_rounds():
    """A wrapper stands for another build: it notes that it was started."""
    with Place() as place:
        other, log = os.path.join(place.path, "other"), os.path.join(place.path, "log")
        with open(other, "w") as file:
            file.write("#!/bin/sh\necho $1 >> %s\nexec %s \"$@\"\n" % (shlex.quote(log),
                                                                    shlex.quote(os.path.abspath(PROGRAM))))
        os.chmod(other, 0o755)
        assert place.gate("--b", other, "--quiet").returncode == 0
        with open(log) as file:
            started = file.read().split()
        a, b = place.bundles()
        assert facts(b)["pairing"]["program"]["path"] == other
        assert len(started) >= 1 + len(rounds(b)), started
        assert len(rounds(b)) == len(rounds(a))


def test_an_interrupted_session_keeps_what_it_has_and_judges_nothing():
    with Place() as place:
        process = subprocess.Popen([PROGRAM, "gate", "--scenario", place.scenario, "--out",
                                    os.path.join(place.path, "runs")],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.time() + 60
        while time.time() < deadline and not glob.glob(
                os.path.join(place.path, "runs/*/B/rounds/*/record.json")) and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130, (process.returncode, err)
        assert "VERDICT" not in out, out
        a, b = place.bundles()
        assert rounds(a) or rounds(b)
        assert not os.path.exists(os.path.join(b, "MANIFEST.sha256"))


def test_plan_gate_tells_what_a_budget_sees_from_a_pilot_and_from_a_session():
    with Place() as place:
        runs = os.path.join(place.path, "runs")

        def plan(*words):
            got = subprocess.run([PROGRAM, "plan-gate", place.scenario, "--out", runs, "--quiet",
                                  "--json", *words], capture_output=True, text=True, timeout=120)
            assert got.returncode == 0, got.stderr
            return json.loads(got.stdout)

        document = plan("--budget", "1h")
        assert document["rounds"] == document["rounds_most"] == 48, document
        assert len(rounds(place.bundles()[0])) == 12, "a pilot: two cells, six rounds a side"
        # another seed on B: rounds of a pair differ
        assert place.gate("--b-set", "seed=2", "--quiet").returncode in (0, 1, 2)
        sessions = {os.path.dirname(bundle) for bundle in place.bundles()}
        session = [x for x in sessions if facts(x + "/B")["pairing"]["looks"] == "standard"][0]
        long, short = plan("--budget", "1h", "--last", session), plan("--budget", "1s", "--last", session)
        rows = [(a, b) for a, b in zip(long["cells"], short["cells"]) if a["metric"] == "latency_p95_ns"]
        assert rows and short["rounds"] < 48, (long, short)
        for a, b in rows:
            assert a["sd_log"] > 0 and a["tolerance"] < a["smallest"], a
            assert b["smallest"] is None or b["smallest"] > a["smallest"], (a, b)


if __name__ == "__main__":
    sys.exit(tap.run(globals()))
