#!/usr/bin/env python3
"""A double of a program behind the target `pipe`: it does what it is told to, right or wrong.

    pipe_program.py MODE [AT]      MODE is a key of `modes` or "good"; AT: at which inference, from 1
"""
import os
import signal
import sys
import time

source, sink = sys.stdin.buffer, sys.stdout.buffer
mode = sys.argv[1] if len(sys.argv) > 1 else "good"
at = int(sys.argv[2]) if len(sys.argv) > 2 else 1
size, done, lines_seen = 0, 0, []


def write(data):
    sink.write(data if isinstance(data, bytes) else data.encode())
    sink.flush()


def hello():
    if mode == "ends":
        print("no licence for this machine", file=sys.stderr)
        sys.exit(3)
    first = {"version": "railgauge-pipe 2", "foreign": "usage: some other tool"}.get(mode, "railgauge-pipe 1")
    if mode == "long-line":
        write("x" * 5000 + "\n")
    if mode == "nul":
        write(b"railgauge\0pipe\n")
    if mode == "late":
        time.sleep(60)
    can = "can echo placement reset set other-word\n" if mode != "plain" else ""
    extra = {"fact-key": "fact Bad.Key x\n", "endless": "can echo\n" * 300}.get(mode, "")
    write(f"{first}\nfact runtime double of a program\nfact version 7.1\nfact device none\n{can}{extra}ok\n")


def tensors(n, path):
    if mode == "refuses":
        return "error unsupported the operator FOO | convert the model\n"
    if mode == "strange-error":
        return "error never-heard no words of advice\n"
    if mode == "other-size":
        n //= 2
    if mode == "lies":
        return f"input int8 {n} {n + 1} data\nok\n"
    if mode == "no-output":
        return f"input int8 {n} {n} data\nok\n"
    memory = "memory weights 4096\nmemory device 65536\n"
    return f"input int8 {n} {n} data\noutput int8 {n} {n} data\n{memory}ok\n"


def infer(data):
    global done
    done += 1
    if done == at:
        if mode == "crashes":
            os.kill(os.getpid(), signal.SIGSEGV)
        if mode == "exits":
            sys.exit(0)
        if mode == "hangs":
            time.sleep(60)
        if mode == "rubbish":
            write("Inference took 3 ms\n")
        if mode == "short":
            write(b"done %d\n" % (size - 1) + bytes(size - 1))
        if mode == "huge":
            write(b"done 99999999999999999999\n")
        if mode == "cut":
            write(b"done %d\n" % size + bytes(size - 1))
            sys.exit(5)
        if mode == "says":
            write("error failed the device is too hot | let it cool down\n")
        if mode == "wrong":
            data = bytes(byte ^ 0xff for byte in data)
    stamp = b"" if mode == "plain" else b" 2000000"
    write(b"done %d%s\n" % (len(data), stamp) + data)


while line := source.readline().decode().rstrip("\n"):
    verb, _, rest = line.partition(" ")
    if verb not in ("infer", "echo"):
        lines_seen.append(line)
    if verb == "hello":
        hello()
    elif verb == "set":
        write("ok\n" if rest in ("threads 2", "variant fast") else "error unsupported no such setting\n")
    elif verb == "load":
        size = int(rest.split(":")[1]) if rest.startswith("empty:") else 64
        write(tensors(size, rest))
    elif verb == "placement":
        write("nodes 3 4\nmacs 900 1000\ncrossings 2\nok\n" if mode != "bad-placement" else "nodes 5 4\nok\n")
    elif verb == "reset":
        write("ok\n")
    elif verb == "infer":
        infer(source.read(int(rest)))
    elif verb == "echo":
        data = source.read(int(rest))
        write(b"done %d\n" % len(data) + data)
    elif verb == "close":
        if len(sys.argv) > 3:
            with open(sys.argv[3], "w", encoding="utf-8") as file:
                file.write("\n".join(lines_seen))
        write("ok\n")
        break
