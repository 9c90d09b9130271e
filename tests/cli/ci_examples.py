"""The CI examples of docs/ci: they are read strictly, ask for what their systems know, and the shell
commands they hold run, with an unchanged and with a slower candidate. TAP on stdout."""
import os
import re
import subprocess
import sys
import tempfile

import plainyaml
import strict
import tap

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
CI = os.path.join(SOURCE, "docs", "ci")
FOLDER = tempfile.TemporaryDirectory()
SHELL = {"SCENARIO": os.path.join(SOURCE, "scenarios", "sim.lua")}


def text(name):
    with open(os.path.join(CI, name)) as file:
        return file.read()


def same_as_pyyaml(name):
    """Our reader against PyYAML, where that is installed; it makes numbers and truths of words."""
    ours = plainyaml.read(text(name))
    try:
        import yaml
    except ImportError:
        return ours
    plain = lambda value: ({str(k): plain(v) for k, v in value.items()} if isinstance(value, dict) else
                           [plain(v) for v in value] if isinstance(value, list) else str(value))
    words = yaml.load(text(name), Loader=yaml.BaseLoader)
    assert plain(words) == ours, (words, ours)
    return ours


def github():
    return same_as_pyyaml("github-actions.yml")["jobs"]["gate"]


def jenkins_script():
    return re.search(r"script: '''(.*?)'''", text("Jenkinsfile"), re.DOTALL).group(1)


def play(name, script, variables, slow):
    """Runs an example's commands as its system would, in a folder of its own: (exit code, folder)."""
    folder = os.path.join(FOLDER.name, "%s-%s" % (name, slow))
    os.makedirs(os.path.join(folder, "bin"))
    os.symlink(PROGRAM, os.path.join(folder, "bin", "railgauge"))
    values = {**variables, **SHELL, "A_SET": "slow=1", "B_SET": "slow=" + slow,
              "GITHUB_STEP_SUMMARY": os.path.join(folder, "step-summary.md"),
              "PATH": os.path.join(folder, "bin") + ":" + os.environ["PATH"]}
    assert {"SCENARIO", "A_SET", "B_SET"} <= set(variables), variables
    got = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", script], cwd=folder, capture_output=True,
                         timeout=100, env={**os.environ, **values})
    assert b"No such file" not in got.stderr and b"not found" not in got.stderr, got.stderr
    return got, folder


def data(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def test_the_workflow_is_one_that_github_takes():
    document = same_as_pyyaml("github-actions.yml")
    assert set(document) <= {"name", "on", "permissions", "concurrency", "jobs", "env", "defaults"}, document
    assert document["permissions"] == {"contents": "read"}
    for job in document["jobs"].values():
        assert set(job) <= {"runs-on", "steps", "env", "timeout-minutes", "needs", "if", "strategy"}, job
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step), step
            assert set(step) <= {"uses", "run", "name", "if", "with", "shell", "env", "id"}, step
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "a/b@v1")), step
    kept = github()["steps"][-1]["with"]["path"].split()
    assert {"result.json", "gate.xml", "gate.sarif", "runs"} <= set(kept), kept


def test_the_job_is_one_that_gitlab_takes():
    job = same_as_pyyaml("gitlab-ci.yml")["railgauge"]
    assert set(job) <= {"stage", "tags", "timeout", "resource_group", "rules", "variables", "script",
                        "allow_failure", "artifacts"}, job
    assert set(job["artifacts"]) <= {"when", "expire_in", "paths", "reports"}, job
    assert job["allow_failure"] == {"exit_codes": ["2"]} and isinstance(job["script"], list)
    for report, path in job["artifacts"]["reports"].items():
        assert report in ("junit", "codequality", "metrics", "sast"), report
        assert "=" + path in job["script"][0], path


def test_the_pipeline_is_declarative_and_closed():
    code = re.sub(r"'''.*?'''|'[^'\n]*'|\"[^\"\n]*\"|//[^\n]*", "", text("Jenkinsfile"), flags=re.DOTALL)
    for opening, closing in ("{}", "()"):
        depth = 0
        for letter in code:
            depth += (letter == opening) - (letter == closing)
            assert depth >= 0
        assert depth == 0
    inside = re.match(r"\s*pipeline \{(.*)\}\s*$", code, re.DOTALL).group(1)
    top = re.findall(r"^    (\w+) \{", inside, re.MULTILINE)
    assert top == ["agent", "options", "environment", "stages", "post"], top


def test_the_workflows_commands_run_and_leave_what_they_promise():
    job = github()
    script = next(step["run"] for step in job["steps"] if "run" in step)
    for slow, code in (("1", 0), ("1.2", 1)):
        got, folder = play("github", script, job["env"], slow)
        assert got.returncode == code, (got.returncode, got.stderr)
        lines = [line for line in got.stdout.split(b"\n") if line.startswith(b"::")]
        strict.github(b"\n".join(lines) + b"\n")
        strict.markdown(data(folder, "step-summary.md"))
        strict.junit(data(folder, "gate.xml"))
        assert bool(strict.sarif(data(folder, "gate.sarif"))) == bool(code)
        assert strict.result(data(folder, "result.json"))["exit"] == code


def test_the_jobs_commands_run_and_leave_what_they_promise():
    job = same_as_pyyaml("gitlab-ci.yml")["railgauge"]
    for slow, code in (("1", 0), ("1.2", 1)):
        got, folder = play("gitlab", "\n".join(job["script"]), job["variables"], slow)
        assert got.returncode == code, (got.returncode, got.stderr)
        strict.junit(data(folder, "gate.xml"))
        strict.openmetrics(data(folder, "metrics.txt"))
        assert bool(strict.codequality(data(folder, "codequality.json"))) == bool(code)


def test_the_stages_commands_run_and_leave_what_they_promise():
    variables = dict(re.findall(r"(\w+) = '([^']*)'", text("Jenkinsfile")))
    for slow, code in (("1", 0), ("1.2", 1)):
        got, folder = play("jenkins", jenkins_script(), variables, slow)
        assert got.returncode == code, (got.returncode, got.stderr)
        strict.junit(data(folder, "gate.xml"))
        assert len(strict.csv(data(folder, "gate.csv"))) > 5


def test_a_mistyped_scenario_fails_the_step_and_says_so():
    job = github()
    script = next(step["run"] for step in job["steps"] if "run" in step)
    got, _ = play("mistyped", script.replace("$SCENARIO", "no-such.lua"), job["env"], "1")
    assert got.returncode >= 64, (got.returncode, got.stderr)
    assert b"try:" in got.stderr, got.stderr


code = tap.run(dict(globals()))
FOLDER.cleanup()
sys.exit(code)
