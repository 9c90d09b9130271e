"""`meson install` and the program afterwards: its data files lie where it looks for them, a changed one is
used, and the program alone, copied to a place without any, still runs what is compiled into it.

    installed.py RAILGAUGE BUILD_DIR MESON DATA_DIR     (DATA_DIR: below the install root, /usr/local/share/railgauge)
"""
import os
import shutil
import subprocess
import sys
import tempfile

import tap

PROGRAM, BUILD, MESON, DATA = sys.argv[1:5]
WORK = tempfile.mkdtemp(prefix="railgauge-installed-")
ROOT = os.path.join(WORK, "root")


def call(program, *words, **environment):
    kept = {name: value for name, value in os.environ.items() if name != "RAILGAUGE_DATA"}
    return subprocess.run([program, *words], cwd=WORK, env={**kept, "HOME": WORK, **environment}, capture_output=True,
                          text=True, timeout=100)


def runs_the_simulation(program, out, **environment):
    done = call(program, "run", "sim", "--out", out, "--quiet", **environment)
    assert done.returncode == 0, done.stderr
    (bundle,) = os.listdir(os.path.join(WORK, out))
    report = call(program, "report", os.path.join(out, bundle), **environment)
    assert report.returncode == 0 and "sim" in report.stdout, report.stderr


def test_install_puts_the_program_and_its_data_below_the_root():
    done = subprocess.run([MESON, "install", "-C", BUILD, "--no-rebuild", "--destdir", ROOT], capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for file in ("scenarios/sim.lua", "scenarios/lib/common.lua", "models/suite/ds-cnn.lua", "devices/boards.lua",
                 "reports/templates/summary.lua", "reports/formats/text.lua"):
        assert os.path.isfile(ROOT + os.path.join(DATA, file)), file


def test_the_installed_program_runs_and_reports():
    (program,) = [os.path.join(folder, "railgauge") for folder, _, names in os.walk(ROOT)
                  if "railgauge" in names and os.access(os.path.join(folder, "railgauge"), os.X_OK)]
    runs_the_simulation(program, "runs-installed", RAILGAUGE_DATA=ROOT + DATA)


def test_a_changed_data_file_is_used():
    with open(ROOT + os.path.join(DATA, "scenarios", "mine.lua"), "w", encoding="utf-8") as file:
        file.write('return rg.scenario { name = "mine", cells = { { model = "ds-cnn", target = "sim" } } }\n')
    done = call(PROGRAM, "list", "scenarios", RAILGAUGE_DATA=ROOT + DATA)
    assert done.returncode == 0 and "mine" in done.stdout, done.stdout + done.stderr


def test_the_program_alone_has_its_data_within():
    alone = os.path.join(WORK, "alone")
    os.mkdir(alone)
    program = shutil.copy(PROGRAM, alone)
    runs_the_simulation(program, "runs-alone")


try:
    code = tap.run(globals())
finally:
    shutil.rmtree(WORK, ignore_errors=True)
sys.exit(code)
