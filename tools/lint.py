#!/usr/bin/python3
"""Checks the house's rules that a machine can check.

    tools/lint.py [ROOT]

Prints "file:line: rule: what is wrong" for each breach and ends with status 1
if there is one.  ROOT is the tree to look at; its default is this one.  Needs
Python's standard library and clang-format.
"""
import os
import re
import shutil
import subprocess
import sys

LINE_MAX = 100
FILE_MAX = 600
FUNCTION_MAX = 50
PARAMETERS_MAX = 4
NESTING_MAX = 3

C_SUFFIXES = (".c", ".h", ".cc")
CODE_SUFFIXES = C_SUFFIXES + (".sv", ".py", ".sh", ".mk", "Makefile")
TEXT_SUFFIXES = CODE_SUFFIXES + (".def", ".yaml", ".md", ".txt", ".json")

# Who may include whom: the first row whose pattern matches a file's path says
# which paths it may include; {own} is the file's own folder without test/.
# Not in a row: forbidden.
NODE = r"_node(_\w+)?\.[ch]"
NO_NODE = r"models/\w+/(?!\w+_node\.h)"
COSTS = r"(models/\w+|software|sim/machine)/\w+_(costs|features|node)\.(h|def)"
LAYERS = [
    (r"include/", []),
    (r"(tests|bench|examples)/", [r".*"]),
    (r"sim/core/", [r"sim/core/"]),
    (r"sim/engine/", [r"sim/(core|engine)/"]),
    (r"models/\w+/test/.*", [r"{own}/", r"sim/(core|engine)/"]),
    (r"models/\w+/\w+" + NODE + "$", [r"{own}/", r"sim/(core|engine)/"]),
    (r"models/", [r"{own}/(?!\w+_node\.h)", r"sim/core/"]),
    # software is tested on whole machines
    (r"software/test/", [r"software/", r"models/", r"sim/(core|engine|machine)/"]),
    # a hypervisor's software devices use models as rule books, never nodes
    (r"software/", [r"software/", r"models/cpu/", NO_NODE, r"sim/core/"]),
    (r"sim/scenario/", [r"sim/(scenario|core)/", COSTS]),
    (r"sim/(report|trace|stats)/",
     [r"sim/(core|engine|scenario|report|trace|stats)/"]),
    (r"sim/explore/", [r"sim/(core|engine|explore)/"]),
    # software's protocols around the processor's functions, without time
    (r"sim/protocol/",
     [r"sim/(core|engine|explore|protocol)/", r"models/cpu/(?!cpu_node)"]),
    # a recorded guest runs on the machine's CPU, so that no second one is here
    (r"sim/replay/vapic_cpu\.c$", [r"sim/(core|engine|replay)/", r"models/"]),
    # plays recordings into models, without nodes and their time
    (r"sim/replay/", [r"sim/(core|replay)/", NO_NODE]),
    # machines of its own making, with software of its own
    (r"sim/flows/",
     [r"sim/(core|engine|scenario|machine|report|flows)/", r"models/",
      r"software/"]),
    (r"sim/machine/", [r"sim/(?!sc/|cli/)", r"models/", r"software/"]),
    # the verilated twins act for the nodes
    (r"sim/sc/", [r"sim/(?!cli/)", r"include/", r"models/\w+/\w+_node\.h"]),
    (r"sim/cli/", [r"sim/"]),
]
SYSTEMC = re.compile(r"<(systemc|tlm|sysc/|tlm_core/|tlm_utils/)")
SYSTEMC_HOMES = re.compile(r"(sim/sc|examples)/")
TEST_HOMES = re.compile(r"tests/|.*/test/")
VERILATED_HOMES = re.compile(r"sim/sc/|.*/test/")

# The words are taken apart so that this file does not contain them.
WORDS = re.compile(r"\b(" + "|".join(["TO" "DO", "FIX" "ME", "X" "XX",
                                      "HA" "CK"]) + r")\b")
CHANCE = re.compile(r"(?<![\w.>])(s?rand|rand_r|random|time)\s*\(|"
                    r"\brandom_device\b")
