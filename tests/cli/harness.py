"""What the end-to-end tests share: the program, its result, "ok" lines.

A test's script imports this from its own folder and ends with
sys.exit(harness.status())."""
import json
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
PROGRAM = os.path.join(BUILD, "virqsim")
NETPERF = "scenarios/eli-netperf.yaml"

_failed = 0


def report(holds, sentence, *why):
    """Prints one test's line, and why it does not hold."""
    global _failed
    print(("ok - " if holds else "not ok - ") + sentence, flush=True)
    if not holds:
        _failed += 1
        for line in why:
            print("    " + str(line).rstrip().replace("\n", "\n    "))
    return holds


def status():
    return 1 if _failed else 0


def run_tests(named):
    """Runs what is called test_*; the status to exit with."""
    for name, test in sorted(named.items()):
        if name.startswith("test_"):
            try:
                test()
                report(True, name[5:])
            except AssertionError as why:
                report(False, name[5:], why)
    return status()


def virqsim(*arguments, **options):
    """Runs the program, by default at the root; the finished process."""
    options = {"cwd": ROOT, "text": True, "check": False,
               "stdin": subprocess.DEVNULL, **options}
    return subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **options)


def settings(sets):
    """{"duration": "1ms"} -> --set duration=1ms"""
    return [a for key, value in sets.items()
            for a in ("--set", f"{key}={value}")]


def compare(sets=(), scenario=NETPERF):
    """The figures of all variants, with the keys of `sets` replaced.
    Expectations need not hold."""
    done = virqsim("compare", scenario, "--json", "-", "--quiet",
                   *settings(dict(sets)))
    if done.returncode > 1:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)["variants"]


def figure(variant, key):
    """A figure by the name that reports give it; 0 where there is none.
    Names of hops have dots of their own."""
    if key in variant:
        return variant[key]
    for name, inner in variant.items():
        if key.startswith(name + ".") and isinstance(inner, dict):
            return figure(inner, key[len(name) + 1:])
    return 0
