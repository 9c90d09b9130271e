"""A store from outside: bundles in and out again byte for byte, damage and newer schemas told, older
ones brought up, baselines as events. TAP on stdout.

usage: store.py PROGRAM
"""
import fcntl
import filecmp
import json
import os
import sqlite3
import subprocess
import sys
import time

import lab as laboratory
import tap

PROGRAM = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
MARK = 0x52474442


def say(*words, **more):
    return laboratory.program(PROGRAM, *words, **more)


def Lab(n=1):
    return laboratory.Lab(PROGRAM, n)


def same_tree(a, b):
    """True when two folders hold the same files with the same bytes."""
    found = filecmp.dircmp(a, b)
    if found.left_only or found.right_only or found.funny_files:
        return False
    _, differing, odd = filecmp.cmpfiles(a, b, found.common_files, shallow=False)
    return not differing and not odd and all(
        same_tree(os.path.join(a, name), os.path.join(b, name)) for name in found.common_dirs)


def test_a_bundle_goes_in_once_and_importing_it_again_changes_nothing():
    with Lab(1) as lab:
        first = lab("import", lab.runs[0])
        assert first.startswith("imported "), first
        before = lab.dump()
        assert lab("import", lab.runs[0]).startswith("known "), "again"
        assert lab.dump() == before
        assert lab.ask("select count(*) from import_log") == [(1,)]


def test_an_exported_bundle_is_the_imported_one_byte_for_byte():
    with Lab(2) as lab:
        with open(os.path.join(lab.runs[1], "MANIFEST.sig"), "wb") as file:
            file.write(b"\x00signed\xff")
        lab.fill()
        ids = {run["name"]: run["bundle"] for run in json.loads(lab("db", "runs", "--json"))}
        for path in lab.runs:
            name, out = os.path.basename(path), path + "-again"
            lab("db", "export", ids[name][:12], "-o", out)
            assert same_tree(path, out), name
        assert "exists already" in lab("db", "export", "run-000", "-o", lab.runs[0], code=64)
        assert "no baseline, run" in lab("db", "export", "run-9", "-o", "/x", code=64)


def test_tables_hold_what_the_records_say():
    with Lab(1) as lab:
        lab.fill()
        with open(os.path.join(lab.runs[0], "records.jsonl"), encoding="utf-8") as file:
            record = json.loads(file.readline())
        rows = lab.ask("select m.value, m.low, m.high, m.n from metric m join cell c on c.id = m.cell_id"
                       " where c.key = '%s' and m.name = 'latency_p95_ns' and m.round = -1" % record["cell"])
        figure = record["figures"]["latency_p95_ns"]
        assert rows == [(figure["value"], figure["low"], figure["high"], figure["n"])], rows
        assert lab.ask("select status, rounds from outcome") == [("ok", 3), ("ok", 3)]
        assert lab.ask("select place, temperature_mc, clock_khz from round where place = 0") == \
            [(0, 51000, 2350000)]
        status = json.loads(lab("db", "status", "--json"))
        assert (status["runs"], status["cells"], status["rounds"], status["schema"]) == (1, 2, 6, 2)
        assert lab("db", "check").startswith("ok: ")


def test_rounds_stand_in_the_place_of_their_folder_whatever_they_say_themselves():
    with Lab(1) as lab:
        os.remove(os.path.join(lab.runs[0], "MANIFEST.sha256"))
        for place in range(6):
            laboratory.change_lines(os.path.join(lab.runs[0], "rounds", "%05d" % place, "record.json"),
                                    lambda facts: facts.update(order=3))
        laboratory.bundles.write_manifest(lab.runs[0])
        lab.fill()
        assert lab.ask("select place from round order by place") == [(i,) for i in range(6)]


def test_damaged_and_unfinished_bundles_are_refused_and_the_others_go_in():
    with Lab(3) as lab:
        with open(os.path.join(lab.runs[1], "rounds", "00002", "samples.bin"), "r+b") as file:
            file.seek(40)
            file.write(b"\xff\xff")
        lab.add(7, finished=False)
        said = lab("import", lab.all, code=65)
        assert "rounds/00002/samples.bin was changed" in said and "unfinished" in said, said
        assert "2 of 4 bundles were refused" in said, said
        assert lab.ask("select name from run order by name") == [("run-000",), ("run-002",)]
        assert "ok: " in lab("db", "check")
        assert "cannot open" in lab("import", os.path.join(lab.folder, "nowhere"), code=74)
        os.mkdir(os.path.join(lab.folder, "empty"))
        assert "try:" in lab("import", os.path.join(lab.folder, "empty"), code=65)