MACHINE = re.compile(r"(?<![\w.])/{1,2}(?:work|home|root|Users)/\w|"
                     r"https?://(?:deb|registry|security|ftp)\.")

CONTROL = re.compile(r"\b(if|for|while|switch|do|else)\b")


class Lint:
    def __init__(self, root):
        self.root = root
        self.breaches = []

    def breach(self, path, line, rule, text):
        self.breaches.append((path, line, rule, text))

    def files(self):
        for folder, folders, names in os.walk(self.root):
            top = folder == self.root
            folders[:] = sorted(f for f in folders if not (
                f in (".git", "__pycache__") or
                (top and f.startswith("build"))))
            for name in sorted(names):
                if name.endswith(TEXT_SUFFIXES):
                    yield os.path.relpath(os.path.join(folder, name),
                                          self.root)

    def run(self):
        c_files = []
        for path in self.files():
            with open(os.path.join(self.root, path),
                      encoding="utf-8") as f:
                text = f.read()
            self.check_text(path, text)
            if path.endswith(C_SUFFIXES):
                c_files.append(path)
                self.check_c(path, text)
        self.check_format(c_files)

    def check_text(self, path, text):
        lines = text.split("\n")
        code = path.endswith(CODE_SUFFIXES)
        if code and len(lines) - 1 > FILE_MAX:
            self.breach(path, FILE_MAX + 1, "file-length",
                        f"{len(lines) - 1} lines; the limit is {FILE_MAX}")
        for number, line in enumerate(lines, 1):
            if code and len(line) > LINE_MAX:
                self.breach(path, number, "line-length",
                            f"{len(line)} columns; the limit is {LINE_MAX}")
            if path.endswith(CODE_SUFFIXES + (".def", ".yaml")):
                for word in WORDS.findall(line):
                    self.breach(path, number, "word", f"{word} in the code")
            for place in MACHINE.findall(line):
                self.breach(path, number, "machine",
                            f"'{place}' is of one machine or host")

    def check_c(self, path, text):
        code = scrubbed(text)
        for number, line in enumerate(code.split("\n"), 1):
            for name in CHANCE.finditer(line):
                self.breach(path, number, "chance",
                            f"{name.group(0).rstrip('( ')}: chance and time "
                            "come from the seed and the engine")
        self.check_includes(path, text, code)
        if path.endswith(".h"):
            self.check_guard(path, text)
        for function in functions(code):
            self.check_function(path, function)

    def check_includes(self, path, text, code):
        blank = code.split("\n")
        for number, line in enumerate(text.split("\n"), 1):
            m = re.match(r'\s*#\s*include\s*(<[^>]+>|"[^"]+")', line)
            if not m or not blank[number - 1].strip():
                continue  # an include inside a comment
            what = m.group(1)
            if what[0] == "<":
                if SYSTEMC.match(what) and not SYSTEMC_HOMES.match(path):
                    self.breach(path, number, "layer",
                                f"only sim/sc includes {what}")
                continue
            self.check_own_include(path, number, what.strip('"'))

    def check_own_include(self, path, number, what):
        if what.startswith("V") and VERILATED_HOMES.match(path):
            return  # a verilated header
        if not os.path.isfile(os.path.join(self.root, what)):
            self.breach(path, number, "include-path",
                        f"'{what}' is no file from the root")
            return
        if what.startswith("tests/") and TEST_HOMES.match(path):
            return
        own = re.sub(r"/test$", "", os.path.dirname(path))
        for pattern, allowed in LAYERS:
            if not re.match(pattern, path):
                continue
            if not any(re.match(a.replace("{own}", own), what)
                       for a in allowed):
                self.breach(path, number, "layer",
                            f"{os.path.dirname(path)} may not include "
                            f"{what}")
            return
        self.breach(path, number, "layer",
                    f"tools/lint.py does not know the layer of {path}")

    def check_guard(self, path, text):
        want = re.sub(r"\W", "_", path).upper()
        m = re.search(r"^#ifndef (\w+)\n#define (\w+)$", text, re.M)
        names = (want, want.replace("INCLUDE_", "", 1))
        if not m or m.group(1) != m.group(2) or m.group(1) not in names:
            number = text.count("\n", 0, m.start()) + 1 if m else 1
            self.breach(path, number, "guard", f"the guard must be {want}")

    def check_function(self, path, function):
        line, signature, body = function
        if len(body) > FUNCTION_MAX:
            self.breach(path, line, "function-length",
                        f"{len(body)} lines; the limit is {FUNCTION_MAX}")
        count = parameters(signature)
        if count > PARAMETERS_MAX:
            self.breach(path, line, "parameters",
                        f"{count} parameters; the limit is {PARAMETERS_MAX}")
        depth = 0
        for number, text in enumerate(body, line + 1):
            depth -= text.count("}")
            depth += text.count("{")
            if (depth > NESTING_MAX and text.rstrip().endswith("{")
                    and CONTROL.search(text)):
                self.breach(path, number, "nesting",
                            f"level {depth}; the limit is {NESTING_MAX}")

    def check_format(self, paths):
        program = shutil.which("clang-format")
        if not program:
            self.breach("tools/packages.txt", 1, "format",
                        "clang-format is not installed")
            return
        if not paths:
            return
        done = subprocess.run(
            [program, "--dry-run", "-Werror", "--ferror-limit=1"] + paths,
            cwd=self.root, stderr=subprocess.PIPE, text=True, check=False)
        for m in re.finditer(r"^([^:\n]+):(\d+):\d+: error: (.*)$",
                             done.stderr, re.M):
            self.breach(m.group(1), int(m.group(2)), "format",
                        "run make format")
        if done.returncode and not self.has("format"):
            self.breach("tools/lint.py", 1, "format", done.stderr.strip())

    def has(self, rule):
        return any(b[2] == rule for b in self.breaches)


