#!/usr/bin/python3
"""Breaks the models one small fault at a time, and reports how many of the
faults the tests catch.

    tools/mutants.py                      200 faults per language
    tools/mutants.py --language sv --model pic --count 20 --seed 3
    tools/mutants.py --only 'lapic_timer.c: l->tmict = 0;' --verbose
    tools/mutants.py --verbose 2>LOG; tools/mutants.py --verbose --resume LOG

tools/faults.py says which faults there are.  They are spread over the files by
their size, at least one in each, and drawn with a seed: the same seed and tree
give the same faults and the same verdicts.  Each is put into a copy of the
tree, where only what depends on the file is built again; a fault that does not
build is not counted and another of the same file takes its place.  It is
caught if one of these fails or does not end, in this order:

    C    the unit tests of its model; lock-step with the RTL twin; the twin in
         a machine; all unit tests; a million cycles in lock-step; the model's
         unit tests with AddressSanitizer and UBSan
    SV   lock-step; the twin in a machine; a million cycles in lock-step; lint
         and synthesis

A fault with a reason in tools/mutants.txt has survived if the tests that cost
little do not catch it.  A test that fails without a fault as well ends the run.
Exit status 1 if fewer than 95 % are caught, or if one survives for which
tools/mutants.txt has no reason.  On one core it takes 20 minutes for C and 25
for SystemVerilog.
"""
import argparse
import fcntl
import itertools
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Queue

from faults import faults_of

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = os.environ.get("BUILD", "build")
# Not that of a make that calls this.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
REASONS = ROOT / "tools" / "mutants.txt"
GOAL = 95.0
FILES = {"c": ("*.c", "*.h", "*.def"), "sv": ("rtl/*.sv",)}
# Suites beside those of models/NAME/test.
SUITES = {
    "lapic": ["record*", "replayed*"],
    "ioapic": ["ioapic_board", "record*", "replayed*"],
    "pic": ["virtual_wire", "record*", "replayed*"],
    "pcie": [],
    "iommu": ["posting"],
}
TEST_NAME = re.compile(r"^TEST(?:_F|_EACH)?\((\w+)", re.M)
LOCKSTEP = ("lapic", "ioapic", "pic", "iommu")
IN_MACHINE = [m for m in LOCKSTEP if (ROOT / f"sim/sc/test/{m}_twin_test.cc").exists()]
TESTS = ("unit tests", "lock-step", "twin in a machine", "all unit tests", "long lock-step",
         "sanitizers", "synthesis")
UNIT = f"{BUILD}/unit_tests"


@dataclass
class Test:
    """A step on the way to a verdict: what is built, then what is run."""

    name: str
    command: list
    # of processor time, before it counts as one that does not end: many times
    # what it takes
    seconds: int = 6
    built: str = None  # if it is not the command

    @property
    def target(self):
        return self.built or self.command[0]


def filter_of(model):
    """GoogleTest's filter for the unit tests of a model."""
    suites = {suite for path in (ROOT / "models" / model / "test").glob("*.c")
              for suite in TEST_NAME.findall(path.read_text(encoding="utf-8"))}
    return "--gtest_filter=" + ":".join(f"{s}.*" for s in [*sorted(suites), *SUITES[model]])


def tests_of(language, model):
    lockstep = f"{BUILD}/lockstep/{model}"
    machine = [f"{BUILD}/sc-tests/{model}_twin_test", "--gtest_fail_fast"]
    own = ["--gtest_fail_fast", filter_of(model)]
    tests = []
    if language == "c":
        tests += [Test("unit tests", [UNIT, *own])]
    if model in LOCKSTEP:
        tests += [Test("lock-step", [lockstep, "--brief", "--cycles", "20000"])]
    if model in IN_MACHINE:
        tests += [Test("twin in a machine", machine, 100)]
    if language == "c":
        tests += [Test("all unit tests", [UNIT, "--gtest_fail_fast"], 200)]
    if model in LOCKSTEP:
        tests += [Test("long lock-step", [lockstep, "--brief"], 200)]
    if language == "c":
        tests += [Test("sanitizers", [f"{BUILD}/asan/unit_tests", *own], 100)]
    else:
        tests += [Test("synthesis", ["tools/rtl-check.sh", model], 300,
                       f"{BUILD}/rtl/{model}/{model}_regs_pkg.sv")]
    return tests


QUICK = ("unit tests", "lock-step")


# What make has built for the tests.  Beside it runs leave their results, and
# may do so meanwhile.
BUILT = {"asan", "flags", "libvirqsim.a", "lockstep", "obj", "rtl", "sc-tests", "sources",
         "unit_tests", "virqsim"}


