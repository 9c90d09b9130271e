#!/usr/bin/env python3
"""The house, checked: include direction, exported prefix, headers that compile alone, layout of the text.

Prints TAP. Usage: check.py SOURCE_DIR LIBRARY CC [CFLAGS...]
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

source, library, cc = sys.argv[1:4]
cflags = sys.argv[4:]
hub = ["core", "iface", "run", "result", "cmd"]
spokes = ["kernels", "models", "targets", "power"]


def files(*endings):
    for top in ["bench"] + spokes + ["tests"]:
        for folder, _, names in os.walk(os.path.join(source, top)):
            for name in sorted(names):
                if name.endswith(endings):
                    yield os.path.relpath(os.path.join(folder, name), source)


def text(path):
    with open(os.path.join(source, path), encoding="utf-8") as f:
        return f.read()


def may_include(path, header):
    """True when a file at `path` may include "header" (a path from the source root)."""
    parts, to = path.split("/"), header.split("/")
    if to[0] == "rg_config.h" or header.startswith("registry_") or len(to) == 1:
        return True
    if parts[0] == "tests":
        return True
    if parts[0] == "bench":
        return to[0] == "bench" and hub.index(to[1]) <= hub.index(parts[1])
    if to[0] == "bench":
        return to[1] in ("core", "iface")
    return to[0] == parts[0]


def include_direction():
    for path in files(".c", ".h"):
        for header in re.findall(r'^\s*#\s*include\s+"([^"]+)"', text(path), re.M):
            if not may_include(path, header):
                yield f"{path} includes {header}"


def exported_prefix():
    table = subprocess.run(["nm", "-g", "--defined-only", library], capture_output=True, text=True, check=True)
    seen = 0
    for line in table.stdout.splitlines():
        fields = line.split()
        if len(fields) != 3 or fields[1] not in "TDBRVWC":
            continue
        seen += 1
        if not fields[2].startswith(("rg_", "__asan", "__odr_asan", "__ubsan", "__tsan", "__gcov", "__emutls")):
            yield f"{fields[2]} is exported without the prefix rg_"
    if seen < 50:
        yield f"only {seen} symbols found in {library}: the check looked at the wrong thing"


def in_batches(command, paths):
    """Runs the command over the paths, a share for each of two at a time; yields (succeeded, what it said)."""
    shares = [paths[i::4] for i in range(4)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for done in pool.map(lambda share: subprocess.run(command + share, capture_output=True, text=True), filter(None, shares)):
            yield done.returncode == 0, done


def first_message_of_each(said, ones):
    """(file, line) of the errors, which are told in the file itself or in what it includes."""
    about = None
    for line in said.splitlines():
        named = re.search(r"(?:In file included from |from |^)(/[^:]*one\d+\.c)[:,]", line)
        about = named.group(1) if named else about
        if "error:" in line and about in ones:
            yield about, line
            about = None


def headers_alone():
    """Each header in a file of its own, twice; many files to one start of the compiler, the messages told by file."""
    headers = [path for path in files(".h") if not path.startswith("tests/")]
    with tempfile.TemporaryDirectory() as folder:
        ones = {}
        for number, path in enumerate(headers):
            one = os.path.join(folder, f"one{number:03}.c")
            ones[one] = path
            with open(one, "w", encoding="utf-8") as f:
                f.write(f'#include "{path}"\n#include "{path}"\n')
        command = cc.split() + cflags + ["-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-I", source, "-fsyntax-only"]
        for good, said in in_batches(command, list(ones)):
            blamed = {ones[one]: line for one, line in first_message_of_each(said.stderr, ones)}
            for path, line in blamed.items():
                yield f"{path} does not compile alone: {line}"
            if not good and not blamed:
                yield f"a header does not compile alone: {said.stderr[:300]}"


def layout():
    for path in files(".c", ".h", ".py"):
        body = text(path)
        if not body.endswith("\n"):
            yield f"{path}: no newline at the end"
        for number, line in enumerate(body.splitlines(), 1):
            if line != line.rstrip() or "\t" in line:
                yield f"{path}:{number}: tab or trailing space"
        if path.endswith((".c", ".h")) and not body.startswith("/*"):
            yield f"{path}: no opening comment that tells its duty"


def formatting():
    tool = shutil.which("clang-format")
    if not tool or "version 14." not in subprocess.run([tool, "--version"], capture_output=True, text=True).stdout:
        raise LookupError("clang-format 14 is not installed")
    paths = [os.path.join(source, path) for path in files(".c", ".h")]
    for good, said in in_batches([tool, "--dry-run", "-Werror"], paths):
        blamed = sorted(set(re.findall(r"^(.*?):\d+:\d+: error:", said.stderr, re.M)))
        for path in blamed:
            yield f"{os.path.relpath(path, source)}: run clang-format -i {os.path.relpath(path, source)}"
        if not good and not blamed:
            yield f"clang-format failed: {said.stderr[:300]}"


def registered_once():
    """A file that nothing builds is dead; a file in two lists is built twice."""
    lists = " ".join(text(os.path.join(top, "meson.build")) for top in ["bench"] + spokes)
    lists += text("meson.build")
    for path in files(".c"):
        if path.startswith("tests/"):
            continue
        stem = re.sub(r"_(reader|writer)$", "", os.path.basename(path)[:-2])
        if f"'{stem}'" not in lists and f"{stem}.c'" not in lists and f"/{os.path.basename(path)}'" not in lists:
            if os.path.basename(path)[:-2] not in lists:
                yield f"{path} is in no meson.build"


checks = [include_direction, exported_prefix, headers_alone, layout, formatting, registered_once]
print(f"1..{len(checks)}")
failed = 0
for number, check in enumerate(checks, 1):
    name = check.__name__.replace("_", " ")
    try:
        problems = list(check())
    except LookupError as reason:
        print(f"ok {number} - {name} # SKIP {reason}")
        continue
    print(f"{'not ok' if problems else 'ok'} {number} - {name}")
    for problem in problems:
        print(f"# {problem}")
    failed += bool(problems)
sys.exit(1 if failed else 0)
