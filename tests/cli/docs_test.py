"""What the pages say is so: commands work, quoted output is what the program
prints, links lead somewhere.

    VIRQSIM_UPDATE_DOCS=1 /usr/bin/python3 tests/cli/docs_test.py

renews quoted output and simulated numbers in place, and checks nothing else;
`make results-update` calls it.

A command is a line of a code block (fenced or indented by four) that starts
with "make ", "build/", "tools/" or ".ci/"; the shell sees it whole, so that
`# ...` behind it is a comment.  Everything else in a block is not run.  A
`make TARGET`, in a block or in code in the text, is only held against the
Makefile (make -n).  Commands run at the root and may write below build/ only.
"""
import glob
import os
import re
import subprocess
import sys

from harness import BUILD, NETPERF, ROOT, compare, figure, report, status
from harness import virqsim

UPDATE = os.environ.get("VIRQSIM_UPDATE_DOCS") == "1"
PAGES = ("README.md", "docs/*.md", "models/*/README.md", "models/*/rtl/README.md",
         "software/README.md",
         "sim/*/README.md", "examples/*/README.md", "scenarios/*.md",
         "results/*.md")
COMMAND = re.compile(r"(make |build/|tools/|\.ci/)")
MAKE = re.compile(r"make( [\w./=-]+)*$")
# A path of the tree in code: no placeholder in capitals, no pattern.
PATH = re.compile(r"(sim|models|software|scenarios|docs|examples|tests|tools|"
                  r"bench|results|\.ci)/[a-z0-9_./-]*$")


def read(page):
    with open(os.path.join(ROOT, page), encoding="utf-8") as f:
        return f.read()


def write(page, text):
    with open(os.path.join(ROOT, page), "w", encoding="utf-8") as f:
        f.write(text)


def pages():
    return sorted(os.path.relpath(path, ROOT) for pattern in PAGES
                  for path in glob.glob(os.path.join(ROOT, pattern)))


def split(text):
    """(lines of code blocks, the rest of the page)"""
    code, prose, fenced, before = [], [], False, ""
    for line in text.split("\n"):
        indented = line.startswith("    ") and (not before or code
                                                and code[-1] == before)
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or indented:
            code.append(line if fenced else line[4:])
            before = code[-1]
            continue
        else:
            prose.append(line)
        before = line
    return code, "\n".join(prose)


def environment():
    """Not that of the make that runs this test, nor the logs of the tests
    that run beside it."""
    return {**{k: v for k, v in os.environ.items()
               if not k.startswith("MAKE") and k != "MFLAGS"},
            "BUILD": os.path.relpath(BUILD, ROOT),
            "TEST_LOGS": os.path.join(BUILD, "test-logs", "docs")}


def run(command):
    return subprocess.run(["bash", "-c", command], cwd=ROOT, text=True,
                          env=environment(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)


def check_command(page, command):
    if command.startswith("make"):
        command = "make -n" + command[4:]
    where = os.path.relpath(BUILD, ROOT) + "/"
    done = run(re.sub(r"(?<![\w./-])build/", where, command))
    report(done.returncode == 0, f"{page}: {command}", done.returncode,
           done.stdout[-1000:])


def listing():
    """All files but those that git keeps or ignores."""
    found = set()
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders
                      if not f.startswith((".git", "build", "__pycache__"))]
        found.update(os.path.join(folder, name) for name in names)
    return found


def check_commands():
    before, seen = listing(), set()
    for page in pages():
        code, prose = split(read(page))
        spans = re.findall(r"`([^`\n]+)`", prose)
        for command in ([c for c in code if COMMAND.match(c)] +
                        [s for s in spans if MAKE.match(s)]):
            if command not in seen:
                seen.add(command)
                check_command(page, command)
    report(len(seen) > 20, "the pages have commands to check", len(seen))
    added = listing() - before
    report(not added, "they write below build/ only", *sorted(added))


def anchors(page):
    """The names that headings get on the web."""
    titles = re.findall(r"^#+ (.*)$", split(read(page))[1], re.M)
    return {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-")
            for t in titles}


def leads_somewhere(page, target):
    path, _, anchor = target.partition("#")
    path = os.path.normpath(os.path.join(os.path.dirname(page), path)
                            ) if path else page
    if not os.path.exists(os.path.join(ROOT, path)):
        return False
    return not anchor or anchor in anchors(path)


def check_links():
    for page in pages():
        prose = split(read(page))[1]
        targets = [t for t in re.findall(r"\]\(([^)\s]+)\)", prose)
                   if not re.match(r"[a-z]+:", t)]
        dead = [t for t in targets if not leads_somewhere(page, t)]
        dead += [s for s in re.findall(r"`([^`\n]+)`", prose)
                 if PATH.match(s) and not os.path.exists(
                     os.path.join(ROOT, s))]
        report(not dead, f"{page}: links and paths lead somewhere", *dead)


def check_scenarios():
    """README names every shipped scenario."""
    table = read("README.md").split("## Scenarios")[1].split("\n## ")[0]
    named = set(re.findall(r"`([a-z0-9-]+)`", table))
    shipped = {os.path.basename(path)[:-len(".yaml")] for path in
               glob.glob(os.path.join(ROOT, "scenarios", "*.yaml"))}
    report(named == shipped, "README.md names the scenarios that there are",
           *sorted(named ^ shipped))


# ---- quoted output -------------------------------------------------------

# The demo's output stands in README.md in blocks that follow each other; each
# starts with one of these.
QUOTES = (NETPERF + ": profile ", "Simulated beside published ")


def quoted(output):
    """The output, cut where the next block starts."""
    starts = [output.index(q) for q in QUOTES]
    return [output[a:b].strip("\n") + "\n"
            for a, b in zip(starts, starts[1:] + [None])]


