"""Test double of instruments that speak SCPI over TCP: prints the port it listens on, then serves.

    scpi_meter.py LIKE [--over-after N] [--silent-after N] [--drop-after N [--away SECONDS]] [--deaf]

LIKE: yokogawa, keysight (supply of two channels), dmm (current only), rs, unknown. All show 5 V and 0.5 A (channel 1 of rs: 12 V).
A second connection is not listened to while one is open. The faults begin with the N-th reading: over-range, no answer any
more, or the connection closed (and for SECONDS no new one taken).
"""
import argparse
import socket
import sys
import time

options = argparse.ArgumentParser()
options.add_argument("like")
options.add_argument("--over-after", type=int, default=10 ** 9)
options.add_argument("--silent-after", type=int, default=10 ** 9)
options.add_argument("--drop-after", type=int, default=10 ** 9)
options.add_argument("--away", type=float, default=1.0)
options.add_argument("--deaf", action="store_true", help="takes connections and answers nothing at all")
options = options.parse_args()

IDENTITY = {
    "yokogawa": "YOKOGAWA,WT310E,C2QH12345E,F1.03",
    "keysight": "Keysight Technologies,E36312A,MY00000001,2.1.0-1.0.4",
    "dmm": "Keysight Technologies,34465A,MY00000002,A.03.02",
    "rs": "Rohde&Schwarz,NGM202,3638.4472k03/000001,03.068",
    "unknown": "ACME,Wattmaster 3000,1,0",
}
readings = 0


def reading(text):
    global readings
    readings += 1
    return "+9.91000000E+37" if readings > options.over_after else text


def answer(query, state):
    """The instrument's answer, None to a command, or for what it does not know."""
    query = query.upper()
    if query == "*IDN?":
        return IDENTITY[options.like]
    if options.like == "yokogawa":
        if query.startswith(":NUMERIC:NORMAL:ITEM"):
            state["items"] = state.get("items", 0) + 1
        if query == ":NUMERIC:NORMAL:VALUE?":
            power = reading("2.5000E+00")
            return "5.0000E+00,0.5000E+00," + ("NAN" if "9.91" in power else power) if state.get("items") == 3 else "1,2,3"
        return {":RATE?": "100.0E-03", ":INPUT:VOLTAGE:RANGE?": "15.0E+00", ":INPUT:CURRENT:RANGE?": "1.0E+00"}.get(query)
    if options.like == "dmm":
        return reading("+5.00000000E-01") if query == "READ?" and state.get("conf") else None
    suffix = {"keysight": " (@2)"}.get(options.like, "")
    if options.like == "rs" and not state.get("channel"):
        return None
    if options.like == "rs" and query == "MEAS:VOLT?" and state["channel"] == "1":
        return "+12.0000E+00"
    return {"MEAS:VOLT?" + suffix: "+5.00000E+00", "MEAS:CURR?" + suffix: None}.get(query) or (
        reading("+5.00000E-01") if query == "MEAS:CURR?" + suffix else None)


def serve(connection):
    state = {}
    for line in connection.makefile("r", newline="\n"):
        line = line.strip()
        if line.startswith("INST:NSEL "):
            state["channel"] = line.split()[1]
        state["conf"] = state.get("conf") or line == "CONF:CURR:DC"
        said = None if options.deaf or readings >= options.silent_after else answer(line, state)
        if said is not None:
            connection.sendall(said.encode() + b"\n")
        if readings >= options.drop_after:
            return True
    return False


server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
print(port, flush=True)
while True:
    try:
        connection, _ = server.accept()
        with connection:
            dropped = serve(connection)
    except ConnectionError:
        continue
    if dropped:
        server.close()
        options.drop_after = 10 ** 9
        time.sleep(options.away)
        server = socket.create_server(("127.0.0.1", port))
