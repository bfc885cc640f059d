"""The experiment that is shipped: its expectations hold, its exits and cycles
add up, and a cost that changes moves the result as arithmetic says."""
import os
import resource
import shutil
import sys
import tempfile

import yaml

from harness import (NETPERF, ROOT, compare, figure, report, status, virqsim)

CPU_SECONDS = 10
MEGABYTES = 200
HYPERVISED = ("baseline", "eli_delivery", "eli")

EXIT, ENTRY, INJECTION, INTERRUPT = (
    "platform.cpu.vm_exit", "platform.cpu.vm_entry",
    "platform.cpu.event_injection", "platform.kvm.external_interrupt")


def profile_costs():
    """The profile's cycles of the four, as `show` spells them out."""
    tree = yaml.safe_load(virqsim("show", NETPERF).stdout)
    costs = {}
    for key in (EXIT, ENTRY, INJECTION, INTERRUPT):
        value = tree
        for name in key.split("."):
            value = value[name]
        value = value["value"] if isinstance(value, dict) else value
        costs[key] = int(value.removesuffix(" cycles"))
    return costs


def dearer(costs, key, more):
    """The costs with one of them raised, and the results with that."""
    raised = costs[key] + more
    return {**costs, key: raised}, compare({key: f"{raised} cycles"})


def check_run():
    done = virqsim("compare", NETPERF)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = used.ru_utime + used.ru_stime
    report(done.returncode == 0, "the expectations of eli-netperf hold",
           done.stderr)
    report("Expectations: 2 held, 0 failed\n" in done.stdout,
           "and the terminal says so", done.stdout[-300:])
    report(done.stderr == "", "a run without failures says nothing on standard"
           " error", done.stderr)
    report(used.ru_maxrss < MEGABYTES * 1024,
           f"one simulated second takes less than {MEGABYTES} MB",
           f"{used.ru_maxrss} KiB")
    report(seconds < CPU_SECONDS,
           f"and less than {CPU_SECONDS} s of one core", f"{seconds:.1f} s")


def near(a, b, within):
    return abs(a - b) <= within


def check_exits(shipped):
    """Counts may differ by one or two: an interrupt is under way when the
    measurement starts, and another when it ends."""
    base = shipped["baseline"]
    ext, eoi, window = (figure(base, "exits.by_reason." + name) for name in (
        "EXTERNAL_INTERRUPT", "MSR_WRITE", "INTERRUPT_WINDOW"))
    nic = figure(base, "interrupts.by_source.nic.delivered")
    tick = figure(base, "interrupts.by_source.guest.timer.delivered")
    host = figure(base, "interrupts.by_source.cpu0.timer.delivered")
    handled = figure(base, "host_interrupts.per_second")
    arrivals = figure(base, "latency_ns.lapic_accept..vm_exit.count")
    report(figure(base, "exits.total") == ext + eoi + window,
           "baseline: interrupts, EOIs and windows are all the exits")
    report(near(eoi, nic + tick, 2),
           "baseline: each interrupt of the guest has one EOI exit",
           eoi, nic + tick)
    report(near(handled, nic + host, 2),
           "baseline: every physical interrupt is handled in the host",
           handled, nic + host)
    report(near(ext, arrivals, 2) and 0 < handled - ext < 0.15 * handled,
           "baseline: interrupts that arrive in the host exit no second time",
           ext, arrivals, handled)
    exitless = shipped["eli_delivery"]
    report(figure(exitless, "exits.by_reason.EXTERNAL_INTERRUPT") < 50,
           "eli_delivery: a device's interrupt exits no more")
    report(near(figure(exitless, "exits.by_reason.MSR_WRITE"), figure(
        exitless, "interrupts.by_source.nic.delivered") + tick, 2),
        "eli_delivery: each EOI still exits")
    report(near(figure(shipped["eli"], "exits.by_reason.MSR_WRITE"), figure(
        shipped["eli"], "injections.per_second"), 2),
        "eli: only the EOIs of injected interrupts exit")
    report(figure(shipped["bare_metal"], "exits.total") == 0,
           "bare metal has no exits")