def not_built(folder, names):
    """What a copy of the build leaves out of one of its folders."""
    return set(names) - BUILT if pathlib.Path(folder) == ROOT / BUILD else set()


class Tree:
    """A copy of the tree with a build of its own, kept from run to run."""

    def __init__(self, path, cflags):
        """BlockingIOError if another run has it."""
        self.path = path
        self.sound = set()  # commands of tests that pass without a fault
        # What is faulty runs but briefly: compiling it well does not pay.
        self.options = [f"BUILD={BUILD}", f"CFLAGS={cflags}", "TWIN_OPT=-O0"]
        path.mkdir(parents=True, exist_ok=True)
        self.lock = os.open(path, os.O_RDONLY)  # the tree is this run's until it ends
        fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.sync()
        if not (path / BUILD).exists():
            shutil.copytree(ROOT / BUILD, path / BUILD, symlinks=True, ignore=not_built)

    def sync(self):
        """Copies what differs, with its time, and removes what is gone."""
        listed = subprocess.run(["git", "ls-files", "-zco", "--exclude-standard"], cwd=ROOT,
                                check=True, capture_output=True).stdout.decode()
        names = {name for name in listed.split("\0") if name and (ROOT / name).is_file()}
        for old in self.path.rglob("*"):
            name = str(old.relative_to(self.path))
            if old.is_file() and not name.startswith(BUILD + "/") and name not in names:
                old.unlink()
        for name in names:
            self.restore(name)

    def restore(self, name):
        to = self.path / name
        if to.exists() and to.read_bytes() == (ROOT / name).read_bytes():
            return
        fresh = not to.exists()
        to.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copy2 if fresh else shutil.copyfile)(ROOT / name, to)

    def ends_well(self, *command):
        return subprocess.run(command, cwd=self.path, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False).returncode == 0

    def passes(self, test):
        return self.ends_well("prlimit", f"--cpu={test.seconds}", *test.command)

    def make(self, *targets):
        return self.ends_well("make", "-s", "-j1", *self.options, *targets)

    def catches(self, test, fault):
        """Whether the test fails, and for no other reason than the fault."""
        if self.make(test.target) and self.passes(test):
            return False
        command = tuple(test.command)
        if command not in self.sound:
            self.restore(fault.path)
            if not (self.make(test.target) and self.passes(test)):
                sys.exit(f"mutants: without a fault this fails: {' '.join(command)}")
            self.sound.add(command)
        return True

    def plant(self, fault):
        lines = (ROOT / fault.path).read_text(encoding="utf-8").split("\n")
        assert lines[fault.number] == fault.old, "leave the models alone while this runs"
        lines[fault.number] = fault.new
        (self.path / fault.path).write_text("\n".join(lines), encoding="utf-8")


@dataclass
class Verdict:
    """`by`: the test that caught the fault, None for a survivor."""

    fault: object
    model: str
    by: str


def judge(tree, fault, tests):
    """The name of the test that catches the fault, None if none does, False if
    the fault does not build."""
    tree.plant(fault)
    if not tree.make(tests[0].target):
        return False
    for test in tests:
        if tree.catches(test, fault):
            return test.name
    return None


@dataclass
class Job:
    """The faults of one file, of which `quota` are to be judged."""

    path: str
    model: str
    language: str
    faults: list
    settled: dict  # verdicts of a run before this one, by the fault's name
    known: set     # names of those for which there is a reason
    quick: bool = False
    quota: int = 0
    verdicts: list = field(default_factory=list)
    unbuilt: int = 0

    def tests_for(self, fault):
        little = self.quick or fault.name in self.known
        return [t for t in tests_of(self.language, self.model)
                if not little or t.name in QUICK]

    def work(self, trees, tell):
        tree = trees.get()
        try:
            for fault in self.faults:
                if len(self.verdicts) == self.quota:
                    break
                by = self.settled.get(fault.name, "")
                if by == "":
                    by = judge(tree, fault, self.tests_for(fault))
                if by is False:
                    self.unbuilt += 1
                    continue
                self.verdicts.append(Verdict(fault, self.model, by))
                tell(f"{by or 'SURVIVED'}: {fault.name}")
            tree.restore(self.path)
        finally:
            trees.put(tree)


def jobs_of(language, options):
    """One for each file, with its share of the faults."""
    jobs = []
    settled = verdicts_in(options.resume) if options.resume else {}
    known = set(reasons())
    for model in options.model or list(SUITES if language == "c" else LOCKSTEP):
        folder = ROOT / "models" / model
        for path in sorted(p for pattern in FILES[language] for p in folder.glob(pattern)):
            name = str(path.relative_to(ROOT))
            faults = [f for f in faults_of(ROOT, name, options.seed)
                      if any(text in f.name for text in options.only or [""])]
            if faults:
                jobs.append(Job(name, model, language, faults, settled, known, options.quick))
    every = sum(len(job.faults) for job in jobs)
    if not every:
        sys.exit(f"mutants: no fault of {language} is named so")
    for job in jobs:
        job.quota = math.ceil(min(options.count / every, 1) * len(job.faults))
    return jobs


