#!/usr/bin/env python3
"""nvpmodel of a scratch machine: stands in TREE/usr/sbin and does to the tree what the real one does to a Jetson
(-m ID). Modes come from TREE/etc/nvpmodel.conf: the mode that is set writes the lines
"FILE VALUE" of its block, PATHs of the tree. A mode named "*_RESTART" asks to restart the machine, and obeys a "yes".
Every call is a line of TREE/nvpmodel.calls."""
import os
import re
import sys

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


def modes():
    found, at = {}, None
    for line in open(TREE + "/etc/nvpmodel.conf", encoding="utf-8"):
        head = re.match(r"< POWER_MODEL ID=(\d+) NAME=(\S+) >", line)
        if head:
            at = found[int(head[1])] = (head[2], [])
        elif at and line.startswith("FILE "):
            at[1].append(line.split()[1:])
    return found


def set_mode(wanted):
    name, settings = modes()[wanted]
    if name.endswith("_RESTART"):
        print("NVPM WARN: Reboot required for changing to this power mode: %d" % wanted)
        print("NVPM WARN: DO YOU WANT TO REBOOT NOW? enter YES/yes to confirm:")
        if sys.stdin.readline().strip().lower() == "yes":
            open(TREE + "/restarted", "w").close()
        return 1
    for path, value in settings:
        with open(TREE + path, "w", encoding="utf-8") as file:
            file.write(value + "\n")
    os.makedirs(TREE + "/var/lib/nvpmodel", exist_ok=True)
    with open(TREE + "/var/lib/nvpmodel/status", "w", encoding="utf-8") as file:
        file.write("pmode:%04d" % wanted)
    return 0


with open(TREE + "/nvpmodel.calls", "a", encoding="utf-8") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\n")
if sys.argv[1] == "-m":
    sys.exit(set_mode(int(sys.argv[2])))
sys.exit(64)
