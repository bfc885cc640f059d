"""virqsim explore as a user meets it: states, traces, limits, statuses."""
import json
import os
import re
import sys

from harness import ROOT, report, status, virqsim

ENTRY = "scenarios/explore/msi-and-entry.yaml"
HLT = "scenarios/explore/posting-and-hlt.yaml"
BLOCK = "scenarios/explore/posting-and-block.yaml"
TURNS = "scenarios/explore/posting-and-turns.yaml"
SWITCH = "scenarios/explore/posting-switch.yaml"
IPIV = "scenarios/explore/ipiv-and-preemption.yaml"
LINE = "scenarios/explore/line-and-eoi.yaml"
SCENARIOS = {
    ENTRY: [None],
    HLT: [None],
    "scenarios/explore/timer-and-hlt.yaml": [None],
    BLOCK: ["waking", "scheduled_in", "blocking"],
    TURNS: [None],
    SWITCH: ["to_remapped", "to_posted"],
    IPIV: ["leaving", "returning"],
    LINE: ["in_handler", "in_exit"],
}
POSTED = "a posted interrupt waits only where"
# What the host does wrong, in which of them, and what is found.
HOST_MISTAKES = (
    (ENTRY, None, "features.mistake=open_before_entry", ["guest"],
     "an interrupt queued for a guest waits only"),
    (HLT, None, "features.mistake=open_before_entry", ["guest"], POSTED),
    (BLOCK, "waking", "features.mistake=nv_not_switched", ["sleeper"], POSTED),
    (TURNS, None, "features.mistake=nv_not_switched", ["halted"], POSTED),
    (TURNS, None, "features.mistake=block_without_look", ["halted"], POSTED),
    (TURNS, None, "features.mistake=pir_not_rescanned", ["busy"], POSTED),
    (IPIV, "leaving", "features.mistake=pir_not_rescanned", ["talkers"],
     POSTED),
    (LINE, "in_handler", "features.mistake=eoi_not_exiting", ["guest"],
     "a line that is masked until its guest's EOI"),
    (SWITCH, "to_remapped", "posting_switch=no_flush", ["guest"], POSTED),
    (SWITCH, "to_remapped", "posting_switch=early_look", ["guest"], POSTED),
)
MISSED_BLOCK = [TURNS, "--set",
                "vms.halted.features.mistake=block_without_look"]
MISTAKES = {
    "posting-on-tested-early": POSTED,
    "posting-nv-not-switched": POSTED,
    "posting-on-cleared-late": POSTED,
    "ipiv-without-rescan": POSTED,
    "eoi-without-exit": "no level-triggered line stays asserted",
}


def explored(*arguments):
    done = virqsim("explore", *arguments, "--json", "-", "--quiet")
    return done, json.loads(done.stdout)


def test_scenarios():
    for scenario, variants in SCENARIOS.items():
        for variant in variants:
            arguments = [scenario] + (["--variant", variant] if variant else [])
            done, found = explored(*arguments)
            report(done.returncode == 0 and found["exhausted"] and
                   found["violation"] is None,
                   f"{scenario} {variant} keeps its invariants in every order",
                   found)
            report(found["states"] > 400 and found["choices"] > 50 and
                   found["window_ns"] >= 200,
                   f"{scenario} {variant} has orders to choose from", found)
            _, again = explored(*arguments)
            report(found == again,
                   f"{scenario} {variant} is explored the same way twice")


def test_times_that_are_turned_round():
    done, found = explored("scenarios/intx-sharing.yaml", "--variant",
                           "spread", "--set", "warmup=740us", "--set",
                           "duration=10us", "--window", "300ns")
    report(done.returncode == 0 and found["choices"] > 5,
           "what is accepted late in the search was not passed over", found)


def test_mistakes_of_the_host():
    for scenario, variant, mistake, vms, invariant in HOST_MISTAKES:
        sets = [a for vm in vms for a in
                ("--set", f"vms.{vm}.{mistake}")]
        variants = ["--variant", variant] if variant else []
        done, found = explored(scenario, *variants, *sets)
        what = (found["violation"] or {}).get("what", "")
        report(done.returncode == 1 and invariant in what,
               f"{scenario}: {mistake} is found to lose an interrupt", found)


