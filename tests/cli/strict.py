"""Strict readers of the forms that railgauge writes, by the rules that their consumers publish. Each
raises ValueError for what it does not allow and gives back what a test wants to count."""
import json
import re
import xml.etree.ElementTree as xml


def need(right, *seen):
    if not right:
        raise ValueError(" ".join(str(part) for part in seen) or "rule broken")


def keys(thing, allowed, required=()):
    need(isinstance(thing, dict), "no object:", thing)
    need(set(thing) <= set(allowed) | set(required), "unknown members", sorted(set(thing) - set(allowed)))
    need(set(required) <= set(thing), "lacks", sorted(set(required) - set(thing)))


# --- JUnit: the elements and attributes of the schema of Jenkins' xUnit plugin ---------------------
JUNIT = {
    "testsuites": ({"name", "time", "tests", "failures", "disabled", "errors", "skipped"}, set(),
                   {"testsuite"}),
    "testsuite": ({"tests", "failures", "errors", "time", "disabled", "skipped", "timestamp", "hostname",
                   "id", "package", "name"}, {"name", "tests"},
                  {"properties", "testcase", "system-out", "system-err"}),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, {"name"}, set()),
    "testcase": ({"name", "assertions", "time", "classname", "status"}, {"name", "classname"},
                 {"skipped", "error", "failure", "system-out", "system-err"}),
    "failure": ({"type", "message"}, {"message"}, set()),
    "error": ({"type", "message"}, {"message"}, set()),
    "skipped": ({"type", "message"}, {"message"}, set()),
    "system-out": (set(), set(), set()),
}
JUNIT_VALUES = {"time": r"\d+(\.\d{1,3})?", "tests": r"\d+", "failures": r"\d+", "errors": r"\d+",
                "skipped": r"\d+", "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"}


def junit_element(element):
    need(element.tag in JUNIT, "no element", element.tag)
    attributes, required, children = JUNIT[element.tag]
    need(set(element.attrib) <= attributes, element.tag, element.attrib)
    need(required <= set(element.attrib), element.tag, "lacks an attribute", element.attrib)
    for name, value in element.attrib.items():
        need(re.fullmatch(JUNIT_VALUES.get(name, r"(?s).*"), value), element.tag, name, value)
    if children:
        need(not (element.text or "").strip(), "text in", element.tag)
    for child in element:
        need(child.tag in children, child.tag, "in", element.tag)
        need(not (child.tail or "").strip(), "text after", child.tag)
        junit_element(child)


def junit(data):
    """{"": passed, "failure": ..., "error": ..., "skipped": ...}"""
    root = xml.fromstring(data)
    need(root.tag == "testsuites" and len(root) == 1, root.tag)
    junit_element(root)
    seen = {"": 0, "failure": 0, "error": 0, "skipped": 0}
    for case in root.iter("testcase"):
        kinds = [child.tag for child in case if child.tag in seen]
        need(len(kinds) <= 1, kinds)
        seen[kinds[0] if kinds else ""] += 1
    for owner in (root, root[0]):
        times = sum(float(case.get("time")) for case in root.iter("testcase"))
        need(abs(float(owner.get("time")) - times) <= 0.001 * (1 + len(root[0])), "time", owner.get("time"), times)
        need(int(owner.get("tests")) == sum(seen.values()), owner.attrib)
        for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            need(int(owner.get(name)) == seen[tag], name, owner.attrib)
    return seen


# --- CSV: RFC 4180, read by its grammar ---------------------------------------------------------
def csv(data):
    """Rows as dictionaries."""
    text = data.decode("utf-8")
    need(text.endswith("\r\n"), "the last record has no line end")
    rows, row, at = [], [], 0
    while at < len(text):
        if text[at] == '"':
            match = re.compile(r'"((?:[^"]|"")*)"').match(text, at)
            need(match, "open quote at", at)
            row.append(match.group(1).replace('""', '"'))
        else:
            match = re.compile(r'[^",\r\n]*').match(text, at)
            row.append(match.group(0))
        at = match.end()
        if text.startswith("\r\n", at):
            rows.append(row)
            row, at = [], at + 2
        else:
            need(text[at:at + 1] == ",", "at", at, repr(text[at:at + 20]))
            at += 1
    need(all(len(one) == len(rows[0]) for one in rows), "records of different length")
    need(len(set(rows[0])) == len(rows[0]), "columns named alike")
    return [dict(zip(rows[0], one)) for one in rows[1:]]