def scrubbed(text):
    """The text with comments and the insides of literals blanked out."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|' r"'(?:\\.|[^'\\\n])*'",
        re.S)

    def blank(m):
        s = m.group(0)
        if s[0] in "\"'":
            return s[0] + " " * (len(s) - 2) + s[0]
        return re.sub(r"[^\n]", " ", s)
    return token.sub(blank, text)


def functions(code):
    """(line of the brace, signature, body lines) of each function.

    Relies on clang-format: the brace of a function stands on a line of its
    own and its end has the same indentation."""
    lines = code.split("\n")
    for start, line in enumerate(lines):
        if line.strip() != "{":
            continue
        signature = signature_above(lines, start)
        if "(" not in signature or signature.endswith("="):
            continue
        end = start + 1
        while end < len(lines) and lines[end].rstrip() != line.replace(
                "{", "}").rstrip():
            end += 1
        yield start + 1, signature, lines[start + 1:end]


def signature_above(lines, start):
    """The text between the last end of something and the brace."""
    parts = []
    for line in reversed(lines[:start]):
        text = line.strip()
        if not text or text.endswith((";", "}", "{", "\\")) or text[0] == "#":
            break
        parts.append(text)
    return " ".join(reversed(parts))


def parameters(signature):
    """How many parameters a function's signature has; '...' is none."""
    signature = re.sub(r"__attribute__\s*\(\(.*?\)\)\)?", "", signature)
    opening = signature.find("(")
    depth, count, current = 0, 0, ""
    for c in signature[opening:]:
        if c in "([{<":
            depth += 1
            if depth == 1:
                continue
        if c in ")]}>":
            depth -= 1
        if depth == 0 or (c == "," and depth == 1):
            count += current.strip() not in ("", "void", "...")
            current = ""
            if depth == 0:
                break
        else:
            current += c
    return count


def main():
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    lint = Lint(sys.argv[1] if len(sys.argv) > 1 else here)
    lint.run()
    for path, line, rule, text in sorted(set(lint.breaches)):
        print(f"{path}:{line}: {rule}: {text}")
    return 1 if lint.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
