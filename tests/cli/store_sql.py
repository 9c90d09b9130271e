"""The store's SQL is plain: the same schema and the same statements are taken by SQLite and, where
its server is installed, by PostgreSQL, and both answer alike over a store with runs in it. TAP on
stdout.

usage: store_sql.py PROGRAM PRINT_STORE_SQL
"""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

import lab as laboratory
import tap

PROGRAM = os.path.abspath(sys.argv[1])
SQL = json.loads(subprocess.run([sys.argv[2]], capture_output=True, check=True, text=True).stdout)
STATEMENTS = SQL["statements"]
SCHEMA = [text for step in SQL["steps"] for text in step]
OWN_WORDS = ("pragma", "insert or", "replace", "autoincrement", "without rowid", "rowid", "ifnull", "strftime",
             "datetime", "group_concat", "glob", "?", "returning", "jsonb", "serial", "::", "now()", "`", "[")
POSTGRES = ("initdb", "postgres", "psql")
# Order in which tables can be filled, referenced ones first.
TABLES = ["store_version", "device", "context", "build", "scenario", "cell", "run", "outcome", "sample_blob", "file",
          "round", "metric", "baseline", "import_log", "verdict", "change_point"]


def test_no_statement_uses_words_of_one_engine_only():
    for text in SCHEMA + list(STATEMENTS.values()):
        found = [word for word in OWN_WORDS if word in text.lower()]
        assert not found, (found, text)


def test_parameters_come_in_the_order_of_their_numbers():
    for name, text in STATEMENTS.items():
        order = list(dict.fromkeys(re.findall(r"\$(\d+)", text)))
        assert order == [str(i + 1) for i in range(len(order))], (name, order)


def test_the_schema_has_the_types_of_both_engines_only():
    kinds = set()
    for text in SCHEMA:
        for column in re.findall(r"(?:\(|, )([a-z_]+) (bigint|text|double precision|blob|[a-z]+)", text):
            kinds.add(column[1])
    assert {"bigint", "text", "double precision", "blob"} <= kinds
    assert not kinds & {"integer", "int", "real", "float", "varchar", "boolean", "timestamp", "date"}, kinds


def values_of(text, n):
    return {str(i + 1): None for i in range(n)}


def test_sqlite_takes_every_statement():
    db = sqlite3.connect(":memory:")
    for text in SCHEMA:
        db.execute(text)
    for name, text in STATEMENTS.items():
        if name not in ("COMMIT", "ROLLBACK"):
            db.execute("explain " + text, values_of(text, len(set(re.findall(r"\$\d+", text)))))


