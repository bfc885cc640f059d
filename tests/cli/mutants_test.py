"""tools/mutants.py draws the same faults each time, spread over all files, and
tells faults that the tests catch from a change that nobody can see."""
import os
import re
import subprocess
import sys
import tempfile

from harness import BUILD, ROOT, report, status

sys.path.insert(0, os.path.join(ROOT, "tools"))
from mutants import Tree, tests_of  # pylint: disable=wrong-import-position

TOOL = os.path.join(ROOT, "tools", "mutants.py")
REASONS = os.path.join(ROOT, "tools", "mutants.txt")


def mutants(*arguments):
    return subprocess.run([sys.executable, TOOL, *arguments], cwd=ROOT, text=True,
                          env={**os.environ, "BUILD": os.path.relpath(BUILD, ROOT)},
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)


def drawn(*arguments):
    return mutants("--list", *arguments).stdout.strip().split("\n")


def files(faults):
    return {re.match(r"[\w/.]+", fault)[0] for fault in faults}


def check_draw():
    for language in ("c", "sv"):
        faults = drawn("--language", language)
        report(len(faults) >= 200, f"{language}: at least 200 faults are drawn", len(faults))
        report(len(set(faults)) == len(faults), f"{language}: no two are the same")
        report(faults == drawn("--language", language), f"{language}: the same each time")
        report(faults != drawn("--language", language, "--seed", "2"),
               f"{language}: others with another seed")
        there = files(drawn("--language", language, "--count", "100000"))
        missing = there - files(faults)
        blocks = set(os.listdir(os.path.join(ROOT, "models"))) - {"cpu"}
        if language == "sv":
            blocks -= {"pcie"}
        report({path.split("/")[1] for path in there} == blocks,
               f"{language}: no block is left out")
        report(not missing, f"{language}: every file that can be broken has one", *sorted(missing))


def check_reasons():
    """A reason whose line is gone would excuse a fault that nobody looked at."""
    stale = []
    with open(REASONS, encoding="utf-8") as f:
        rows = [row for row in f.read().split("\n") if row and not row.startswith("#")]
    for row in rows:
        place, _, fault = row.partition(": ")
        old = fault.split(" => ")[0]
        with open(os.path.join(ROOT, place.split("#")[0]), encoding="utf-8") as f:
            lines = {line.strip() for line in f}
        if old not in lines or " # " not in row:
            stale.append(row)
    report(not stale, "every line of mutants.txt is about a line that is there", *stale)


class WithoutFault(Tree):
    """Where every test fails, whatever is planted."""

    def __init__(self):  # pylint: disable=super-init-not-called
        self.sound = set()

    def make(self, *targets):
        return True

    def passes(self, test):
        return False

    def restore(self, name):
        pass


class Planted:
    path = "models/pic/pic.c"


def check_soundness():
    said = ""
    try:
        WithoutFault().catches(tests_of("c", "pic")[0], Planted())
    except SystemExit as end:
        said = str(end)
    report("without a fault this fails" in said, "a test that always fails catches nothing", said)


def check_sample():
    """A few faults of each language: enough to see that the tool works."""
    for arguments in (["--language", "c", "--only", "models/pic/pic.c: "],
                      ["--language", "sv", "--only", "models/pic/rtl/pic_inta.sv: "]):
        arguments += ["--count", "3", "--jobs", "1", "--cflags=-O3 -g", "--verbose"]
        done = mutants(*arguments)
        report(done.returncode == 0 and "| pic | 3 |" in done.stdout and "100.0 %" in done.stdout,
               f"the tests catch three faults: {' '.join(arguments)}", done.stdout, done.stderr)
        check_resumed(arguments, done)


def check_resumed(arguments, done):
    with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        log.write(re.sub(r"^(\d+) [^:]*:", r"\1 sanitizers:", done.stderr, flags=re.M))
        log.flush()
        again = mutants(*arguments, "--resume", log.name)
    report(again.stderr.count("sanitizers: ") == 3,
           "a run that is resumed takes what was told", again.stdout, again.stderr)


def check_help():
    report("core" in mutants("--help").stdout, "--help says how long it takes")


check_draw()
check_reasons()
check_soundness()
check_help()
check_sample()
sys.exit(status())