def check_transitions(results, costs, what):
    """Hardware's part of each exit, to the cycle: an exit and an entry, and
    the delivery of what is injected."""
    each = costs[EXIT] + costs[ENTRY]
    for name in HYPERVISED:
        figures = results[name]
        second = figure(figures, "time.simulated_ns") / 1e9
        injected = round(figure(figures, "injections.per_second") * second)
        want = (figure(figures, "exits.total") * each +
                injected * costs[INJECTION])
        got = figure(figures, "cycles.transition")
        # an exit may be cut by the start or the end of the measurement
        report(near(got, want, 2 * each),
               f"{name}: transition cycles are exits and entries{what}",
               got, want)


def check_exit_cost(costs):
    costs, results = dearer(costs, EXIT, 200)
    check_transitions(results, costs, ", with 200 cycles more an exit")


def check_interrupt_cost(shipped, costs):
    """1000 cycles more for each interrupt that the host routes.  A longer
    stay in the host lets more interrupts arrive there, which share an exit
    and so save its way in: hence the 5 %."""
    slower = dearer(costs, INTERRUPT, 1000)[1]["baseline"]
    base = shipped["baseline"]
    grown = figure(slower, "cycles.host") - figure(base, "cycles.host")
    want = 1000 * figure(slower, "host_interrupts.per_second")
    report(near(grown, want, 0.05 * want),
           "baseline: 1000 cycles more a routed interrupt are 1000 cycles more"
           " in the host for each", grown, want)
    report(figure(slower, "throughput.per_second") <
           figure(base, "throughput.per_second"),
           "baseline: and less throughput")


def check_pollution(shipped):
    clean = compare({"platform.cpu.pollution_per_exit": "0 cycles"})
    for name in ("baseline", "eli_delivery"):
        before, after = shipped[name], clean[name]
        each = [figure(f, "cycles.host") / figure(f, "exits.total")
                for f in (before, after)]
        report(figure(after, "throughput.per_second") >
               1.01 * figure(before, "throughput.per_second"),
               f"{name}: without pollution throughput is higher")
        report(near(each[0], each[1], 0.01 * each[0]),
               f"{name}: and the host's cycles an exit are the same", each)


def impossible(folder):
    """A copy of the scenario that expects ELI to beat bare metal; its path."""
    with open(os.path.join(ROOT, NETPERF), encoding="utf-8") as f:
        text = f.read()
    true = "min: 0.97, max: 1.00"
    assert text.count(true) == 1
    path = os.path.join(folder, "impossible.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(true, "min: 1.5"))
    return path


def check_failed_expectation():
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(os.path.join(ROOT, "scenarios/platforms"),
                        os.path.join(folder, "platforms"))
        short = ("--set", "duration=20ms", "--set", "warmup=5ms")
        path = impossible(folder)
        failed = "expectation failed: eli: throughput.relative is "
        for quiet in ((), ("--quiet",)):
            done = virqsim("compare", path, *short, *quiet)
            report(done.returncode == 1 and done.stderr.count(failed) == 1,
                   "an expectation that fails gives exit status 1 and one"
                   " message on standard error" +
                   (", also with --quiet" if quiet else ""),
                   done.returncode, done.stderr)
        report(done.stdout == "", "--quiet leaves standard output empty")
        done = virqsim("compare", path, *short, "--json", "-")
        report(done.returncode == 1 and done.stdout.startswith("{") and
               done.stderr.count("FAILED  eli: throughput.relative") == 1,
               "with --json - the tables are on standard error",
               done.stderr[-300:])
        done = virqsim("run", path, *short, "--variant", "baseline")
        report(done.returncode == 0 and
               "2 about variants that did not run" in done.stdout,
               "one variant alone is not held against the reference",
               done.stdout[-300:], done.stderr)


def main():
    check_run()
    shipped, costs = compare(), profile_costs()
    check_exits(shipped)
    check_transitions(shipped, costs, "")
    check_exit_cost(costs)
    check_interrupt_cost(shipped, costs)
    check_pollution(shipped)
    check_failed_expectation()
    return status()


if __name__ == "__main__":
    sys.exit(main())
