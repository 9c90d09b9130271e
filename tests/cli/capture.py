"""`railgauge capture-machine`: what it makes of this machine and of recorded ones says what they say, and names nobody.
TAP on stdout.

    capture.py RAILGAUGE SOURCE_DIR
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile

import tap

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
MACHINES = os.path.join(SOURCE, "tests", "machines")


def call(*words, root=None, code=0):
    start = [PROGRAM, "--root", root] if root else [PROGRAM]
    done = subprocess.run(start + list(words), capture_output=True, text=True, timeout=100)
    assert done.returncode == code, (words, done.returncode, done.stderr)
    return done


def present(devices):
    """Devices, of absent ones only that they are: vendors' libraries are not asked about a tree."""
    return [row if row["kind"] == "present" else (row["target"], row["name"], row["kind"]) for row in devices]


def listing(what, root=None):
    return json.loads(call("list", what, "--json", root=root).stdout)


def of_files(rows):
    """Rails that are files; counters of perf and vendor libraries answer on the machine itself only, and say so."""
    return [row for row in rows if row.get("sensor", row["name"]) in ("hwmon", "iio", "powercap", "board")]


def names(folder):
    """Every file and link of a tree, without its top."""
    found = set()
    for where, folders, files in os.walk(folder):
        found |= {os.path.relpath(os.path.join(where, name), folder) for name in files}
        found |= {os.path.relpath(os.path.join(where, name), folder) for name in folders
                  if os.path.islink(os.path.join(where, name))}
    return found


