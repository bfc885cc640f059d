"""The generated documents are current, and a validator that is not ours
accepts the shipped scenarios and refuses what the loader refuses."""
import copy
import glob
import json
import os
import subprocess
import sys

import jsonschema
import yaml

import harness

VIRQSIM = os.path.join(os.environ.get("BUILD", "build"), "virqsim")
FIRST = "scenarios/first-interrupt.yaml"


def virqsim(*arguments):
    return subprocess.run([VIRQSIM, *arguments], check=True,
                          capture_output=True, text=True, timeout=60).stdout


def content(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def scenarios():
    found = glob.glob("scenarios/*.yaml")
    assert FIRST in found
    return found


def validator(part=None):
    schema = json.loads(content("docs/schema/scenario.schema.json"))
    if part:
        schema = {"$ref": f"#/definitions/{part}",
                  "definitions": schema["definitions"]}
    return jsonschema.Draft7Validator(schema)


def mistakes(document, part=None):
    return [f"{list(e.absolute_path)}: {e.message}"[:300]
            for e in validator(part).iter_errors(document)]


def test_manual_is_current():
    assert virqsim("list", "keys", "--markdown") == content(
        "docs/scenario.md"), "virqsim list keys --markdown > docs/scenario.md"


def test_schema_is_current():
    assert virqsim("list", "schema") == content(
        "docs/schema/scenario.schema.json"), (
            "virqsim list schema > docs/schema/scenario.schema.json")


def test_schema_is_a_schema():
    jsonschema.Draft7Validator.check_schema(validator().schema)


def test_shipped_scenarios_fit():
    for path in scenarios():
        assert mistakes(yaml.safe_load(content(path))) == [], path


def test_shipped_platforms_fit():
    found = glob.glob("scenarios/platforms/*.yaml")
    assert found
    for path in found:
        assert mistakes(yaml.safe_load(content(path)), "platform") == [], path


def test_what_show_prints_fits():
    for path in scenarios():
        assert mistakes(yaml.safe_load(virqsim("show", path))) == [], path


def test_variants_may_be_partial_and_dotted():
    good = yaml.safe_load(content(FIRST))
    good["variants"] = {
        "plain": {}, "empty": None,
        "map": {"vms": {"guest": {"hypervisor": "none"}}},
        "list": {"vms": [{"name": "guest", "hypervisor": "none"}]},
        "dotted": {"vms.guest.hypervisor": "none"},
        "cost": {"platform": {"cpu": {"vm_exit": "600 cycles"}}},
    }
    assert mistakes(good) == []


def test_mistakes_are_refused():
    good = yaml.safe_load(content(FIRST))
    for path, value in (
            (["flavour"], 1),
            (["duration"], 10),
            (["duration"], "10 parsecs"),
            (["machine", "cpus"], 65),
            (["vms", 0, "apic"], "x3apic"),
            (["vms", 0, "cores"], 1),
            (["devices", 0, "name"], "two words"),
            (["programs", 0, "handler"], "20us"),
            (["variants"], {"a": {"duraton": "1s"}}),
            (["variants"], {"a": {"expect": []}}),
            (["expect"], [{"min": 1}])):
        bad = copy.deepcopy(good)
        at = bad
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value
        assert mistakes(bad), f"{path}: {value} was accepted"
    for key in ("title", "platform", "duration", "programs", "vms"):
        assert mistakes({k: v for k, v in good.items() if k != key}), key


def test_platform_values_need_their_source():
    platform = yaml.safe_load(
        content("scenarios/platforms/nehalem-x5570.yaml"))
    del platform["cpu"]["vm_exit"]["source"]
    assert mistakes(platform, "platform")


if __name__ == "__main__":
    sys.exit(harness.run_tests(globals()))