def test_a_store_that_is_missing_or_not_named_is_told():
    with Lab(1) as lab:
        assert "there is no store" in lab("db", "status", code=74)
        assert "no store is named" in say("db", "status", code=64, env={"RAILGAUGE_STORE": ""})
        lab.fill()
        assert "schema" in say("db", "status", env={"RAILGAUGE_STORE": lab.store})
        for words in (("db", "chekc"), ("db", "export", "x"), ("baseline", "set", "a"), ("db",)):
            assert "try:" in lab(*words, code=64), words


def foreign_files(lab):
    """Name, how it is made: files that are no stores."""
    def other(path):
        with sqlite3.connect(path) as db:
            db.execute("create table run (id integer)")
    yield "text", lambda path: open(path, "w").write("return rg.scenario {}\n" * 20)
    yield "empty", lambda path: open(path, "w").close()
    yield "another", other
    yield "cut", lambda path: open(path, "wb").write(lab.bytes()[:60])


def test_foreign_files_are_reported_and_left_as_they_are():
    with Lab(1) as lab:
        lab.fill()
        for name, make in foreign_files(lab):
            path = os.path.join(lab.folder, name)
            make(path)
            before = open(path, "rb").read()
            for words in (("db", "status"), ("db", "check"), ("db", "vacuum"), ("baseline", "list"),
                          ("import", lab.runs[0])):
                assert "is no store" in say(*words, "--store", path, code=65), (name, words)
            assert open(path, "rb").read() == before, name
            assert not os.path.exists(path + "-wal"), name


def test_a_damaged_store_is_reported_and_left_as_it_is():
    with Lab(2) as lab:
        lab.fill()
        whole = lab.bytes()
        for start in range(4096, len(whole), 3 * 4096):
            spoilt = bytearray(whole)
            spoilt[start:start + 64] = b"\xa5" * 64
            with open(lab.store, "wb") as file:
                file.write(spoilt)
            assert "damaged" in lab("db", "check", code=65), start
            assert lab.bytes() == bytes(spoilt), start