class Postgres:
    """A server of its own in a temporary folder, reached by a socket there; as another user where this
    one is root, which the server refuses to be."""

    def __init__(self):
        missing = [tool for tool in POSTGRES if not shutil.which(tool)]
        if missing:
            raise tap.Skip("%s is not installed" % missing[0])
        self.folder = tempfile.mkdtemp(prefix="rg-pg-", dir="/tmp")
        self.server = None
        self.user = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
        if self.user:
            os.chown(self.folder, 65534, 65534)

    def run(self, *words):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": self.folder}
        done = subprocess.run(words, capture_output=True, text=True, timeout=100, cwd=self.folder, env=environment,
                              **self.user)
        assert done.returncode == 0, (words[:2], done.stderr[-2000:])
        return done.stdout

    def __enter__(self):
        data = os.path.join(self.folder, "data")
        self.run("initdb", "-D", data, "-A", "trust", "-U", "store", "--no-sync", "-E", "UTF8", "--locale=C")
        self.server = subprocess.Popen(
            [shutil.which("postgres"), "-D", data, "-k", self.folder, "-c", "listen_addresses=", "-F"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder, env={"LC_ALL": "C"}, **self.user)
        for _ in range(300):
            if os.path.exists(os.path.join(self.folder, ".s.PGSQL.5432")) and self.server.poll() is None:
                try:
                    self.ask("select 1")
                    return self
                except AssertionError:
                    pass
            time.sleep(0.1)
        raise AssertionError("PostgreSQL did not start")

    def __exit__(self, *_):
        if self.server:
            self.server.terminate()
            self.server.wait(30)
        shutil.rmtree(self.folder)

    def script(self, texts):
        path = os.path.join(self.folder, "script.sql")
        with open(path, "w", encoding="utf-8") as file:
            file.write(";\n".join(texts) + ";\n")
        os.chmod(path, 0o644)
        return self.run("psql", "-h", self.folder, "-U", "store", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-q", "-t",
                        "-A", "-F", "\x1f", "-R", "\x1e", "-f", path)

    def ask(self, text):
        return self.script([text])


def literal(value):
    if value is None:
        return "null"
    if isinstance(value, bytes):
        return "'\\x%s'" % value.hex()
    return repr(value) if isinstance(value, (int, float)) else "'%s'" % value.replace("'", "''")


def fill(server, db):
    """Schema and rows of an SQLite store into PostgreSQL."""
    texts = ["create domain blob as bytea"] + SCHEMA
    for table in TABLES:
        for row in db.execute("select * from " + table):
            texts.append("insert into %s values (%s)" % (table, ", ".join(map(literal, row))))
    server.script(texts)


def normal(value):
    """A field as psql prints it, for comparison."""
    if value is None:
        return ""
    return "\\x" + value.hex() if isinstance(value, bytes) else value


def same(ours, theirs):
    if isinstance(ours, float):
        return float(theirs) == ours
    return str(ours) == theirs


def questions(db):
    """Statements that read, with what is asked of them."""
    run = db.execute("select min(id), max(bundle) from run").fetchone()
    cell = db.execute("select id, key from cell").fetchone()
    bundle = run[1]
    return [("VERSION", ()), ("RUNS", ()), ("RUN_BY_BUNDLE", (bundle[:8], bundle[:7] + chr(ord(bundle[7]) + 1))),
            ("RUN_BY_NAME", ("run-001",)), ("FILES", (run[0],)), ("FILE", (run[0], "scenario.lua")), ("BLOBS", ()),
            ("BASELINE_NOW", ("main",)), ("BASELINES", ()), ("CELLS", ()), ("CELL_BY_NAME", ("net-0/sim",)),
            ("CELL_BY_KEY", (cell[1][:9], cell[1][:8] + "g")), ("SERIES", (cell[0], "latency_p95_ns", 5)),
            ("FIND_CHANGE", (cell[0], "latency_p95_ns", run[0])), ("RUN_KNOWN", (bundle,)), ("NEXT_RUN", ()),
            ("COUNT_BLOB", ()), ("SPAN", ()), ("COUNT_METRIC", ()), ("RESULT_KNOWN", ("x",)), ("FIND_CELL", (cell[1],))]


def test_postgresql_takes_schema_and_statements_and_answers_alike():
    with laboratory.Lab(PROGRAM, 3) as lab, Postgres() as server:
        lab.fill()
        lab("baseline", "set", "main", "run-001", "--why", "it's the first")
        lab("baseline", "set", "main", "run-002", "--why", "then another")
        db = sqlite3.connect(lab.store)
        fill(server, db)
        server.script(["prepare p_%s as %s" % (name, text) for name, text in STATEMENTS.items()
                       if name not in ("COMMIT", "ROLLBACK")] + ["begin", "commit", "begin", "rollback"])
        for name, asked in questions(db):
            text = STATEMENTS[name]
            ours = db.execute(text, {str(i + 1): value for i, value in enumerate(asked)}).fetchall()
            words = "execute p%s" % ("(%s)" % ", ".join(map(literal, asked)) if asked else "")
            said = server.script(["prepare p as " + text, words]).rstrip("\n")
            theirs = [row.split("\x1f") for row in said.split("\x1e")] if said else []
            assert len(ours) == len(theirs) and (ours or name == "FIND_CHANGE"), (name, len(ours), len(theirs))
            if name == "BLOBS":  # in no order
                ours, theirs = sorted(ours), sorted(theirs)
            for a, b in zip(ours, theirs):
                assert all(same(normal(x), y) for x, y in zip(a, b)) and len(a) == len(b), (name, a, b)
        put = STATEMENTS["PUT_BLOB"]
        server.script(["prepare p as " + put, "execute p('aa', 1, '\\x00')", "execute p('aa', 1, '\\x00')"])
        assert server.ask("select count(*) from sample_blob where hash = 'aa'").strip() == "1"


sys.exit(tap.run(globals()))