def verdicts_in(path):
    """What a run with --verbose has told, interrupted perhaps."""
    with open(path, encoding="utf-8") as f:
        told = re.findall(r"^\d+ ([^:\n]+): (.*)$", f.read(), re.M)
    return {name: by if by in TESTS else None for by, name in told}


def reasons():
    """mutants.txt: `FAULT # REASON`, one a line; lines that start with # are
    comments."""
    found = {}
    for line in REASONS.read_text(encoding="utf-8").split("\n"):
        fault, _, reason = line.partition(" # ")
        if reason and not line.startswith("#"):
            found[fault.strip()] = reason.strip()
    return found


def row(model, verdicts):
    caught = sum(1 for v in verdicts if v.by)
    percent = 100.0 * caught / len(verdicts) if verdicts else 0.0
    by = [sum(1 for v in verdicts if v.by == test) for test in TESTS]
    cells = [model, len(verdicts), *by, len(verdicts) - caught, f"{percent:.1f} %"]
    print("| " + " | ".join(str(cell) for cell in cells) + " |")
    return percent


def report(language, jobs, known):
    """Prints a table and the survivors; true if all is well."""
    verdicts = [v for job in jobs for v in job.verdicts]
    survivors = sorted(v.fault.name for v in verdicts if not v.by)
    unbuilt = sum(job.unbuilt for job in jobs)
    print(f"\n{language}: {len(verdicts)} faults; {unbuilt} more did not build\n")
    print(f"| model | faults | {' | '.join(TESTS)} | survived | caught |")
    print("| --- |" + " --- |" * (len(TESTS) + 3))
    for model in dict.fromkeys(job.model for job in jobs):
        row(model, [v for v in verdicts if v.model == model])
    percent = row("all", verdicts)
    for name in survivors:
        print(f"\nsurvived: {name}\n    {known.get(name, 'NO REASON GIVEN')}")
    return percent >= GOAL and all(name in known for name in survivors)


def search(language, options, trees):
    jobs = jobs_of(language, options)
    for job in jobs if options.list else []:
        print("\n".join(fault.name for fault in job.faults[:job.quota]))
    if options.list:
        return jobs
    done = 0

    def tell(text):
        nonlocal done
        done += 1
        if options.verbose:
            print(f"{done} {text}", file=sys.stderr, flush=True)
        elif sys.stderr.isatty():
            print(f"\r{language}: {done} of {sum(j.quota for j in jobs)}", end="", file=sys.stderr)

    with ThreadPoolExecutor(options.jobs) as pool:
        largest_first = sorted(jobs, key=lambda job: -job.quota)
        list(pool.map(lambda job: job.work(trees, tell), largest_first))
    return jobs


def free_tree(cflags):
    for i in itertools.count():
        try:
            return Tree(ROOT / BUILD / "mutants" / (str(i) + cflags.replace(" ", "")), cflags)
        except BlockingIOError:
            pass


def trees_for(options):
    trees = Queue()
    for _ in range(0 if options.list else options.jobs):
        tree = free_tree(options.cflags)
        if not tree.make(UNIT, *(f"{BUILD}/lockstep/{m}" for m in LOCKSTEP),
                         *(f"{BUILD}/sc-tests/{m}_twin_test" for m in IN_MACHINE)):
            sys.exit("mutants: the tree does not build")
        trees.put(tree)
    return trees


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", choices=["c", "sv"], action="append")
    parser.add_argument("--model", choices=sorted(SUITES), action="append")
    parser.add_argument("--count", type=int, default=200, help="faults per language, at least")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true",
                        help="only what costs little: a survivor may yet be caught without it")
    parser.add_argument("--resume", metavar="LOG",
                        help="take the verdicts that a run of the same tree has told")
    parser.add_argument("--only", action="append", help="faults whose name contains this")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--cflags", default="-O0",
                        help="with those of the build that is there, none is made")
    parser.add_argument("--list", action="store_true", help="print the faults, try none")
    parser.add_argument("--verbose", action="store_true", help="print each verdict as it falls")
    options = parser.parse_args()
    trees = trees_for(options)
    good = True
    for language in options.language or ["c", "sv"]:
        jobs = search(language, options, trees)
        good = (options.list or report(language, jobs, reasons())) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