def write(folder, path, text, mode="w"):
    full = folder + path
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, mode) as file:
        file.write(text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def test_this_machine_and_its_tree_have_the_same_rails_and_devices():
    with tempfile.TemporaryDirectory() as work:
        call("capture-machine", "--out", work + "/here")
        assert present(listing("devices")) == present(listing("devices", work + "/here"))
        assert of_files(listing("rails")) == of_files(listing("rails", work + "/here"))
        tree = names(work + "/here")
        assert "proc/cpuinfo" in tree and not any(socket.gethostname() in name for name in tree), sorted(tree)


def test_recorded_machines_survive_being_captured_again():
    with tempfile.TemporaryDirectory() as work:
        for machine in sorted(os.listdir(MACHINES)):
            source = os.path.join(MACHINES, machine)
            if not os.path.isdir(source):
                continue
            call("capture-machine", "--out", os.path.join(work, machine), root=source)
            for what in ("rails", "devices", "state"):
                assert listing(what, source) == listing(what, os.path.join(work, machine)), (machine, what)


def test_a_tar_file_holds_the_same_tree_below_one_folder():
    source = os.path.join(MACHINES, "agx-orin-jp6")
    with tempfile.TemporaryDirectory() as work:
        call("capture-machine", "--out", work + "/tree", root=source)
        call("capture-machine", "--out", work + "/orin.tar", root=source)
        with tarfile.open(work + "/orin.tar") as tar:
            assert {name.split("/")[0] for name in tar.getnames()} == {"orin"}
            tar.extractall(work, **({"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}))
        assert names(work + "/tree") == names(work + "/orin")
        for name in names(work + "/tree"):
            one, other = os.path.join(work, "tree", name), os.path.join(work, "orin", name)
            if os.path.islink(one):
                assert os.readlink(one) == os.readlink(other), name
            else:
                assert read(one) == read(other), name
        assert listing("state", work + "/orin") == listing("state", source)


SECRETS = {"/proc/cpuinfo": "processor\t: 0\nSerial\t\t: 10000000abcdef01\nFeatures\t: asimd\n",
           "/proc/cmdline": "root=PARTUUID=deadbeef-02 smsc95xx.macaddr=B8:27:EB:12:34:56 isolcpus=2-3 ip=10.1.2.3 nosmt quiet\n",
           "/proc/stat": "cpu  1 2 3 4 5 6 7 8\ncpu0 1 2 3 4 5 6 7 8\nintr 99\nbtime 1750000000\n",
           "/proc/sys/kernel/hostname": "secret-lab-7\n", "/etc/machine-id": "0123456789abcdef\n",
           "/proc/device-tree/model": "Board X", "/proc/device-tree/serial-number": "SN4711\0",
           "/sys/class/dmi/id/product_name": "Box\n", "/sys/class/dmi/id/product_serial": "SN4712\n",
           "/sys/class/hwmon/hwmon0/name": "phy_aa:bb:cc:dd:ee:ff\n", "/home/me/notes": "secret\n"}


def owned(work):
    for path, text in SECRETS.items():
        write(work + "/m", path, text)
    return work + "/m"


def test_serial_numbers_addresses_and_names_stay_out_unless_asked_for():
    with tempfile.TemporaryDirectory() as work:
        root = owned(work)
        done = call("capture-machine", "--out", work + "/clean", root=root)
        assert "are not in it" in done.stdout, done.stdout
        whole = {name: read(os.path.join(work, "clean", name)) for name in names(work + "/clean")}
        text = "\n".join(list(whole) + list(whole.values()))
        for secret in ("abcdef", "deadbeef", "B8:27", "10.1.2.3", "secret", "SN47", "aa:bb", "btime"):
            assert secret not in text, (secret, whole)
        assert whole["proc/cmdline"] == "isolcpus=2-3 nosmt\n", whole["proc/cmdline"]
        assert "asimd" in whole["proc/cpuinfo"] and whole["sys/class/dmi/id/product_name"] == "Box\n"
        assert whole["proc/stat"].count("cpu") == 2 and whole["sys/class/hwmon/hwmon0/name"] == "phy_00:00:00:00:00:00\n"
        call("capture-machine", "--with-identity", "--out", work + "/named", root=root)
        assert read(work + "/named/proc/cmdline") == SECRETS["/proc/cmdline"]
        assert "secret-lab-7" in read(work + "/named/proc/sys/kernel/hostname")
        assert "home" not in os.listdir(work + "/named"), "only what the program reads"


def test_what_was_left_out_is_told_with_the_reason():
    with tempfile.TemporaryDirectory() as work:
        root = owned(work)
        write(root, "/etc/nvpmodel.conf", "x" * 200000)
        write(root, "/sys/class/powercap/intel-rapl:0/name", "package-0\n")
        write(root, "/sys/class/powercap/intel-rapl:0/energy_uj", "1\n")
        os.chmod(root + "/sys/class/powercap/intel-rapl:0/energy_uj", 0)
        done = call("capture-machine", "--out", work + "/t", root=root)
        assert "left out: /etc/nvpmodel.conf: larger" in done.stderr, done.stderr
        if os.geteuid() != 0:
            assert "energy_uj: permission denied" in done.stderr, done.stderr
            assert listing("rails", root) == listing("rails", work + "/t"), "the tree is denied too"
        answer = json.loads(call("capture-machine", "--json", "--out", work + "/u", root=root).stdout)
        assert answer["left_out"][0]["path"] == "/etc/nvpmodel.conf" and answer["cleaned"] >= 3, answer


def test_links_that_lead_round_or_away_end():
    with tempfile.TemporaryDirectory() as work:
        root = owned(work)
        os.makedirs(root + "/sys/class/thermal")
        os.symlink("thermal_zone1", root + "/sys/class/thermal/thermal_zone0")
        os.symlink("thermal_zone0", root + "/sys/class/thermal/thermal_zone1")
        os.symlink("/../../../../etc/passwd", root + "/etc/os-release")
        call("capture-machine", "--out", work + "/t", root=root)
        assert not os.path.exists(work + "/t/etc/passwd") and "root:" not in str(names(work + "/t"))


def test_a_path_that_goes_through_a_link_and_up_again_is_found():
    with tempfile.TemporaryDirectory() as work:
        usb = "/sys/devices/usb1/1-2"
        for path, text in (("/idVendor", "1915\n"), ("/idProduct", "c00a\n"), ("/1-2:1.1/tty/ttyACM0/dev", "166:0\n")):
            write(work + "/m", usb + path, text)
        os.makedirs(work + "/m/sys/class/tty")
        os.symlink("../../devices/usb1/1-2/1-2:1.1/tty/ttyACM0", work + "/m/sys/class/tty/ttyACM0")
        os.symlink("../../../1-2:1.1", work + "/m" + usb + "/1-2:1.1/tty/ttyACM0/device")
        call("capture-machine", "--out", work + "/t", root=work + "/m")
        rows = [row for row in listing("rails", work + "/t") if row.get("sensor") == "ppk2"]
        assert len(rows) == 1 and rows == [row for row in listing("rails", work + "/m") if row.get("sensor") == "ppk2"]


def test_nothing_is_written_over_and_nothing_by_halves():
    with tempfile.TemporaryDirectory() as work:
        root = owned(work)
        os.makedirs(work + "/there")
        done = call("capture-machine", "--out", work + "/there", root=root, code=74)
        assert "there already" in done.stderr and os.listdir(work + "/there") == [], done.stderr
        call("capture-machine", "--out", work + "/no/folder.tar", root=root, code=74)
        os.makedirs(work + "/empty")
        done = call("capture-machine", "--out", work + "/x", root=work + "/empty", code=5)
        assert "nothing to capture" in done.stderr and not os.path.exists(work + "/x")
        assert sorted(os.listdir(work)) == ["empty", "m", "there"], os.listdir(work)


def test_the_document_shows_the_table_that_the_program_goes_by():
    rows = json.loads(call("capture-machine", "--list", "--json").stdout)
    document = read(os.path.join(SOURCE, "docs", "machine-state.md"))
    assert len(rows) > 20
    for row in rows:
        assert "`%s`" % row["dir"] in document, row
        for word in row["files"].split():
            assert word in document, (row["dir"], word)


if __name__ == "__main__":
    sys.exit(tap.run(globals()))
