"""The command line as a user meets it: verbs, options, statuses, streams."""
import json
import os
import pty
import re
import subprocess
import sys
import tempfile

import harness

VIRQSIM = os.path.join(os.environ.get("BUILD", "build"), "virqsim")
FIRST = "scenarios/first-interrupt.yaml"
VERBS = ("run", "compare", "check", "show", "list", "replay")
FOLDER = tempfile.TemporaryDirectory()

TWO_VARIANTS = """
title: Two variants
platform: platforms/nehalem-x5570.yaml
duration: 2ms
devices: [{name: pulser, pulse: exponential, pulse_interval: 50us}]
programs: [{name: counter, kind: spin, handler: 1000 cycles}]
vms:
  - {name: guest, hypervisor: kvm, apic: x2apic, assigned: [pulser],
     program: counter}
variants:
  kvm: {}
  bare: {vms.guest.hypervisor: none}
  slow: {platform.cpu.vm_exit: 5000 cycles}
expect:
  - {figure: exits.total, variant: bare, max: 0}
  - {figure: exits.total, variant: slow, min: %d}
"""


def virqsim(*arguments, **environment):
    return subprocess.run([VIRQSIM, *arguments], capture_output=True,
                          text=True, timeout=120,
                          env={**os.environ, **environment})


def path_of(name):
    return os.path.join(FOLDER.name, name)


def scenario(name, text):
    with open(path_of(name), "w", encoding="utf-8") as f:
        f.write(text)
    return path_of(name)


