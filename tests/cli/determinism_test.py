"""Same scenario, profile and seed: same bytes, whatever surrounds the run.

The name of the scenario, as the user gave it, is part of a report and may
differ; nothing else may."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from harness import NETPERF, ROOT, report, status, virqsim

SHORT = ("--set", "duration=50ms", "--set", "warmup=5ms", "--quiet")
FILES = ("result.json", "report.csv", "report.md", "report.html")


def texts(folder):
    found = {}
    for name in FILES:
        with open(os.path.join(folder, name), "rb") as f:
            found[name] = f.read()
    return found


def run(verb="compare", *options, scenario=NETPERF, cwd=ROOT, env=None):
    """All files of one run, as bytes."""
    with tempfile.TemporaryDirectory() as folder:
        done = virqsim(verb, scenario, *SHORT, "--out", folder, *options,
                       cwd=cwd, env={**os.environ, **(env or {})})
        if done.returncode > 1:
            raise RuntimeError(done.stderr)
        return texts(folder)


def same(a, b, sentence):
    differing = [name for name in FILES if a[name] != b[name]]
    report(not differing, sentence, *differing)


def locale_path(folder, name):
    """Makes a locale with commas in its numbers, where the system can:
    without it the program falls back to C, and shows less."""
    language, _, charset = name.partition(".")
    if language == "C" or not shutil.which("localedef"):
        return {}
    subprocess.run(["localedef", "-i", language, "-f", charset,
                    os.path.join(folder, name)], check=False,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return {"LOCPATH": folder}


def check_surroundings(reference):
    same(reference, run(), "a second run gives the same bytes")
    for threads in ("1", "2", "7"):
        same(reference, run(env={"OMP_NUM_THREADS": threads}),
             f"the same bytes with OMP_NUM_THREADS={threads}")
    with tempfile.TemporaryDirectory() as folder:
        for locale in ("C", "C.UTF-8", "de_DE.UTF-8"):
            same(reference, run(env={"LC_ALL": locale, "LANG": locale,
                                     **locale_path(folder, locale)}),
                 f"the same bytes with LC_ALL={locale}")
    for zone in ("UTC", "Asia/Kathmandu", "America/Los_Angeles"):
        same(reference, run(env={"TZ": zone}), f"the same bytes with TZ={zone}")
    same(reference, run(env={"HOME": "/nowhere", "TERM": "xterm",
                             "COLUMNS": "40"}),
         "the same bytes with another home and terminal")
    same(reference, run(env={"MALLOC_PERTURB_": "165"}),
         "the same bytes with memory that was not zero")


def check_places(reference):
    """The same file by other names."""
    absolute = os.path.join(ROOT, NETPERF)
    named = {name: text.replace(absolute.encode(), NETPERF.encode())
             for name, text in run(scenario=absolute, cwd="/").items()}
    same(reference, named,
         "from another folder only the scenario's name is another")
    beside = os.path.basename(NETPERF)
    there = run(scenario=beside, cwd=os.path.dirname(absolute))
    report(there["report.csv"] == reference["report.csv"],
           "the same figures from the scenario's own folder")
    report(json.loads(there["result.json"])["scenario"] == beside,
           "a report has the scenario's name as it was given")


def check_day_and_place(reference):
    """A second run on the same machine cannot show these."""
    foreign = re.compile(r"\b20\d\d-\d\d-\d\d\b|\b\d\d:\d\d:\d\d\b|" +
                         re.escape(ROOT) + r"\b")
    for name, text in reference.items():
        found = foreign.findall(text.decode())
        report(not found, f"{name} has no date and no folder", *found[:3])


def check_hosts(reference):
    for name in ("baseline", "eli"):
        hosted = run("run", "--variant", name)
        same(hosted, run("run", "--variant", name, "--host", "none"),
             f"{name}: the same bytes with and without SystemC")
        same(hosted, run("compare", "--variant", name),
             f"{name}: run and compare write the same bytes")
        alone = json.loads(hosted["result.json"])["variants"][name]
        together = json.loads(reference["result.json"])["variants"][name]
        together["throughput"].pop("relative")
        report(alone == together,
               f"{name}: alone it has the figures that it has in company")


def check_seed(reference):
    same(reference, run("compare", "--seed", "1"),
         "the file's seed, given again, changes nothing")
    other = run("compare", "--seed", "2")
    report(all(other[name] != reference[name] for name in FILES),
           "another seed gives other bytes")


def main():
    reference = run()
    check_surroundings(reference)
    check_places(reference)
    check_day_and_place(reference)
    check_hosts(reference)
    check_seed(reference)
    return status()


if __name__ == "__main__":
    sys.exit(main())
