"""A store in trouble: importers killed at random moments, many at once, full disks, folders that
cannot be written. What was committed stays, nothing is there by half. TAP on stdout.

usage: store_hard.py PROGRAM KILLS
"""
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import lab as laboratory
import tap

PROGRAM, KILLS = os.path.abspath(sys.argv[1]), int(sys.argv[2])
SEED = 20261122
NOBODY = 65534


def Lab(n=1):
    return laboratory.Lab(PROGRAM, n)


def importer(lab, *words):
    return subprocess.Popen([PROGRAM, "import", *(words or [lab.all]), "--store", lab.store],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def runs_of(lab):
    return [run["name"] for run in json.loads(lab("db", "runs", "--json"))]


def test_importers_killed_at_random_moments_leave_whole_bundles():
    dice, cut = random.Random(SEED), 0
    with Lab(25) as lab:
        for _ in range(KILLS):
            if os.path.exists(lab.store) and dice.random() < 0.3:
                for name in os.listdir(lab.folder):  # from the start, now and then: killed while it is made
                    if name.startswith("lab.db"):
                        os.remove(os.path.join(lab.folder, name))
            child = importer(lab)
            time.sleep(dice.uniform(0, 0.06))
            child.kill()
            child.communicate()
            cut += child.returncode == -signal.SIGKILL
            if os.path.exists(lab.store):
                assert lab("db", "check").startswith("ok: ")
                for name in runs_of(lab):
                    assert name.startswith("run-")
        assert cut > KILLS // 3, "only %d of %d were killed in time" % (cut, KILLS)
        lab.fill()
        assert sorted(runs_of(lab)) == ["run-%03d" % i for i in range(25)]
        assert lab.ask("select count(*) from round") == [(25 * 6,)]
        assert lab.ask("select count(*) from import_log") == [(25,)]
        assert lab("db", "check").startswith("ok: ")


def test_many_importers_at_once_all_succeed_and_each_bundle_is_there_once():
    with Lab(16) as lab:
        children = [importer(lab, *(lab.runs[i:] + lab.runs[:i])) for i in range(0, 16, 4)]
        for child in children:
            said = child.communicate(timeout=100)[1].decode()
            assert child.returncode == 0, said
        assert sorted(runs_of(lab)) == ["run-%03d" % i for i in range(16)]
        assert lab.ask("select count(*), count(distinct run_id) from import_log") == [(16, 16)]
        assert lab("db", "check").startswith("ok: ")
        assert not [name for name in os.listdir(lab.folder) if name.endswith(".tmp")]


def test_readers_do_not_wait_for_a_writer():
    with Lab(2) as lab:
        lab("import", lab.runs[0])
        import sqlite3
        writer = sqlite3.connect(lab.store, isolation_level=None)
        writer.execute("begin immediate")
        writer.execute("insert into import_log values (99, 1, '', '', '', '')")
        start = time.monotonic()
        assert runs_of(lab) == ["run-000"]
        assert lab("db", "check").startswith("ok: ")
        assert time.monotonic() - start < 20
        waiting = importer(lab, lab.runs[1])
        time.sleep(0.3)
        assert waiting.poll() is None
        writer.execute("rollback")
        writer.close()
        assert waiting.wait(60) == 0 and len(runs_of(lab)) == 2


def limited(bytes_):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_))


def test_a_limit_on_the_files_size_leaves_what_was_there():
    with Lab(30) as lab:
        lab("import", lab.runs[0])
        for size in (4096, 100_000, os.path.getsize(lab.store), os.path.getsize(lab.store) + 300_000):
            said = lab("import", lab.all, code=74, preexec_fn=limited(size))
            assert "try:" in said, said
            assert lab("db", "check").startswith("ok: "), size
        assert "run-000" in runs_of(lab) and len(runs_of(lab)) < 30
        lab.fill()
        assert len(runs_of(lab)) == 30


def test_a_store_that_cannot_be_made_leaves_nothing():
    with Lab(1) as lab:
        said = lab("import", lab.all, code=74, preexec_fn=limited(5000))
        assert "try:" in said, said
        assert os.listdir(lab.folder) == ["runs"]
        said = laboratory.program(PROGRAM, "import", lab.all, "--store", "/nowhere/lab.db", code=74)
        assert "try:" in said, said


def test_a_full_disk_is_told_and_harms_nothing():
    with Lab(30) as lab:
        disk = os.path.join(lab.folder, "disk")
        os.mkdir(disk)
        script = ("mount -t tmpfs -o size=1m none '%s' || exit 99\n"
                  "'%s' import '%s' --store '%s/lab.db'; code=$?\n"
                  "'%s' db check --store '%s/lab.db' || exit 98\n"
                  "exit $code\n") % (disk, PROGRAM, lab.all, disk, PROGRAM, disk)
        done = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, timeout=100)
        if done.returncode in (1, 99) or "unshare" in done.stderr:
            raise tap.Skip("no mount in a namespace here: " + done.stderr.strip()[:80].replace("\n", " "))
        assert done.returncode == 74 and "free some space" in done.stderr, (done.returncode, done.stderr)
        assert "ok: every page" in done.stdout, done.stdout


def unprivileged(lab, *words, code):
    """The same as a user who may not write there."""
    more = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    return lab(*words, code=code, env={"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"}, **more)


def test_a_store_in_a_folder_that_cannot_be_written_is_read():
    home = tempfile.mkdtemp(prefix="railgauge-read-", dir="/tmp")
    try:
        os.chmod(home, 0o755)
        with Lab(2) as lab:
            lab.fill()
            for end in ("-wal", "-shm"):
                if os.path.exists(lab.store + end):
                    os.remove(lab.store + end)
            moved = os.path.join(home, "odd name?#%.db")
            shutil.copy(lab.store, moved)
            os.chmod(moved, 0o444)
            os.chmod(home, 0o555)
            lab.store = moved
            try:
                unprivileged(lab, "db", "status", code=0)
            except (PermissionError, AssertionError) as trouble:
                if not os.access(PROGRAM, os.X_OK) or "Permission" in repr(trouble):
                    raise tap.Skip("another user cannot run the program from here")
                raise
            assert "run-001" in unprivileged(lab, "db", "runs", code=0)
            assert "ok: " in unprivileged(lab, "db", "check", code=0)
            assert "net-0/sim" in unprivileged(lab, "history", code=0)
            said = unprivileged(lab, "baseline", "set", "main", "run-000", "--why", "x", code=74)
            assert "try:" in said, said
            said = unprivileged(lab, "import", lab.runs[0], code=74)
            assert "try:" in said, said
            assert os.listdir(home) == [os.path.basename(moved)]
    finally:
        os.chmod(home, 0o755)
        shutil.rmtree(home)


sys.exit(tap.run(globals()))
