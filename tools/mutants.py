#!/usr/bin/python3
"""Breaks the models one small fault at a time, and reports how many of the
faults the tests catch.

    tools/mutants.py                      200 faults per language, two jobs
    tools/mutants.py --language sv --model pic --count 20 --seed 3

A fault is one change in one line: a comparison turned or made off by one, a
logical or bitwise operator exchanged, a constant with one bit flipped, a
negation dropped.  Places and changes are drawn with a seed.  Each is built in
a copy of the tree; a fault that does not build is not counted.  It is caught
if a test of its model fails or does not end: for C the model's unit tests,
the lock-step with the RTL twin, then all unit tests; for SystemVerilog the
lock-step.  Survivors are listed, with the reason that tools/mutants.txt gives
for them.  Exit status 1 if fewer than 95 % are caught, survivors with a reason
(the fault changes nothing that can be observed) left out.
"""
import argparse
import pathlib
import random
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

ROOT = pathlib.Path(__file__).resolve().parent.parent
REASONS = ROOT / "tools" / "mutants.txt"
SUITES = {
    "lapic": "lapic*:apic*",
    "ioapic": "ioapic*",
    "pic": "pic*:dual*:virtual_wire*",
    "pcie": "pcie*:nic*",
}
TWINS = ("lapic", "ioapic", "pic")
GOAL = 95.0
SECONDS = 120  # what a test may take

EXCHANGES = [
    (r" == ", " != "), (r" != ", " == "),
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "),
    (r" && ", " || "), (r" \|\| ", " && "),
    (r" & ", " | "), (r" \| ", " & "),
    (r" \+ 1\b", " + 2"), (r" - 1\b", " - 2"),
    (r"(?<=[( ])!(?=[a-z(])", ""), (r"(?<=[( ])~(?=[a-z({])", ""),
    (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r"\b1'b0\b", "1'b1"), (r"\b1'b1\b", "1'b0"),
]
CONSTANT = re.compile(r"\b0x[0-9a-f]+\b|(?<='h)[0-9a-f]+\b")


def changes(line):
    """Every (start, end, new text) that makes a fault of this line."""
    for pattern, new in EXCHANGES:
        for m in re.finditer(pattern, line):
            yield m.start(), m.end(), new
    for m in CONSTANT.finditer(line):
        prefix, digits = ("0x", m[0][2:]) if m[0].startswith("0x") else ("", m[0])
        value = int(digits, 16)
        flipped = value ^ (1 << random.Random(line + m[0]).randrange(max(value.bit_length(), 1)))
        yield m.start(), m.end(), prefix + format(flipped, f"0{len(digits)}x")


def is_code(line):
    text = line.strip()
    return bool(text) and not text.startswith(("/*", "*", "//", "#", "assert"))


def places(language, models):
    """Every fault that can be made: (model, file, line number, change)."""
    for model in models:
        folder = ROOT / "models" / model
        files = sorted(folder.glob("rtl/*.sv") if language == "sv" else folder.glob("*.c"))
        for path in files:
            for number, line in enumerate(path.read_text().split("\n")):
                code = re.split(r"//|/\*", line)[0]
                if is_code(line):
                    for change in changes(code):
                        yield model, path.relative_to(ROOT), number, change


class Tree:
    """A copy of the tree with a build of its own."""

    def __init__(self, path):
        self.path = path
        shutil.rmtree(path, ignore_errors=True)
        files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
        for name in files.stdout.decode().split("\0")[:-1]:
            to = path / name
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to)

    def run(self, *command, seconds=SECONDS):
        try:
            done = subprocess.run(command, cwd=self.path, capture_output=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def make(self, *targets):
        return self.run("make", "-s", "-j1", *targets, seconds=None)

    def lockstep(self, model):
        return self.run(f"build/lockstep/{model}", "--cycles", "200000")

    def survives(self, language, model):
        """None if it does not build, else whether every test passes."""
        twin = [f"build/lockstep/{model}"] if model in TWINS else []
        targets = twin if language == "sv" else ["build/unit_tests", *twin]
        if not self.make(*targets):
            return None
        if language == "sv":
            return self.lockstep(model)
        return (self.run("build/unit_tests", f"--gtest_filter={SUITES[model]}")
                and (not twin or self.lockstep(model))
                and self.run("build/unit_tests"))


def name_of(place):
    _, path, number, (start, end, new) = place
    line = (ROOT / path).read_text().split("\n")[number]
    return f"{path}: {line.strip()} => {(line[:start] + new + line[end:]).strip()}"


def try_one(trees, language, place):
    model, path, number, (start, end, new) = place
    tree = trees.get()
    try:
        lines = (ROOT / path).read_text().split("\n")
        lines[number] = lines[number][:start] + new + lines[number][end:]
        (tree.path / path).write_text("\n".join(lines))
        survives = tree.survives(language, model)
        shutil.copy(ROOT / path, tree.path / path)
    finally:
        trees.put(tree)
    return place, survives


def reasons():
    """mutants.txt: `FAULT # REASON`, one a line; lines that start with # are
    comments."""
    found = {}
    for line in REASONS.read_text().split("\n") if REASONS.exists() else []:
        fault, _, reason = line.partition(" # ")
        if reason and not line.startswith("#"):
            found[fault.strip()] = reason.strip()
    return found


def report(language, results, known):
    counted = [r for r in results if r[1] is not None]
    survivors = [name_of(place) for place, survives in counted if survives]
    excused = [s for s in survivors if s in known]
    judged = len(counted) - len(excused)
    caught = len(counted) - len(survivors)
    percent = 100.0 * caught / judged if judged else 0.0
    print(f"{language}: {caught} of {judged} faults caught ({percent:.1f} %), "
          f"{len(excused)} without effect, {len(results) - len(counted)} did not build")
    for s in sorted(survivors):
        print(f"  survived: {s}" + (f"\n    {known[s]}" if s in known else ""))
    return percent >= GOAL


def search(language, options, trees):
    every = list(places(language, options.model or list(SUITES if language == "c" else TWINS)))
    random.Random(options.seed).shuffle(every)
    results = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for result in pool.map(lambda p: try_one(trees, language, p), every[:options.count]):
            results.append(result)
            if sys.stderr.isatty():
                print(f"\r{language}: {len(results)} of {options.count}", end="", file=sys.stderr)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--language", choices=["c", "sv"], action="append")
    parser.add_argument("--model", choices=sorted(SUITES), action="append")
    parser.add_argument("--count", type=int, default=200, help="faults per language")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    trees = Queue()
    for i in range(options.jobs):
        tree = Tree(ROOT / "build" / "mutants" / str(i))
        if not tree.make("build/unit_tests", *(f"build/lockstep/{m}" for m in TWINS)):
            sys.exit("mutants: the tree does not build")
        trees.put(tree)
    good = [report(language, search(language, options, trees), reasons())
            for language in options.language or ["c", "sv"]]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
