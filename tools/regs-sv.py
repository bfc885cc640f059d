#!/usr/bin/python3
"""Makes a SystemVerilog package of a model's register table.

    tools/regs-sv.py models/NAME/NAME_regs.def RTL... >NAME_regs_pkg.sv

Only what the files RTL use is in the package.

The table's own comment names the columns: a line that starts with
"REG(name, offset, ...)".  Every number of a row becomes a constant
ROW_COLUMN of 32 bits, or of 64 if it needs them; words (RO, RW, ...) become
numbers by the order of ACCESS below.  Rows of other kinds, say OPTION(name,
feature, bits), become constants NAME_FEATURE_BITS; titles in quotes are no part
of a name.  If REG has a column `count`, each column also becomes a function of
the offset, COLUMN_at(), which is 0 where there is no register.
"""
import os
import re
import sys

ACCESS = ("NONE", "RO", "RW", "WO")
SLOT_BYTES = 16
CALL = re.compile(r"^\s*\*?\s*([A-Z]+)\((.*)\)", re.M)


def split(arguments):
    parts = re.findall(r'"[^"]*"|[^,]+', arguments)
    return [p.strip() for p in parts if p.strip()]


def read(path):
    """({kind: columns}, [(kind, {column: text})])"""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    columns = {}
    for comment in re.findall(r"/\*.*?\*/", text, re.S):
        for kind, arguments in CALL.findall(comment):
            columns.setdefault(kind, split(arguments))
    rows = []
    for kind, arguments in CALL.findall(re.sub(r"/\*.*?\*/", "", text,
                                               flags=re.S)):
        rows.append((kind, dict(zip(columns[kind], split(arguments)))))
    return columns, rows


def number(text):
    """The value of a cell, or None if it is neither number nor access."""
    if text in ACCESS:
        return ACCESS.index(text)
    try:
        return int(text, 0)
    except ValueError:
        return None


def constant(name, value):
    bits = 64 if value >> 32 else 32
    return f"  localparam logic [{bits - 1}:0] {name} = {bits}'h{value:0{bits // 4}x};"


def lookup(column, rows):
    out = [f"  function automatic logic [31:0] {column}_at("
           "input logic [11:0] offset);",
           "    unique case (offset)"]
    for row in rows:
        first = number(row["offset"])
        slots = ", ".join(f"12'h{first + SLOT_BYTES * i:03x}"
                          for i in range(number(row["count"])))
        if number(row[column]):
            out.append(f"      {slots}: {column}_at = "
                       f"32'h{number(row[column]):08x};")
    out += [f"      default: {column}_at = 32'h0;", "    endcase",
            "  endfunction"]
    return out


def words_of(paths):
    words = set()
    for path in paths:
        with open(path, encoding="utf-8") as f:
            words.update(re.findall(r"\w+", f.read()))
    return words


def package(path, rtl):
    columns, rows = read(path)
    used = words_of(rtl)
    name = os.path.basename(path)[:-len(".def")] + "_pkg"
    out = [f"// Made from {path} by tools/regs-sv.py.",
           f"package {name};"]
    for kind, row in rows:
        words = [row["name"]] + ([] if kind == "REG" else [
            t for c, t in row.items()
            if c != "name" and number(t) is None and t[0] != '"'])
        for column, text in row.items():
            name_in_sv = "_".join(words + [column]).upper()
            if name_in_sv in used and number(text) is not None:
                out.append(constant(name_in_sv, number(text)))
    registers = [row for kind, row in rows if kind == "REG"]
    if "count" in columns["REG"]:
        for column in columns["REG"]:
            if column + "_at" in used:
                out += lookup(column, registers)
    return "\n".join(out + ["endpackage", ""])


if __name__ == "__main__":
    sys.stdout.write(package(sys.argv[1], sys.argv[2:]))
