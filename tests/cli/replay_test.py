"""virqsim replay as a user meets it: counts, the first difference, statuses."""
import json
import os
import sys
import tempfile

from harness import ROOT, report, status, virqsim

RECORDED = os.path.join(ROOT, "tests", "recorded")
FOLDER = tempfile.TemporaryDirectory()


def recorded(name):
    return os.path.join("tests", "recorded", name)


def changed(name, line, text):
    """A copy of a recording with one line replaced; its path."""
    with open(os.path.join(RECORDED, name), encoding="ascii") as f:
        lines = f.read().split("\n")
    lines[line - 1] = text
    return written("changed-" + name, "\n".join(lines))


def written(name, text):
    path = os.path.join(FOLDER.name, name)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return path


def test_recordings_of_all_kinds():
    names = sorted(os.listdir(RECORDED))
    done = virqsim("replay", *[recorded(n) for n in names])
    report(done.returncode == 0, "all recordings are reproduced: status 0",
           done.stdout, done.stderr)
    report(done.stdout.count(" compared, 0 different, ") == len(names),
           "each file has a line with its counts", done.stdout)


def test_first_difference():
    path = changed("lapic-101.txt", 7, "AR a0 =70")
    done = virqsim("replay", path)
    report(done.returncode == 1, "a difference: status 1", done.returncode)
    for words in ("2607 compared, 1 different, 101 unscored",
                  f"first difference: {path}:7: AR a0 =70",
                  "\n  expected 70\n", "\n  got      0\n"):
        report(words in done.stdout, f"it says '{words.strip()}'", done.stdout)


def test_operations_that_led_to_it():
    path = written("led.txt", "BEGIN lapic\nAW 320 31\nAW 300 40052\n"
                   "AW 80 60\nI =52\nEND\n")
    done = virqsim("replay", path)
    report(f"what led to it:\n    {path}:3: AW 300 40052\n"
           f"    {path}:4: AW 80 60\n" in done.stdout,
           "what led to it are the vector's and the priority's operations",
           done.stdout)


def test_json():
    done = virqsim("replay", recorded("pic-101.txt"), "--json", "-")
    shown = json.loads(done.stdout)
    report(shown == {"compared": 1820, "different": 0, "unscored": 25,
                     "first": None}, "--json - of a good recording", shown)
    report("1820 compared" in done.stderr,
           "with --json - the rest goes to standard error", done.stderr)
    path = changed("pic-101.txt", 4000, "OR 20 =12345")
    other = changed("pic-102.txt", 4005, "OR 20 =05")
    done = virqsim("replay", recorded("pic-101.txt"), other, "--json", "-",
                   "--quiet")
    shown = json.loads(done.stdout)
    first = shown["first"]
    report(done.returncode == 1 and shown["compared"] >= 3691 and
           shown["different"] >= 1, "several files are counted together",
           shown, done.stderr)
    report(first["file"] == other and first["line"] == 4005 and
           first["operation"] == "OR 20 =05" and first["expected"] == "5" and
           0 < len(first["earlier"]) <= 10 and
           set(first["earlier"][0]) == {"line", "operation"},
           "first has file, line, operation, both answers and what led to it",
           first)
    done = virqsim("replay", path, "--json", "-")
    report(done.returncode == 2 and not done.stdout,
           "no JSON comes of a broken file", done.stdout)


def test_name_that_is_not_utf8():
    path = changed("lapic-101.txt", 7, "AR a0 =70")
    odd = os.fsencode(FOLDER.name) + b"/odd-\xff.txt"
    os.rename(path, odd)
    done = virqsim("replay", os.fsdecode(odd), "--json", "-",
                   errors="surrogateescape")
    first = json.loads(done.stdout)["first"]
    report(first and first["file"].endswith("/odd-\ufffd.txt") and
           first["line"] == 7, "a name that is not UTF-8 is told cleaned",
           first)


def test_json_file():
    path = os.path.join(FOLDER.name, "replay.json")
    done = virqsim("replay", recorded("pic-101.txt"), "--json", path)
    with open(path, encoding="utf-8") as f:
        report(json.load(f)["compared"] == 1820, "--json FILE writes it")
    report("1820 compared" in done.stdout, "and prints the rest as usual")
    done = virqsim("replay", recorded("pic-101.txt"), "--json",
                   FOLDER.name + "/none/replay.json")
    report(done.returncode == 2 and "cannot write" in done.stderr,
           "a file that cannot be written: status 2", done.stderr)


def test_quiet():
    done = virqsim("replay", recorded("pic-101.txt"), "--quiet")
    report(done.returncode == 0 and not done.stdout and not done.stderr,
           "--quiet prints nothing of a good recording", done.stdout)
    done = virqsim("replay", changed("lapic-101.txt", 7, "AR a0 =70"),
                   "--quiet")
    report("first difference" in done.stdout,
           "but it prints the first difference", done.stdout)


def test_mistakes():
    path = changed("lapic-101.txt", 7, "AR a0 70")
    done = virqsim("replay", path, recorded("pic-101.txt"))
    report(done.returncode == 2 and f"{path}:7:7: error: " in done.stderr,
           "a broken line: status 2, with file, line and column", done.stderr)
    done = virqsim("replay", "no-such-file")
    report(done.returncode == 2 and "no-such-file: error: " in done.stderr,
           "a file that is not there: status 2", done.stderr)
    done = virqsim("replay")
    report(done.returncode == 2 and "FILE" in done.stderr,
           "no file at all: status 2", done.stderr)
    done = virqsim("replay", recorded("pic-101.txt"), "--out", "build/x")
    report(done.returncode == 2, "--out is not for replay: status 2")


def test_rules_that_the_recording_breaks():
    done = virqsim("replay", recorded("boot-linux61-xapic-2cpu.raw.log.xz"))
    report("1 of these break SDM vol. 3, \"Local APIC State After It Has Been "
           "Software Disabled\"" in done.stdout,
           "lines against a manual are listed with the rule's title",
           done.stdout)


if __name__ == "__main__":
    for test in [t for n, t in sorted(globals().items())
                 if n.startswith("test_")]:
        test()
    sys.exit(status())