def check_quotes():
    text = read("README.md")
    for start, part in zip(QUOTES, quoted(virqsim("compare", NETPERF).stdout)):
        block = re.compile("(?<=```\n)" + re.escape(start) + ".*?(?=```)",
                           re.S)
        if UPDATE:
            text = block.sub(lambda _, part=part: part, text)
        shown = block.search(text)
        report(shown and shown.group(0) == part,
               f"README.md shows what the demo prints from '{start}' on",
               *differing(shown.group(0) if shown else "", part))
    if UPDATE:
        write("README.md", text)


def differing(a, b):
    pairs = [(x, y) for x, y in zip(a.split("\n"), b.split("\n")) if x != y]
    return [f"shown  {x}\nprints {y}" for x, y in pairs[:5]] + [
        "make results-update renews it"]


# ---- numbers of docs/eli-netperf.md --------------------------------------

CASE = "docs/eli-netperf.md"
NUMBER = re.compile(r"\d[\d,]*(\.\d+)?")


def as_in(cell, value):
    """The value in the form of the cell: its decimals and its unit."""
    shape = NUMBER.search(cell)
    decimals = len((shape.group(1) or ".")) - 1
    return (cell[:shape.start()] + f"{value:,.{decimals}f}" +
            cell[shape.end():])


class Case:
    """The page, with the cells and words that have been checked."""

    def __init__(self):
        self.text = read(CASE)

    def hold(self, what, old, value):
        """`old` is the match of the text that shows the value."""
        new = as_in(old.group(1), value)
        if UPDATE:
            self.text = (self.text[:old.start(1)] + new +
                         self.text[old.end(1):])
        report(UPDATE or new == old.group(1), f"{CASE}: {what}",
               f"shown {old.group(1)}, simulated {new}")

    def row(self, table, start, values):
        """The cells behind the start of a row of the table that has this
        first cell."""
        at = self.text.index(f"| {table} |")
        for i, value in enumerate(values, 1):
            row = re.compile(re.escape(start) + r" \|(?:[^|\n]*\|){%d}"
                             r" ([^|\n]+?) \|" % (i - 1))
            cell = row.search(self.text, at)
            what = f"{table}: {start.strip('| ')}, {i}"
            if cell:
                self.hold(what, cell, value)
            else:
                report(False, f"{CASE}: {what} is in the table")


def relative(variant):
    return 100 * figure(variant, "throughput.relative")


def check_outcome(case, shipped):
    base, eli = shipped["baseline"], shipped["eli"]
    nic = figure(base, "interrupts.by_source.nic.delivered")
    for start, value in (
            ("exits/s | baseline", figure(base, "exits.per_second")),
            ("exits per interrupt of the device | baseline",
             figure(base, "exits.total") / nic),
            ("interrupt windows/s | baseline",
             figure(base, "exits.per_second_by_reason.INTERRUPT_WINDOW")),
            ("injections/s | baseline",
             figure(base, "injections.per_second")),
            ("exits/s | eli", figure(eli, "exits.per_second")),
            ("time in guest | eli", figure(eli, "time_in_guest.percent")),
            ("throughput relative to bare metal | baseline", relative(base)),
            ("| | eli_delivery", relative(shipped["eli_delivery"])),
            ("| | eli", relative(eli))):
        case.row("figure", start, [value])


def check_words(case, shipped):
    base, eli = shipped["baseline"], shipped["eli"]
    second = figure(base, "time.simulated_ns") / 1e9
    in_host = 100 - 100 * figure(base, "exits.by_reason.EXTERNAL_INTERRUPT") / (
        figure(base, "host_interrupts.per_second") * second)
    for words, value in (
            (r"EOI\s+and (\S+) of them one for a window",
             figure(base, "exits.by_reason.INTERRUPT_WINDOW")),
            (r"window: (\S+) in 100 device interrupts arrive", in_host),
            (r"handled in the host; here (\d+),",
             figure(eli, "host_interrupts.per_second"))):
        found = re.search(words, case.text)
        if found:
            case.hold(f"'{words}'", found, value)
        else:
            report(False, f"{CASE}: it says '{words}'")


def shipped_or(setting, value, shipped):
    return shipped if value.endswith("(as shipped)") else compare(
        {setting: value})


def check_sensitivity(case, shipped):
    setting = "programs.netperf.critical_work"
    for value in rows_of(case, setting):
        base = shipped_or(setting, value, shipped)["baseline"]
        case.row(f"`{setting}`", f"| {value}", [
            figure(base, "exits.per_second_by_reason.INTERRUPT_WINDOW"),
            figure(base, "time_in_guest.percent"), relative(base)])
    setting = "platform.cpu.pollution_per_exit"
    for value in rows_of(case, setting):
        result = shipped_or(setting, value, shipped)
        case.row(f"`{setting}`", f"| {value}", [
            relative(result[v]) for v in ("baseline", "eli_delivery", "eli")])


def rows_of(case, setting):
    """The first cells of the table whose first column is the setting."""
    table = case.text.split(f"| `{setting}` |")[1].split("\n\n")[0]
    return re.findall(r"^\| (\d+ cycles[^|]*?) \|", table, re.M)


def check_case():
    case, shipped = Case(), compare()
    check_outcome(case, shipped)
    check_words(case, shipped)
    check_sensitivity(case, shipped)
    if UPDATE:
        write(CASE, case.text)


def main():
    check_quotes()
    check_case()
    if not UPDATE:
        check_links()
        check_scenarios()
        check_commands()
    return status()


if __name__ == "__main__":
    sys.exit(main())
