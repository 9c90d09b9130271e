"""A folder with small bundles and a store, for tests of what lives on a store."""
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile

import bundles


def program(path, *words, code=0, env=None, **more):
    """Runs the program; its stdout, or with another exit code than 0 its stderr. The exit code must
    be the one that is expected."""
    done = subprocess.run([path, *words], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}, **more)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


def change_lines(path, change):
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    for line in lines:
        change(line)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


class Lab:
    """`n` runs of two cells, each a little slower than the one before; call it to run the program on
    its store."""

    def __init__(self, path, n=1):
        self.program = path
        self.folder = tempfile.mkdtemp(prefix="railgauge-store-")
        self.store = os.path.join(self.folder, "lab.db")
        self.all = os.path.join(self.folder, "runs")
        self.runs = [self.add(i) for i in range(n)]

    def add(self, i, base_ns=None, n=40, rounds=3, **more):
        folder = os.path.join(self.all, "run-%03d" % i)
        cells = [bundles.cell("net-%d/sim" % c, base_ns=base_ns or 1_000_000 + 1000 * i, n=n, rounds=rounds)
                 for c in range(2)]
        return bundles.make(folder, cells, name="stored", **more)

    def add_series(self, values, key="latency_p95_ns"):
        """A run for each row of `values`: (cell 0's rounds, cell 1's rounds)."""
        for day, row in enumerate(values):
            folder = self.add(day, n=20, rounds=1)
            os.remove(os.path.join(folder, "MANIFEST.sha256"))

            def change(record):
                rounds = row[int(record["name"][4])]
                record["per_round"] = {"round": list(range(len(rounds))), key: rounds}
                record["figures"][key] = bundles.value(sum(rounds) / len(rounds), min(rounds), max(rounds), 60)

            def date(facts):
                facts["created"] = "2026-%02d-%02dT12:00:00Z" % (1 + day // 28, 1 + day % 28)
            change_lines(os.path.join(folder, "records.jsonl"), change)
            change_lines(os.path.join(folder, "bundle.json"), date)
            bundles.write_manifest(folder)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def __call__(self, *words, **more):
        return program(self.program, *words, "--store", self.store, **more)

    def fill(self):
        self("import", self.all)
        return self

    def ask(self, text):
        with sqlite3.connect(self.store) as db:
            return db.execute(text).fetchall()

    def dump(self):
        with sqlite3.connect(self.store) as db:
            return list(db.iterdump())

    def bytes(self):
        with open(self.store, "rb") as file:
            return file.read()