# --- GitHub workflow commands --------------------------------------------------------------------
def github(data):
    """(command, properties, message) of each line; at most ten errors and ten warnings."""
    lines = data.decode("utf-8").split("\n")
    need(lines.pop() == "", "no final line end")
    seen = []
    unescape = lambda word: re.sub("%(25|0D|0A|3A|2C)", lambda m: chr(int(m.group(1), 16)), word)
    for line in lines:
        match = re.fullmatch(r"::(error|warning|notice) ((?:[a-zA-Z]+=[^:,\r\n]*,?)+)::([^\r\n]+)", line)
        need(match, line)
        properties = dict(part.split("=", 1) for part in match.group(2).split(","))
        keys(properties, {"file", "line", "endLine", "col", "endColumn", "title"})
        need(properties.get("line", "1").isdigit() and int(properties.get("line", 1)) > 0, line)
        for word in (match.group(3), *properties.values()):
            need(not re.search("%(?!25|0D|0A|3A|2C)", word), "a bare %:", line)
        seen.append((match.group(1), {k: unescape(v) for k, v in properties.items()},
                     unescape(match.group(3))))
    for command in ("error", "warning"):
        need(sum(one[0] == command for one in seen) <= 10, "more than ten of", command)
    return seen


# --- TAP version 14 ------------------------------------------------------------------------------
def tap(data):
    """(ok, description, directive or "", diagnostics) of each point."""
    lines = data.decode("utf-8").split("\n")
    need(lines.pop() == "" and lines[0] == "TAP version 14", lines[0])
    plan = re.fullmatch(r"1\.\.(\d+)", lines[1])
    need(plan, lines[1])
    points, at = [], 2
    while at < len(lines):
        if lines[at].startswith("#"):
            at += 1
            continue
        match = re.fullmatch(r"(not )?ok (\d+) - ((?:[^#\\]|\\[#\\])*?)(?: # (SKIP|TODO)( .*)?)?", lines[at])
        need(match, lines[at])
        need(int(match.group(2)) == len(points) + 1, "out of order", lines[at])
        at += 1
        block = {}
        if at < len(lines) and lines[at] == "  ---":
            end = lines.index("  ...", at)
            for line in lines[at + 1:end]:
                pair = re.fullmatch(r"  ([a-z_0-9]+): (.*)", line)
                need(pair and pair.group(1) not in block, line)
                block[pair.group(1)] = json.loads(pair.group(2))
            at = end + 1
        points.append((not match.group(1), match.group(3), match.group(4) or "", block))
    need(len(points) == int(plan.group(1)), "plan", plan.group(0), "but", len(points))
    return points


# --- GitLab code quality -------------------------------------------------------------------------
def codequality(data):
    issues = json.loads(data)
    need(isinstance(issues, list), "no list")
    for issue in issues:
        keys(issue, (), ("description", "check_name", "fingerprint", "severity", "location"))
        need(issue["severity"] in ("info", "minor", "major", "critical", "blocker"), issue)
        keys(issue["location"], (), ("path", "lines"))
        need(not issue["location"]["path"].startswith("./"), issue)
        need(issue["location"]["lines"]["begin"] >= 1, issue)
        need(all(isinstance(issue[k], str) and issue[k] for k in ("description", "check_name")), issue)
    prints = [issue["fingerprint"] for issue in issues]
    need(len(set(prints)) == len(prints), "fingerprints alike")
    return issues


# --- SARIF 2.1.0: the members of the schema's objects that are used ----------------------------------
def sarif(data):
    document = json.loads(data)
    keys(document, {"$schema"}, {"version", "runs"})
    need(document["version"] == "2.1.0" and len(document["runs"]) == 1)
    run = document["runs"][0]
    keys(run, {"invocations", "results", "automationDetails"}, {"tool"})
    keys(run["tool"], {"extensions"}, {"driver"})
    driver = run["tool"]["driver"]
    keys(driver, {"version", "rules", "informationUri"}, {"name"})
    for rule in driver["rules"]:
        keys(rule, {"name", "fullDescription", "help"}, {"id", "shortDescription"})
        need(rule["shortDescription"]["text"], rule)
    need(len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"]), "rules alike")
    for invocation in run["invocations"]:
        keys(invocation, {"exitCode", "exitCodeDescription"}, {"executionSuccessful"})
    need(len(run["results"]) <= 5000, "more than GitHub keeps")
    for result in run["results"]:
        keys(result, {"kind"}, {"ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"})
        need(driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"], result)
        need(result["level"] in ("none", "note", "warning", "error") and result["message"]["text"], result)
        place = result["locations"][0]
        keys(place, {"logicalLocations"}, {"physicalLocation"})
        keys(place["physicalLocation"], (), {"artifactLocation", "region"})
        need(re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2}|^file:)+",
                          place["physicalLocation"]["artifactLocation"]["uri"]), place)
        need(place["physicalLocation"]["region"]["startLine"] >= 1, place)
        need(all(isinstance(v, str) and v for v in result["partialFingerprints"].values()), result)
    return run["results"]


