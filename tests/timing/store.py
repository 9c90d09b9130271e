"""How long a store takes: 1,000 bundles in (10 s at most), and the history of a cell among 100,000
records (100 ms at most, the whole program, the best of five). A benchmark, since a busy machine may
make it fail. TAP on stdout.

usage: store.py PROGRAM WRITE_BUNDLE
"""
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

PROGRAM, WRITE_BUNDLE = (os.path.abspath(path) for path in sys.argv[1:3])
BUNDLES, RECORDS = 1000, 100_000
LONG = """
insert into run with recursive k(i) as (select 1 union all select i + 1 from k where i < :more)
  select :last + i, printf('%064x', i), 'night-' || i, strftime('%Y-%m-%dT%H:%M:%SZ', 1500000000 + 3600 * i,
    'unixepoch'), plan, scenario_id, build_id, context_id, '', '', 1, 6, 0, '', imported
  from k, (select * from run limit 1);
insert into outcome select r.id, :cell, 1, 'ok', '', '', 'simulated', '[]', 6, 0, 2400 from run r where r.id > :last;
insert into metric select :cell, 'latency_p95_ns', -1, r.id, 1e6 + (r.id * 7919 % 1000) * 20, 9.9e5, 1.03e6, 2400,
  1e6 + (r.id * 7919 % 1000) * 20 from run r where r.id > :last;
"""


def timed(*words):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def lengthen(store):
    """A nightly run of one cell, for eleven years."""
    with sqlite3.connect(store) as db:
        found = {"cell": db.execute("select id from cell where name = 'steady/sim'").fetchone()[0],
                 "last": db.execute("select max(id) from run").fetchone()[0],
                 "more": RECORDS - db.execute("select count(*) from outcome").fetchone()[0]}
        for text in LONG.split(";\n"):
            if text.strip():
                db.execute(text, {name: value for name, value in found.items() if ":" + name in text})


def tell(number, good, words):
    print("%s %d - %s" % ("ok" if good else "not ok", number, words))
    sys.stdout.flush()
    return good


print("1..3")
scratch = tempfile.mkdtemp(prefix="railgauge-timing-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
try:
    store = os.path.join(scratch, "lab.db")
    subprocess.run([WRITE_BUNDLE, os.path.join(scratch, "runs"), str(BUNDLES)], check=True)
    wall, cpu = timed(PROGRAM, "import", os.path.join(scratch, "runs"), "--store", store)
    good = tell(1, wall < 10, "%d bundles imported in %.2f s (%.2f s of processor time)" % (BUNDLES, wall, cpu))
    wall, cpu = timed(PROGRAM, "import", os.path.join(scratch, "runs"), "--store", store)
    good &= tell(2, wall < 10, "and again, all known, in %.2f s" % wall)
    lengthen(store)
    wall = min(timed(PROGRAM, "history", "steady/sim", "--store", store)[0] for _ in range(5))
    good &= tell(3, wall < 0.1, "history of a cell among %d records in %.1f ms" % (RECORDS, 1000 * wall))
finally:
    shutil.rmtree(scratch)
sys.exit(0 if good else 1)