def test_a_store_cut_short_is_reported():
    with Lab(2) as lab:
        lab.fill()
        whole = lab.bytes()
        with open(lab.store, "wb") as file:
            file.write(whole[:len(whole) // 2])
        lab("db", "check", code=65)
        said = lab("import", lab.add(5), code=65)
        assert "try:" in said, said
        assert lab.bytes() == whole[:len(whole) // 2]


def test_a_newer_schema_is_refused_with_what_it_needs():
    with Lab(1) as lab:
        lab.fill()
        with sqlite3.connect(lab.store) as db:
            db.execute("insert into store_version values (99, '7.5.0', '2031-01-01T00:00:00Z')")
        before = lab.dump()
        for words in (("db", "status"), ("db", "upgrade"), ("import", lab.runs[0])):
            said = lab(*words, code=65)
            assert "has schema 99" in said and "needs railgauge 7.5.0" in said, said
        assert lab.dump() == before


def old_store(path):
    """The store of schema 1 that is kept as text."""
    with open(os.path.join(HERE, "store-v1.sql"), encoding="utf-8") as file:
        db = sqlite3.connect(path)
        db.executescript(file.read())
        db.execute("pragma application_id = %d" % MARK)
        db.commit()
        db.execute("pragma journal_mode = wal")
        db.close()


def test_an_older_schema_is_brought_up_with_all_it_held():
    with Lab(1) as lab:
        old_store(lab.store)
        held = {table: lab.ask("select * from " + table) for table in ("run", "metric", "file", "baseline")}
        assert held["run"] and held["metric"] and held["baseline"]
        before = lab.bytes()
        assert "older schema 1" in lab("db", "status", code=65)
        assert "db upgrade" in lab("db", "runs", code=65)
        assert lab.bytes() == before
        assert lab("db", "upgrade") == "schema 2\n"
        for table, rows in held.items():
            assert lab.ask("select * from " + table) == rows, table
        assert [row[0] for row in lab.ask("select version from store_version")] == [1, 2]
        assert lab.ask("select count(*) from change_point, verdict") == [(0,)]
        assert lab("db", "check").startswith("ok: ")
        out = os.path.join(lab.folder, "out")
        lab("db", "export", "main", "-o", out)
        done = subprocess.run(["sha256sum", "--quiet", "-c", "MANIFEST.sha256"], cwd=out)
        assert done.returncode == 0


def test_importing_into_an_older_store_brings_it_up():
    with Lab(1) as lab:
        old_store(lab.store)
        assert lab("import", lab.runs[0]).startswith("imported")
        assert json.loads(lab("db", "status", "--json"))["runs"] == 2





def test_what_a_killed_importer_left_is_swept_at_the_next_writing():
    with Lab(1) as lab:
        gone = subprocess.Popen(["true"])
        gone.wait()
        left = ["%s.%d.tmp" % (lab.store, pid) for pid in (gone.pid, os.getpid())] + [
            "%s.%d.tmp" % (lab.store, gone.pid + 1000000000), lab.store + ".notes.tmp"]
        for name in left:
            open(name, "w").close()
        for name in left[:2] + left[3:] + [lab.store + ".%d.tmp-wal" % gone.pid]:
            open(name, "a").close()
            os.utime(name, (1, 1))
        lab("import", lab.runs[0])
        assert not os.path.exists(left[0]) and not os.path.exists(left[0] + "-wal"), "its maker is no more"
        assert os.path.exists(left[1]), "its maker lives"
        assert os.path.exists(left[2]), "made a moment ago"
        assert os.path.exists(left[3]), "another name"


def test_a_new_entry_makes_room_but_not_at_the_cost_of_what_is_used():
    with Lab(0) as lab:
        home = os.path.join(lab.folder, "cache")
        models = os.path.join(home, "railgauge", "models")
        os.makedirs(models)
        for name, age in (("old", 9000), ("older", 9001), ("young", 0)):
            path = os.path.join(models, name)
            with open(path, "wb") as file:
                file.write(bytes(1000000))
            os.utime(path, (time.time() - age,) * 2)
        held = open(os.path.join(models, "older"), "rb")
        fcntl.flock(held, fcntl.LOCK_SH)
        env = {"XDG_CACHE_HOME": home, "RAILGAUGE_CACHE_LIMIT": "1500kB"}
        scenario = os.path.join(lab.folder, "s.lua")
        with open(scenario, "w") as file:
            file.write('return rg.scenario { name = "c", tier = {rounds = 1, samples = 130, min_time = "1ms", cap = "9s"}, '
                       'cells = {{model = "ds-cnn", target = "cpu"}} }')
        say("run", scenario, "--out", lab.folder + "/runs", "--quiet", env=env)
        assert not os.path.exists(os.path.join(models, "old")), "the least recently used"
        assert os.path.exists(os.path.join(models, "older")), "somebody holds it"
        assert os.path.exists(os.path.join(models, "young")), "used within a minute"
        assert any(name.startswith("ds-cnn") for name in os.listdir(models))


def test_caches_are_shown_cleared_and_cut_down():
    with Lab(0) as lab:
        home = os.path.join(lab.folder, "cache")
        for kind, name, size, age in (("models", "old", 600, 9), ("models", "new", 500, 1), ("peaks", "one", 100, 5)):
            path = os.path.join(home, "railgauge", kind, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(b"x" * size)
            os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
        outside = os.path.join(lab.folder, "outside")
        with open(outside, "w") as file:
            file.write("stays")
        os.symlink(outside, os.path.join(home, "railgauge", "models", "link"))
        env = {"XDG_CACHE_HOME": home}

        def cache(*words, **more):
            return json.loads(say("db", "cache", *words, "--json", env=env, **more))
        assert cache()["bytes"] == 1200 and cache()["kinds"]["models"] == {"files": 2, "bytes": 1100}
        assert cache("--limit", "700B")["bytes"] == 600
        assert not os.path.exists(os.path.join(home, "railgauge", "models", "old"))
        assert list(cache("clear", "peaks")["kinds"]) == ["models"]
        for words in (("clear", ".."), ("clear", "nothing"), ("clear", "../outside"), ("empty",), ("--limit", "1 parsec")):
            assert "try:" in say("db", "cache", *words, env=env, code=64), words
        assert cache("clear")["bytes"] == 0
        assert open(outside).read() == "stays"


def test_names_from_bundles_cannot_move_the_cursor():
    with Lab(0) as lab:
        name = "net\x1b[2Jx\n\u202ereversed"
        laboratory.bundles.make(os.path.join(lab.all, "run\x1b[31m"), [laboratory.bundles.cell(name, n=40, rounds=3)])
        lab.fill()
        key = laboratory.bundles.key_of(name)[:12]
        lab("baseline", "set", "main", "run\x1b[31m", "--why", "a\x1b[2Jb")
        for words in (("history",), ("history", key), ("db", "runs"), ("baseline", "list"), ("baseline", "show", "main")):
            said = lab(*words)
            assert "\x1b" not in said and "\u202e" not in said and "?" in said, (words, said)
        assert json.loads(lab("history", "--json"))[0]["name"] == name


sys.exit(tap.run(globals()))
