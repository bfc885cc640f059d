"""virqsim flows as a user meets it: tables, JSON, differences, mistakes."""
import json
import sys

from harness import report, status, virqsim


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
    report([(r["key"], r["changed_by"]) for r in rows] ==
           [(key, ["posted_interrupts"])
            for key in ("emulated.running", "ipi.receive_running",
                        "total.emulated", "total.ipi_xapic",
                        "total.ipi_x2apic")],
           "--feature-diff: only what changed, and why", run.stdout)
    report("emulated.running" in run.stderr and "\n5 of" in run.stderr and
           "by posted_interrupts" in run.stderr, "the text says the same",
           run.stderr)
    same = virqsim("flows", "--feature-diff", "c,apicv")
    report("\n0 of" in same.stdout,
           "nothing changes from one to itself, by letter or name",
           same.stdout)


def older_platform():
    run = virqsim("flows", "--quiet", "--json", "-", "--set",
                  "platform=platforms/nehalem-x5570.yaml")
    cells = json.loads(run.stdout)["rows"][0]["cells"]
    report(cells["flexpriority"]["exits"] and not cells["apicv"]["exits"] and
           "platform" in cells["apicv"]["why"],
           "what a platform's processor does not have has no figure", cells)


def mistake(words, *arguments):
    run = virqsim("flows", *arguments)
    report(run.returncode == 2 and words in run.stderr and not run.stdout,
           f"{' '.join(arguments)}: status 2 and why", run.stderr)


report(virqsim("flows", "--help").returncode == 0, "--help")
slower_platform(tables())
differences()
older_platform()
mistake("no configuration 'post'", "--feature-diff", "apicv,post")
mistake("expected two", "--feature-diff", "apicv")
mistake("no configuration ''", "--feature-diff", ",")
mistake("vm_exit", "--set", "platform.cpu.vm_exot=1")
mistake("cannot write", "--quiet", "--json", "/nowhere/flows.json")
mistake("of its own", "scenarios/first-interrupt.yaml")
sys.exit(status())
