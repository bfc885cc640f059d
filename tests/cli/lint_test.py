"""Plants one breach of every lint rule in a copy of the tree: lint must name
the file, the line and the rule of each, and nothing else."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
LINT = os.path.join(ROOT, "tools", "lint.py")

C = "#include <stdint.h>\n\n"


def body(lines):
    return "".join(f"    x += {i};\n" for i in range(lines))


def including(what):
    return f'#include "{what}"\n'


# (sentence, file, text, line of the breach or None, rule)
CASES = [
    ("the core includes nothing above it", "sim/core/zz_a.c",
     C + including("sim/engine/clock.h"), 3, "layer"),
    ("the engine includes only itself and the core", "sim/engine/zz_b.c",
     C + including("sim/scenario/scenario.h"), 3, "layer"),
    ("a model includes no engine", "models/cpu/zz_c.c",
     C + including("sim/engine/clock.h"), 3, "layer"),
    ("a model includes no other model", "models/cpu/zz_d.h",
     "#ifndef MODELS_CPU_ZZ_D_H\n#define MODELS_CPU_ZZ_D_H\n" +
     including("models/pcie/pcie_node.h") + "#endif\n", 3, "layer"),
    ("a model does not include its node", "models/pcie/zz_e.c",
     including("models/pcie/pcie_node.h"), 1, "layer"),
    ("a node may include the engine", "models/cpu/zz_node.c",
     including("sim/engine/clock.h"), None, None),
    ("a node includes no other model", "models/cpu/zz_f_node.c",
     including("models/pcie/pcie_node.h"), 1, "layer"),
    ("a model's test includes no other model", "models/cpu/test/zz_test.c",
     including("models/pcie/pcie_node.h") + including("tests/gtest_c.h"),
     1, "layer"),
    ("software may include the CPU", "software/zz_ok.c",
     including("models/cpu/cpu_costs.h") + including("models/pcie/pcie.h"),
     None, None),
    ("software includes no node but the CPU's", "software/zz_g.c",
     including("models/pcie/pcie_node.h"), 1, "layer"),
    ("a report knows no model", "sim/report/zz_h.c",
     including("models/cpu/cpu_costs.h"), 1, "layer"),
    ("the scenario may include cost tables", "sim/scenario/zz_ok.c",
     including("models/cpu/cpu_costs.h"), None, None),
    ("the scenario includes no model", "sim/scenario/zz_i.c",
     including("sim/machine/machine.h"), 1, "layer"),
    ("include/ includes nothing of ours", "include/zz.h",
     "#ifndef ZZ_H\n#define ZZ_H\n" + including("sim/core/bits.h") +
     "#endif\n", 3, "layer"),
    ("only sim/sc includes SystemC", "sim/machine/zz_j.cc",
     "#include <systemc>\n", 1, "layer"),
    ("an include in a comment counts for nothing", "sim/core/zz_ok.c",
     "/*\n" + including("sim/engine/clock.h") + "*/\n", None, None),
    ("a new folder must have a layer", "sim/zz/zz_k.c",
     including("sim/core/bits.h"), 1, "layer"),
    ("paths start at the root", "sim/core/zz_l.c",
     including("bits.h"), 1, "include-path"),
    ("guards spell the path", "sim/core/zz_m.h",
     "#ifndef ZZ_M_H\n#define ZZ_M_H\n#endif\n", 1, "guard"),
    ("a header has a guard", "sim/core/zz_n.h", "struct zz;\n", 1, "guard"),
    ("a file has at most 600 lines", "sim/core/zz_o.c",
     "struct zz;\n" * 601, 601, "file-length"),
    ("600 lines are fine", "sim/core/zz_600.c", "struct zz;\n" * 600,
     None, None),
    ("a line has at most 100 columns", "tools/zz.sh",
     "true\n: " + "x" * 99 + "\n", 2, "line-length"),
    ("a function has at most 50 lines", "sim/core/zz_p.c",
     "int zz_p(int x)\n{\n" + body(50) + "    return x;\n}\n",
     2, "function-length"),
    ("50 lines are fine", "sim/core/zz_50.c",
     "int zz_50(int x)\n{\n" + body(49) + "    return x;\n}\n", None, None),
    ("a method has at most 50 lines too", "sim/machine/zz_q.cc",
     "class zz\n{\n    int x;\n    void q()\n    {\n" +
     body(51).replace("    ", "        ") + "    }\n};\n",
     5, "function-length"),
    ("a function has at most 4 parameters", "sim/core/zz_r.c",
     "void zz_r(int a, int b, int c, int d, void (*e)(int, int))\n{\n}\n",
     2, "parameters"),
    ("4 parameters and ... are fine", "sim/core/zz_4.c",
     "void zz_4(int a, int b, int (*c)(int, int), const char *d, ...)\n"
     "{\n}\n", None, None),
    ("3 levels of nesting are the limit", "sim/core/zz_s.c",
     "void zz_s(int x)\n{\n    if (x) {\n        while (x) {\n"
     "            for (;;) {\n                if (x) {\n"
     "                    x++;\n                }\n            }\n"
     "        }\n    }\n}\n", 6, "nesting"),
    ("chance is seeded", "sim/core/zz_t.c",
     "int zz_t(void)\n{\n    return ra" "nd();\n}\n", 3, "chance"),
    ("time is the engine's", "sim/core/zz_u.c",
     "long zz_u(void)\n{\n    return ti" "me(0);\n}\n", 3, "chance"),
    ("other names that end in time are fine", "sim/core/zz_time.c",
     "int zz_time(void)\n{\n    return sim_time(0);\n}\n", None, None),
    ("nothing is left to do", "sim/core/zz_v.c",
     "\n/* TO" "DO: more */\n", 2, "word"),
    ("no path of one machine", "tools/zz_w.sh",
     "cd /ho" "me/someone/virqsim\n", 1, "machine"),
    ("no package host", "tools/zz_x.sh",
     "wget http:" "//deb.debian.org/x\n", 1, "machine"),
    ("clang-format has the last word", "sim/core/zz_y.c",
     "struct zz;\nint  zz_y(void);\n", 2, "format"),
]


def lint(root):
    done = subprocess.run([sys.executable, LINT, root], text=True,
                          stdout=subprocess.PIPE, check=False)
    return done.returncode, set(
        m.group(0) for m in re.finditer(r"^[^:\n]+:\d+: [a-z-]+", done.stdout,
                                        re.M))


def report(holds, sentence):
    print(("ok - " if holds else "not ok - ") + sentence)
    return holds


def main():
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "tree")
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(
            "build", ".git", "results"))
        status, before = lint(copy)
        passed = report(status == (1 if before else 0),
                        "the exit status says whether there is a breach")
        for _, path, text, _, _ in CASES:
            path = os.path.join(copy, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        status, after = lint(copy)
        passed &= report(status == 1, "a breach gives exit status 1")
        new = after - before
        for sentence, path, _, line, rule in CASES:
            mine = {b for b in new if b.startswith(path + ":")}
            want = {f"{path}:{line}: {rule}"} if rule else set()
            passed &= report(mine == want, sentence)
            if mine != want:
                print(f"  wanted {sorted(want)}\n  got {sorted(mine)}")
        others = {b for b in new if "/zz" not in b}
        passed &= report(not others, "no other file is blamed")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