def test_window():
    _, narrow = explored(ENTRY, "--window", "0ns")
    _, wide = explored(ENTRY)
    report(narrow["window_ns"] == 0 and wide["window_ns"] == 1000,
           "--window comes before the scenario's", narrow, wide)
    report(wide["states"] > narrow["states"],
           "a wider window has more orders", narrow, wide)
    text = virqsim("explore", ENTRY, "--window", "0ns").stdout
    report(narrow["choices"] == 0 and "one order alone" in text,
           "that there is nothing to choose is told in words", text)


def test_protocols():
    names = [line.split()[0]
             for line in virqsim("list", "protocols").stdout.splitlines()]
    report(set(MISTAKES) < set(names) and len(names) == 10,
           "list protocols names them", names)
    for name in names:
        done, found = explored(name)
        if name in MISTAKES:
            what = (found["violation"] or {}).get("what", "")
            report(done.returncode == 1 and MISTAKES[name] in what and
                   found["violation"]["trace"],
                   f"the mistake of {name} is found", found)
        else:
            report(done.returncode == 0 and found["exhausted"],
                   f"{name} loses nothing", found)


def unwrapped(text):
    return " ".join(text.split())


def test_text_and_json_agree():
    for arguments in (["posting-nv-not-switched"], MISSED_BLOCK):
        done, found = explored(*arguments)
        text = unwrapped(virqsim("explore", *arguments).stdout)
        report(f"{found['states']} states, {found['transitions']} transitions"
               in text, "the text has the counts of the JSON", text)
        report(all(step["event"] in text
                   for step in found["violation"]["trace"]),
               "the text has the trace of the JSON", text)
        report(found["violation"]["what"] in unwrapped(done.stderr),
               "--json - leaves the words to standard error", done.stderr)


def test_text():
    broken = virqsim("explore", *MISSED_BLOCK).stdout
    held = virqsim("explore", BLOCK).stdout
    report(max(map(len, (broken + held).splitlines())) <= 80,
           "the text fits 80 columns", broken, held)
    report("from 114us to 122us" in broken and "more than 500ns" in broken,
           "what is explored is told", broken)
    report("variant waking of 3" in held, "a variant is one of several", held)
    report("guest halted:" in broken and "host: wrmsr EOI" in broken,
           "guests, devices and registers have names", broken)


def test_late_events():
    _, found = explored(*MISSED_BLOCK)
    latest = 0
    for step in found["violation"]["trace"]:
        latest = max(latest, step["time_ns"])
        report(abs(latest - step["time_ns"] - step["late_ns"]) < 1e-3,
               "an event is late behind those that were due later", step)
    report(any(step["late_ns"] > 0 for step in found["violation"]["trace"]),
           "it takes another order than a run's to lose the interrupt", found)


def test_page():
    with open(os.path.join(ROOT, "docs/explore.md"), encoding="utf-8") as f:
        page = f.read()
    for name, states in re.findall(r"^\| `([\w-]+)` \| (\d+) \|", page, re.M):
        _, found = explored(name)
        report(found["states"] == int(states),
               f"docs/explore.md knows the states of {name}", found["states"])


def test_limits():
    for limit in ("--max-states", "--depth"):
        done, found = explored(ENTRY, limit, "5")
        report(done.returncode == 4 and not found["exhausted"],
               f"{limit} is admitted: status 4", found)
        report("NOT exhausted" in done.stderr, f"{limit} is told in words",
               done.stderr)


def test_mistakes():
    for arguments, what in (
            ((ENTRY, "--window", "soon"), "--window soon: "),
            ((ENTRY, "--max-states", "0"), "expected 1 to"),
            ((ENTRY, "--depth", "some"), "'some'"),
            (("no-such-protocol",), "no-such-protocol"),
            (("posting-against-entry", "--window", "1ns"), "has no time"),
            (("posting-against-entry", "--set", "seed=1"), "has no time"),
            ((ENTRY, "--set", "machine.lapic.implementation=rtl"),
             "cannot be explored")):
        done = virqsim("explore", *arguments)
        report(done.returncode == 2 and what in done.stderr,
               f"explore {' '.join(arguments)}: status 2", done.stderr)


for test in [t for n, t in sorted(globals().items()) if n.startswith("test_")]:
    test()
sys.exit(status())