# --- OpenMetrics 1.0 ------------------------------------------------------------------------------
def openmetrics(data):
    """{(name, ((label, value), ...)): number}"""
    text = data.decode("utf-8")
    need(text.endswith("# EOF\n") and text.count("# EOF") == 1, "no # EOF at the end")
    samples, families, family, begun = {}, {}, None, False
    for line in text[:-len("\n# EOF\n")].split("\n"):
        meta = re.fullmatch(r"# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)", line)
        if meta:
            kind, name, rest = meta.groups()
            if name != family:
                need(name not in families, "family twice:", name)
                family, begun, families[name] = name, False, set()
            need(not begun and kind not in families[name], "out of place:", line)
            families[name].add(kind)
            need(kind != "TYPE" or rest in ("gauge", "counter", "info", "unknown"), line)
            need(kind != "UNIT" or name.endswith("_" + rest), "no unit at the end:", line)
            continue
        one = re.fullmatch(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)", line)
        need(one and one.group(1) == family, "no sample of", family, ":", line)
        begun, at, labels, body = True, 0, [], one.group(2) or ""
        while at < len(body):
            pair = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)').match(body, at)
            need(pair, "labels:", line)
            labels.append((pair.group(1), pair.group(2)))
            at = pair.end()
        need(len({name for name, _ in labels}) == len(labels), "label twice:", line)
        need((family, tuple(labels)) not in samples, "sample twice:", line)
        samples[family, tuple(labels)] = float(one.group(3))
    return samples


# --- Markdown: the table, and what a step summary takes ---------------------------------------------
def markdown(data):
    """Rows of the table."""
    need(len(data) <= 1 << 20, "more than 1 MiB")
    rows = [line for line in data.decode("utf-8").split("\n") if line.startswith("|")]
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in rows}
    need(len(widths) <= 1, "rows of different width", widths)
    need(not any(re.search(r"(?<!\\)[<>]", line) for line in rows), "markup in a row")
    return rows[2:]


# --- result.json -------------------------------------------------------------------------------------
TEXTS = ("cell name workload backend device provenance metric label unit better verdict method note "
         "flags_baseline flags_candidate context_baseline context_candidate").split()
REALS = ("baseline baseline_low baseline_high candidate candidate_low candidate_high change change_low "
         "change_high tolerance target p_worse p_better q_worse q_better sd_log measured_s").split()
COUNTS = "rounds_baseline rounds_candidate rounds_needed n_baseline n_candidate line".split()
SIDE = "path scenario scenario_path plan created program machine serial manifest_sha256 finished".split()
VERDICTS = "pass regressed improved inconclusive missing error invalid not-comparable skipped".split()


def result(data):
    document = json.loads(data)
    need(document["kind"] == "railgauge-gate" and document["schema"] == 1)
    for side in ("baseline", "candidate"):
        keys(document[side], (), SIDE)
    for row in document["tests"]:
        need(set(TEXTS + REALS + COUNTS) <= set(row), "lacks", set(TEXTS + REALS + COUNTS) - set(row))
        need(all(isinstance(row[k], str) for k in TEXTS), row)
        need(all(row[k] is None or isinstance(row[k], (int, float)) for k in REALS), row)
        need(all(isinstance(row[k], int) and row[k] >= 0 for k in COUNTS), row)
        need(row["verdict"] in VERDICTS, row["verdict"])
        need(row["better"] in ("lower", "higher", "none") or not row["metric"], row)
    for verdict in VERDICTS:
        need(document["counts"][verdict] == sum(r["verdict"] == verdict for r in document["tests"]), verdict)
    return document
