"""virqsim flows as a user meets it: tables, JSON, differences, mistakes."""
import csv
import json
import os
import sys

from harness import BUILD, report, status, virqsim


OUT = os.path.join(BUILD, "flows-test")


def well_formed(cell):
    exits = cell["exits"]
    return bool(cell.get("why")) if exits is None else \
        sum(exits["by_reason"].values()) == exits["total"]


def tables():
    run = virqsim("flows", "--json", "-")
    rows = json.loads(run.stdout)["rows"]
    report(run.returncode == 0 and "NxR" in run.stderr,
           "standard output is JSON alone, the tables go to standard error")
    report({r["event"] for r in rows} == set(range(1, 11)),
           "nine events, and whole interrupts")
    report(all(len(r["cells"]) == 8 for r in rows),
           "eight configurations in every row")
    report(all(well_formed(c) for r in rows for c in r["cells"].values()),
           "a cell has exits that add up, or why it has none")
    report(virqsim("flows", "--json", "-").stdout == run.stdout,
           "the same bytes again")
    return rows[0]["cells"]["software"]["latency_ns"]


def slower_platform(latency):
    run = virqsim("flows", "--json", "-", "--quiet",
                  "--set", "platform.cpu.vm_exit=50000 cycles")
    if report(run.returncode == 0 and not run.stderr,
              "--quiet prints nothing beside", run.stderr):
        cell = json.loads(run.stdout)["rows"][0]["cells"]["software"]
        report(cell["latency_ns"] > latency + 10000,
               "--set changes the platform: an exit takes longer", cell)


def differences():
    run = virqsim("flows", "--feature-diff", "apicv,posted", "--json", "-")
    rows = json.loads(run.stdout)["rows"]
    changed = [r for r in rows if r["exits_change"]]
    report([r["key"] for r in changed] ==
           ["device.elsewhere", "emulated.running", "ipi.receive_running",
            "total.device_elsewhere", "total.emulated", "total.ipi_xapic",
            "total.ipi_x2apic"],
           "--feature-diff: only what changed", run.stdout)
    report(all(s["feature"] == "posted_interrupts" and s["with"] and
               "nobody kicks it out" in s["why"]["EXTERNAL_INTERRUPT"]
               for r in changed for s in r["changed_by"]),
           "... and why", run.stdout)
    timed = [r for r in rows if not r["exits_change"]]
    report("emulated.blocked" in [r["key"] for r in timed] and
           all(r["cells"]["apicv"]["exits"] == r["cells"]["posted"]["exits"] and
               r["cells"]["apicv"]["latency_ns"] !=
               r["cells"]["posted"]["latency_ns"] for r in timed),
           "what takes another time alone is told apart", run.stdout)
    report("emulated.running" in run.stderr and
           f"change in {len(changed)} of " in run.stderr and
           f"the time alone in {len(timed)}." in run.stderr and
           "EXTERNAL_INTERRUPT less:" in run.stderr, "the text says the same",
           run.stderr)
    back = virqsim("flows", "--feature-diff", "posted,apicv").stdout
    report("without posted_interrupts" in back and
           "EXTERNAL_INTERRUPT more, as no longer:" in back,
           "the way back names what is missing", back)
    same = virqsim("flows", "--feature-diff", "c,apicv")
    report("change in 0 of" in same.stdout and "alone in 0." in same.stdout,
           "nothing changes from one to itself, by letter or name",
           same.stdout)


def timers():
    row = {r["key"]: r["cells"] for r in json.loads(
        virqsim("flows", "--json", "-", "--quiet").stdout)["rows"]}
    cell = row["timer.expiry_virtualized"]["ipiv"]
    report(cell["exits"]["total"] == 0 and cell["assumed"],
           "APIC-timer virtualization has figures, which say that no part has "
           "it", cell)
    report(not row["timer.arm"]["ipiv"]["assumed"] and
           row["nmi.physical"]["software"]["latency_ns"] > 1000,
           "every cell with exits has its time", row["nmi.physical"])
    report(row["device.masked"]["ipiv"]["own_ns"] == 30000,
           "the guest's own part of a time is told", row["device.masked"])


def older_platform():
    run = virqsim("flows", "--quiet", "--json", "-", "--set",
                  "platform=platforms/nehalem-x5570.yaml")
    cells = json.loads(run.stdout)["rows"][0]["cells"]
    report(cells["flexpriority"]["exits"] and not cells["apicv"]["exits"] and
           "platform" in cells["apicv"]["why"],
           "what a platform's processor does not have has no figure", cells)


def folder():
    run = virqsim("flows", "--json", "-", "--quiet", "--out", OUT)
    cells = {(r["key"], name): c for r in json.loads(run.stdout)["rows"]
             for name, c in r["cells"].items()}
    with open(os.path.join(OUT, "flows.csv"), newline="",
              encoding="utf-8") as f:
        lines = {(c["row"], c["configuration"]): c for c in csv.DictReader(f)}
    report(set(lines) == set(cells) and all(
        lines[k]["why"] == c["why"] if c["exits"] is None else
        int(lines[k]["exits"]) == c["exits"]["total"] and
        abs(float(lines[k]["latency_ns"]) - c["latency_ns"]) < 0.001
        for k, c in cells.items()), "the CSV has the cells of the JSON")
    with open(os.path.join(OUT, "flows.html"), encoding="utf-8") as f:
        page = f.read()
    report(page.count("<tbody>") == 10 and page.count("<td ") == len(cells) and
           "http" not in page, "the page has every cell, and needs nothing else")


def mistake(words, *arguments):
    run = virqsim("flows", *arguments)
    report(run.returncode == 2 and words in run.stderr and not run.stdout,
           f"{' '.join(arguments)}: status 2 and why", run.stderr)


report(virqsim("flows", "--help").returncode == 0, "--help")
slower_platform(tables())
differences()
timers()
folder()
older_platform()
mistake("no configuration 'post'", "--feature-diff", "apicv,post")
mistake("expected two", "--feature-diff", "apicv")
mistake("no configuration ''", "--feature-diff", ",")
mistake("vm_exit", "--set", "platform.cpu.vm_exot=1")
mistake("cannot write", "--quiet", "--json", "/nowhere/flows.json")
mistake("of its own", "scenarios/first-interrupt.yaml")
sys.exit(status())
