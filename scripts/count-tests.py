#!/usr/bin/env python3
"""Adds up meson's JUnit files: count-tests.py FAILED FILE... prints one closing line and fails if any test did.

FAILED is 1 when a run went wrong in a way that the files may not show (a crash, a build that broke).
"""
import os
import sys
import xml.etree.ElementTree as tree


def reason_of(case):
    """Why a test was skipped: meson hands it on as the test's output, for a whole program as its TAP."""
    said = case.find("skipped").get("message") or case.findtext("system-out") or ""
    words = said.split("# SKIP", 1)[-1].strip().splitlines()
    return f"({words[0][:160]})" if words else ""


passed = failed = skipped = 0
names = []
for path in sys.argv[2:]:
    part = os.path.splitext(os.path.basename(path))[0]
    for case in tree.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
            names.append(f"{part}: {case.get('name')}")
        elif case.find("skipped") is not None:
            skipped += 1
            print(f"skipped: {part}: {case.get('name')} {reason_of(case)}".rstrip())
        else:
            passed += 1
for name in names:
    print(f"failed: {name}")
if sys.argv[1] != "0" and failed == 0:
    failed = 1
    print("failed: a test run ended badly without naming a test; see above")
if passed == 0 and failed == 0:
    failed = 1
    print("failed: no test was run")
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed else 0)
