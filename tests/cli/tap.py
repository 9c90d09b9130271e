"""A test program in TAP: functions named test_* are the tests, their names the sentences. A test
fails by an exception and is skipped by Skip(reason).
"""
import os
import sys
import tempfile
import traceback

# Work folders in memory where that can be: many small bundles, each synced to the disk, wait on a busy one.
if "TMPDIR" not in os.environ and os.access("/dev/shm", os.W_OK | os.X_OK):
    tempfile.tempdir = "/dev/shm"


class Skip(Exception):
    pass


def run(tests):
    """Runs (name, function) pairs of a module's globals; the exit code."""
    chosen = [(name, test) for name, test in tests.items()
              if name.startswith("test_") and callable(test)]
    print("1..%d" % len(chosen))
    failed = 0
    for number, (name, test) in enumerate(chosen, 1):
        words = name[len("test_"):].replace("_", " ")
        try:
            test()
            print("ok %d - %s" % (number, words))
        except Skip as reason:
            print("ok %d - %s # SKIP %s" % (number, words, reason))
        except Exception:
            failed += 1
            print("not ok %d - %s" % (number, words))
            for line in traceback.format_exc().splitlines():
                print("# " + line)
        sys.stdout.flush()
    return 1 if failed else 0
