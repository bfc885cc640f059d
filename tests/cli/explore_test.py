"""virqsim explore as a user meets it: states, traces, limits, statuses."""
import json
import os
import re
import sys

from harness import ROOT, report, status, virqsim

ENTRY = "scenarios/explore/msi-and-entry.yaml"
HLT = "scenarios/explore/posting-and-hlt.yaml"
TIMER = "scenarios/explore/timer-and-hlt.yaml"
BLOCK = "scenarios/explore/posting-and-block.yaml"
SWITCH = "scenarios/explore/posting-switch.yaml"
MISTAKES = {
    "posting-on-tested-early": "a posted interrupt waits only where",
    "posting-nv-not-switched": "a posted interrupt waits only where",
    "posting-on-cleared-late": "a posted interrupt waits only where",
    "ipiv-without-rescan": "a posted interrupt waits only where",
    "eoi-without-exit": "no level-triggered line stays asserted",
}


def explored(*arguments):
    done = virqsim("explore", *arguments, "--json", "-", "--quiet")
    return done, json.loads(done.stdout)


def test_scenarios():
    for scenario, window in (ENTRY, "100ns"), (HLT, "50ns"), (TIMER, "100ns"):
        done, found = explored(scenario, "--window", window)
        report(done.returncode == 0 and found["exhausted"] and
               found["violation"] is None,
               f"{scenario} keeps its invariants in every order", found)
        report(found["states"] > 500 and
               found["transitions"] > found["states"],
               f"{scenario} has orders to choose from", found["states"])
        _, again = explored(scenario, "--window", window)
        report(found == again, f"{scenario} is explored the same way twice")


def test_switch():
    for variant in "to_remapped", "to_posted":
        done, found = explored(SWITCH, "--variant", variant,
                               "--window", "10ns")
        report(done.returncode == 0 and found["exhausted"] and
               found["states"] > 500, f"a switch {variant} loses nothing in "
               "any order", found)
    for mistake in "no_flush", "early_look":
        done, found = explored(SWITCH, "--set",
                               f"vms.guest.posting_switch={mistake}")
        what = (found["violation"] or {}).get("what", "")
        report(done.returncode == 1 and
               "a posted interrupt waits only where" in what,
               f"{mistake} is found to lose an interrupt", found)


def test_scheduler():
    for variant in "waking", "scheduled_in", "blocking":
        done, found = explored(BLOCK, "--variant", variant,
                               "--window", "30ns")
        report(done.returncode == 0 and found["exhausted"] and
               found["violation"] is None and found["states"] > 500,
               f"posting against a guest's {variant} loses nothing", found)


def test_window():
    _, narrow = explored(ENTRY)
    _, wide = explored(ENTRY, "--window", "100ns")
    report(wide["states"] > narrow["states"],
           "a wider window has more orders", narrow, wide)


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


def test_text_and_json_agree():
    done, found = explored("posting-nv-not-switched")
    text = virqsim("explore", "posting-nv-not-switched").stdout
    report(f"{found['states']} states, {found['transitions']} transitions"
           in text, "the text has the counts of the JSON", text)
    report(all(step["event"] in text
               for step in found["violation"]["trace"]),
           "the text has the trace of the JSON", text)
    report(found["violation"]["what"] in done.stderr,
           "--json - leaves the words to standard error", done.stderr)


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
            ((ENTRY, "--set", "machine.lapic.implementation=rtl"),
             "cannot be explored")):
        done = virqsim("explore", *arguments)
        report(done.returncode == 2 and what in done.stderr,
               f"explore {' '.join(arguments)}: status 2", done.stderr)


for test in [t for n, t in sorted(globals().items()) if n.startswith("test_")]:
    test()
sys.exit(status())
