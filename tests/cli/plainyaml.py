"""A strict reader of the part of YAML that CI files of ours use: block mappings and lists, flow lists,
plain and quoted words, literal (|) and folded (>-) texts. Everything else is an error, tabs and
repeated keys too. All scalars are text.
"""
import re


class Lines:
    def __init__(self, text):
        if "\t" in text:
            raise ValueError("a tab")
        self.raw = text.split("\n")
        self.at = 0

    def peek(self):
        """(indent, text) of the next line that says something; None at the end."""
        while self.at < len(self.raw):
            line = self.raw[self.at]
            if line.strip() and not line.lstrip().startswith("#"):
                return len(line) - len(line.lstrip()), line.strip()
            self.at += 1
        return None


def scalar(word):
    if word.startswith("["):
        if not word.endswith("]") or "[" in word[1:]:
            raise ValueError("list: " + word)
        return [scalar(part.strip()) for part in word[1:-1].split(",")]
    if word[:1] in "'\"":
        if len(word) < 2 or word[-1] != word[0] or word[0] in word[1:-1] or "\\" in word:
            raise ValueError("quotes: " + word)
        return word[1:-1]
    if word[:1] in "{}&*!%@`|>" or ": " in word or " #" in word or word.endswith(":"):
        raise ValueError("write it in quotes: " + word)
    return word


def text_block(lines, indent, folded):
    out = []
    while lines.at < len(lines.raw):
        line = lines.raw[lines.at]
        here = len(line) - len(line.lstrip())
        if line.strip() and here <= indent:
            break
        out.append(line)
        lines.at += 1
    filled = [len(line) - len(line.lstrip()) for line in out if line.strip()]
    out = [line[min(filled):] for line in out]
    while out and not out[-1].strip():
        out.pop()
    return " ".join(out) if folded else "\n".join(out) + "\n"


def value_of(lines, indent, word):
    """What stands behind "key:" or "- "."""
    if word in ("|", ">-"):
        return text_block(lines, indent, word == ">-")
    if word:
        return scalar(word)
    following = lines.peek()
    if following is None or following[0] < indent or (following[0] == indent and not following[1].startswith("- ")):
        raise ValueError("a key without a value")
    return block(lines, following[0])


def mapping(lines, indent, into, text):
    match = re.fullmatch(r"([A-Za-z_][\w.-]*):(?: (.*))?", text)
    if not match:
        raise ValueError("no key: " + text)
    if match.group(1) in into:
        raise ValueError("key twice: " + match.group(1))
    into[match.group(1)] = value_of(lines, indent, (match.group(2) or "").strip())


def block(lines, indent):
    result = None
    while True:
        following = lines.peek()
        if following is None or following[0] < indent:
            return result
        if following[0] > indent:
            raise ValueError("indented by %d: %s" % following)
        text = following[1]
        if text.startswith("- ") != isinstance(result, list) and result is not None:
            return result
        lines.at += 1
        if not text.startswith("- "):
            result = {} if result is None else result
            mapping(lines, indent, result, text)
            continue
        result = [] if result is None else result
        if not re.match(r"[A-Za-z_][\w.-]*:( |$)", text[2:]):
            result.append(value_of(lines, indent, text[2:].strip()))
            continue
        item = {}
        mapping(lines, indent + 2, item, text[2:])
        rest = lines.peek()
        if rest is not None and rest[0] == indent + 2:
            more = block(lines, indent + 2)
            if set(more) & set(item):
                raise ValueError("key twice")
            item.update(more)
        result.append(item)


def read(text):
    lines = Lines(text)
    result = block(lines, 0)
    if lines.peek() is not None:
        raise ValueError("left over: %s" % lines.peek()[1])
    return result
