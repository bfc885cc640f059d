"""Every small fault that can be made in one line of a model or of its RTL twin.

Kinds: a comparison turned, or made to hold at its bound as well; a logical, bitwise or
arithmetic operator exchanged; a condition or the arms of a choice negated; a negation
dropped; a constant with one bit flipped or made one larger; an access kind of a register
table exchanged; a statement dropped.  Comments, strings, assertions, includes and
declarations without a value are left alone.
"""
import random
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One line of one file, and what stands there instead."""

    path: str
    number: int  # of the line, from 0
    old: str
    new: str
    nth: int  # of the equal lines of the file, from 1

    @property
    def name(self):
        """What tells it from all others, wherever the line may move."""
        place = self.path + (f"#{self.nth}" if self.nth > 1 else "")
        return f"{place}: {self.old.strip()} => {self.new.strip()}"


EXCHANGES = [(re.compile(pattern), new) for pattern, new in [
    (r" == ", " != "), (r" != ", " == "),
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "),
    (r" && ", " || "), (r" \|\| ", " && "),
    (r" & ", " | "), (r" \| ", " & "), (r" &= ", " |= "), (r" \|= ", " &= "),
    (r" << ", " >> "), (r" >> ", " << "), (r" \+ ", " - "), (r" - ", " + "),
    (r"(?<=[( ])!(?=[a-z(])", ""), (r"(?<=[( ])~(?=[a-z({])", ""),
    (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r"\b1'b0\b", "1'b1"), (r"\b1'b1\b", "1'b0"), (r"(?<= )'0\b", "'1"),
    (r", RO,", ", RW,"), (r", RW,", ", RO,"), (r", WO,", ", RW,"),
]]
HEX = re.compile(r"(?<=\b0x)[0-9a-f]+|(?<='h)[0-9a-f]+\b")
DECIMAL = re.compile(r"(?<![\w'.])[0-9]+(?=u?\b)(?!')|(?<='d)[0-9]+\b")
CONDITION = re.compile(r"\bif \(")
ARM = r"((?:[^?:;,()]|\([^()]*\))+?)"
CHOICE = re.compile(rf" \? {ARM} : {ARM}(?=[;,)]|$)")

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|\"[^\"\n]*\"", re.S)
NOT_CODE = re.compile(r"\s*(#\s*(include|if|el|endif|undef)|assert\(|extern |import |case |$)")
DECLARATION = re.compile(r"\s*(input|output|logic|typedef|function|module|genvar)\b(?!.* = )|"
                         r"\s+\w+ [^=()]*;$")
# What a linter wants to see used, and the size of any member.
UNSEEN = re.compile(r"\bunused_|sizeof \w+\[")
STATEMENT = {
    "c": (re.compile(r"^(\s+)((?!return|else|goto)\*?[\w>.\-\[\]()]+"
                     r"( [-+|&^]?= .*|\+\+|--|(?<=\)));)$"), "(void)0;"),
    "sv": (re.compile(r"^(\s+(?:[\w':, ]+: )?)([\w\[\].:+{}, ]+? <?= [^;]*;)$"), ";"),
}
STATEMENT_BEFORE = re.compile(r"([;{})]|\belse|\bbegin|:)\s*$")
SV_NOT_A_STATEMENT = re.compile(r"\s*(assign|localparam|logic|return|int|for|if|typedef|enum)\b")
SV_NONBLOCKING = re.compile(r"\s*[\w\[\].]+ <= ")


def blanked(text):
    """The text with comments and strings made blank, each character at its place."""
    return COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def closing(line, start):
    """Where the parenthesis at `start` is closed, or None."""
    depth = 0
    for i in range(start, len(line)):
        depth += {"(": 1, ")": -1}.get(line[i], 0)
        if not depth:
            return i
    return None


def flipped(digits, chance):
    value = int(digits, 16)
    bit = chance.randrange(max(4 * len(digits) if value else 1, 1))
    return format(value ^ 1 << bit, f"0{len(digits)}x")


def changes(code, chance):
    """Every (start, end, new text) inside this line."""
    nonblocking = SV_NONBLOCKING.match(code)
    for pattern, new in EXCHANGES:
        for m in pattern.finditer(code):
            if not (nonblocking and m.end() <= nonblocking.end()):
                yield m.start(), m.end(), new
    for m in HEX.finditer(code):
        yield m.start(), m.end(), flipped(m[0], chance)
    for m in DECIMAL.finditer(code):
        yield m.start(), m.end(), str(int(m[0]) + chance.choice((1, -1) if int(m[0]) else (1,)))
    for m in CONDITION.finditer(code):
        end = closing(code, m.end() - 1)
        if end:
            yield m.end(), end, f"!({code[m.end():end]})"
    for m in CHOICE.finditer(code):
        yield m.start(), m.end(), f" ? {m[2]} : {m[1]}"


def dropped(language, line, before):
    """The line without its statement, or None."""
    pattern, nothing = STATEMENT[language]
    m = pattern.match(line)
    if not m or not STATEMENT_BEFORE.search(before):
        return None
    if language == "sv" and SV_NOT_A_STATEMENT.match(line):
        return None
    return m[1] + nothing


def faults_of_line(language, line, code, context):
    """What may stand instead of `line`; `code` is the line without comments,
    `context` the code before it and a stream of chance."""
    before, chance = context
    if NOT_CODE.match(code) or DECLARATION.match(code) or UNSEEN.search(code):
        return []
    found = [line[:start] + new + line[end:] for start, end, new in changes(code, chance)]
    without = dropped(language, code.rstrip(), before)
    return found + [without] if without else found


def faults_of(root, path, seed):
    """The faults of a file, at most one a line, in an order drawn with the seed.
    What is drawn for a line depends on the line alone: other lines may change."""
    language = "sv" if path.endswith(".sv") else "c"
    text = (root / path).read_text(encoding="utf-8")
    before, seen, found = "", {}, []
    for number, (line, code) in enumerate(zip(text.split("\n"), blanked(text).split("\n"))):
        nth = seen[line.strip()] = seen.get(line.strip(), 0) + 1
        chance = random.Random(f"{seed} {path} {nth} {line.strip()}")
        instead = faults_of_line(language, line, code, (before, chance))
        if instead:
            fault = Fault(path, number, line, chance.choice(instead), nth)
            found.append((chance.random(), fault))
        before = code if code.strip() else before
    return [fault for _, fault in sorted(found, key=lambda pair: pair[0])]