def content(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def two_variants(least=1):
    return scenario("two.yaml", TWO_VARIANTS % least)


def test_help_of_each_verb_has_an_example_that_works():
    for verb in VERBS:
        shown = virqsim(verb, "--help")
        assert shown.returncode == 0 and shown.stderr == "", verb
        lines = shown.stdout.replace("\n", " ")
        example = re.search(r"Example: virqsim (.*?)  ?Exit status", lines)
        assert example, f"{verb} --help has no example"
        arguments = example.group(1).split()
        if "--out" in arguments:
            arguments[arguments.index("--out") + 1] = path_of("example")
        assert arguments[0] == verb
        assert virqsim(*arguments).returncode == 0, arguments


def test_help_names_every_verb():
    shown = virqsim("--help")
    assert shown.returncode == 0
    for verb in VERBS:
        assert f"\n  {verb} " in shown.stdout, verb


def test_version_is_that_of_the_results():
    version = virqsim("--version").stdout.split()
    result = json.loads(virqsim("run", FIRST, "--json", "-").stdout)
    assert version == ["virqsim", result["version"]]


def test_mistakes_on_the_command_line_end_with_2_and_a_message():
    for arguments, message in (
            ([], "Usage: virqsim VERB FILE"),
            (["rnu", FIRST], "unknown verb 'rnu'; did you mean 'run'?"),
            (["run"], "expected FILE"),
            (["run", FIRST, FIRST], "one file is enough"),
            (["run", FIRST, "--bogus"], "unrecognized option '--bogus'"),
            (["run", FIRST, "--host", "vcml"], "expected systemc or none"),
            (["run", FIRST, "--variant", "bas"], "did you mean 'base'?"),
            (["compare", FIRST, "--variant", "other"], "it has base"),
            (["check", FIRST, "--variant", "bas"], "did you mean 'base'?"),
            (["show", FIRST, "--variant", "bas"], "did you mean 'base'?"),
            (["run", "nowhere.yaml"], "cannot read 'nowhere.yaml'"),
            (["run", FIRST, "--set", "duration"], "expected KEY=VALUE"),
            (["run", FIRST, "--seed", "x"], "--seed: error: 'seed: x'"),
            (["list"], "expected scenarios|platforms"),
            (["list", "kyes"], "did you mean 'keys'?"),
            (["run", FIRST, "--json", "/dev/null/x"], "cannot write"),
            (["run", FIRST, "--out", "/dev/null/x"], "cannot make")):
        ended = virqsim(*arguments)
        assert ended.returncode == 2, (arguments, ended.returncode)
        assert message in ended.stderr, (arguments, ended.stderr)


def test_mistakes_in_a_file_have_place_and_count():
    path = scenario("bad.yaml", content(FIRST).replace("10ms", "10").replace(
        "kind: spin", "kind: spinn").replace(
            "platforms/", f"{os.getcwd()}/scenarios/platforms/"))
    for verb in ("run", "compare", "check", "show"):
        ended = virqsim(verb, path)
        lines = ended.stderr.splitlines()
        assert ended.returncode == 2 and ended.stdout == "", verb
        assert lines[0].startswith(f"{path}:6:11: error: 'duration: 10': ")
        assert lines[1].startswith(f"{path}:19:11: error: 'kind: spinn': ")
        assert lines[2] == "2 errors, 0 warnings", lines


def test_mistakes_in_a_platform_come_with_those_of_the_scenario():
    platform = scenario("broken-platform.yaml", content(
        "scenarios/platforms/nehalem-x5570.yaml").replace(
            "\ncpu:\n", "\ncpu:\n  vm_exot: {}\n"))
    path = scenario("both.yaml", content(FIRST).replace(
        "platforms/nehalem-x5570.yaml", "broken-platform.yaml").replace(
            "10ms", "10"))
    line = content(platform).split("vm_exot")[0].count("\n") + 1
    lines = virqsim("check", path).stderr.splitlines()
    assert lines[0].startswith(f"{path}:6:11: error: 'duration: 10': "), lines
    assert lines[1] == (
        f"{platform}:{line}:3: error: unknown key 'vm_exot' of a group of "
        "costs; did you mean 'vm_exit'?"), lines
    assert lines[2] == "2 errors, 0 warnings", lines


def test_check_says_ok():
    ended = virqsim("check", FIRST)
    assert (ended.returncode, ended.stdout, ended.stderr) == (
        0, f"{FIRST}: OK, 1 variant\n", "")


def test_show_gives_a_variant_that_shows_the_same_again():
    path = two_variants()
    shown = virqsim("show", path, "--variant", "slow", "--set", "seed=5")
    again = virqsim("show", scenario("shown.yaml", shown.stdout))
    assert shown.returncode == 0 and "seed: 5\n" in shown.stdout
    assert "vm_exit: {value: 5000 cycles, source: " in shown.stdout
    assert again.stdout == shown.stdout


def test_json_alone_goes_to_standard_output():
    for verb in ("run", "compare"):
        ended = virqsim(verb, FIRST, "--json", "-")
        result = json.loads(ended.stdout)
        assert ended.returncode == 0
        assert list(result["variants"]) == ["base"]
        assert result["variants"]["base"]["interrupts"]["sent"] > 0
        assert "First interrupt" in ended.stderr, "the report for people"


def test_compare_runs_all_variants_and_run_the_first_or_the_named():
    path = two_variants()
    everything = json.loads(virqsim("compare", path, "--json", "-").stdout)
    assert list(everything["variants"]) == ["kvm", "bare", "slow"]
    for arguments, name in (([], "kvm"), (["--variant", "bare"], "bare")):
        one = json.loads(virqsim("run", path, "--json", "-",
                                 *arguments).stdout)
        assert one["variants"] == {name: everything["variants"][name]}, name


def test_both_hosts_give_the_same_bytes():
    given = [virqsim("run", FIRST, "--json", "-", "--host", host).stdout
             for host in ("systemc", "none")]
    assert given[0] == given[1] != ""


def test_number_of_threads_does_not_change_a_byte():
    path = two_variants()
    given = [virqsim("compare", path, "--json", "-", OMP_NUM_THREADS=n).stdout
             for n in ("1", "3")]
    assert given[0] == given[1] != ""


def test_seed_and_set_change_the_run():
    path = two_variants()
    plain, seed, same, longer = (
        json.loads(virqsim("run", path, "--json", "-", *a).stdout)["variants"]
        for a in ([], ["--seed", "2"], ["--set", "seed=1"],
                  ["--set", "duration=4ms"]))
    assert plain == same
    assert plain != seed
    sent = [v["kvm"]["interrupts"]["sent"] for v in (plain, longer)]
    assert sent[1] > 1.5 * sent[0], sent


def test_failed_expectation_ends_with_1_and_says_which():
    fine = virqsim("compare", two_variants(1))
    failed = virqsim("compare", two_variants(1000000), "--quiet")
    assert fine.returncode == 0, fine.stdout + fine.stderr
    assert fine.stdout.count("2 held, 0 failed") == 1, fine.stdout
    assert failed.returncode == 1
    assert failed.stdout == "" and "exits.total" in failed.stderr
    assert virqsim("run", two_variants(1000000)).returncode == 0, (
        "the first variant's run does not answer for another one")


def test_quiet_says_nothing_if_all_is_fine():
    ended = virqsim("compare", two_variants(), "--quiet")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def on_a_terminal(*arguments):
    """What a terminal sees of standard error."""
    ours, theirs = pty.openpty()
    subprocess.run([VIRQSIM, *arguments], stdout=subprocess.DEVNULL,
                   stderr=theirs, check=True, timeout=120)
    os.write(theirs, b"end")
    os.close(theirs)
    seen = b""
    while not seen.endswith(b"end"):
        seen += os.read(ours, 65536)
    os.close(ours)
    return seen.decode()


def test_progress_is_for_terminals_only():
    assert virqsim("run", FIRST).stderr == ""
    assert virqsim("compare", FIRST).stderr == ""
    assert "100 %" in on_a_terminal("run", FIRST)
    assert "100 %" in on_a_terminal("run", FIRST, "--host", "none")
    assert "1 of 1 variants" in on_a_terminal("compare", FIRST)
    assert on_a_terminal("compare", FIRST, "--quiet") == "end"


def test_out_writes_every_form():
    folder = path_of("new/forms")
    assert virqsim("compare", FIRST, "--out", folder).returncode == 0
    assert sorted(os.listdir(folder)) == [
        "report.csv", "report.html", "report.md", "result.json"]
    assert json.loads(content(f"{folder}/result.json"))["variants"]
    assert virqsim("compare", FIRST, "--out", folder).returncode == 0, "again"


def test_lists_name_what_is_there():
    assert FIRST in virqsim("list", "scenarios").stdout.splitlines()
    assert ("scenarios/platforms/nehalem-x5570.yaml"
            in virqsim("list", "platforms").stdout.splitlines())
    keys = virqsim("list", "keys").stdout
    assert "\nvms.NAME.features.eli: " in keys
    assert "\nplatform.cpu.vm_exit: " in keys
    assert "exits.per_interrupt" in virqsim("list", "figures").stdout


if __name__ == "__main__":
    sys.exit(harness.run_tests(globals()))
