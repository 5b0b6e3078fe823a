#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""uapi.py: the specs include/uapi/*.yaml say what the headers say: every name, every number, and nothing else."""
import os
import re
import sys

try:
    import yaml
except ImportError:
    print("python3-yaml is not installed")
    sys.exit(77)

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
UAPI = os.path.join(TOP, "include", "uapi")
FAMILIES = ["rtrs-client", "rtrs-server", "rnbd-client", "rnbd-server"]
failures = []
passed = 0


def check(good, text):
    global passed
    if good:
        passed += 1
    else:
        failures.append(text)


def read_header(name):
    """{enum: {enumerator: number}} without the _MAX bookkeeping, and the #defines."""
    with open(os.path.join(UAPI, name), encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    enums = {}
    for enum, body in re.findall(r"enum (\w+) \{(.*?)\};", text, flags=re.S):
        value, rows = -1, {}
        for entry in filter(None, (part.strip() for part in body.split(","))):
            word, _, number = (part.strip() for part in entry.partition("="))
            if word.startswith("__") or word.endswith("_MAX"):
                continue
            value = int(number, 0) if number else value + 1
            rows[word] = value
        enums[enum] = rows
    return enums, dict(re.findall(r'#define\s+(\w+)\s+"?([^"\n]+?)"?\s*$', text, flags=re.M))


def c_name(prefix, name):
    return (prefix + name).upper().replace("-", "_")


def check_enum(where, found, header, enum, zero_is_unspec):
    expected = dict(header[enum])
    if zero_is_unspec:
        expected = {name: number for name, number in expected.items() if number}
    for name in sorted(set(found) | set(expected)):
        check(found.get(name) == expected.get(name),
              f"{where}: {name} is {found.get(name)} in the spec, {expected.get(name)} in the header")


def check_references(where, spec, sets):
    """An operation or nest may only name attributes that exist."""
    for operation in spec["operations"]["list"]:
        known = sets[operation["attribute-set"]]
        for part in ("do", "dump", "event"):
            body = operation.get(part, {})
            for used in [body, body.get("request", {}), body.get("reply", {})]:
                for attribute in used.get("attributes", []):
                    check(attribute in known, f"{where}: {operation['name']} names unknown {attribute}")
    for attributes in sets.values():
        for attribute in attributes.values():
            if attribute["type"] == "nest":
                check(attribute["nested-attributes"] in sets, f"{where}: no set {attribute['nested-attributes']}")


def check_operations(where, spec, header, seen):
    commands = header[spec["operations"]["enum-name"]]
    for operation in spec["operations"]["list"]:
        name = c_name(spec["operations"]["name-prefix"], operation["name"])
        check(commands.get(name) == operation["value"],
              f"{where}: {name} is {operation['value']} in the spec, {commands.get(name)} in the header")
        seen.add(name)


def check_family(family, used):
    with open(os.path.join(UAPI, family + ".yaml"), encoding="utf-8") as file:
        spec = yaml.safe_load(file)
    header, defines = read_header(spec["uapi-header"])
    prefix = c_name("", family) + "_GENL_NAME"
    check(spec["name"] == family == defines.get(prefix), f"{family}: name differs from {prefix}")
    check(str(spec["version"]) == defines.get(family[:4].upper() + "_GENL_VERSION"), f"{family}: version")
    groups = [group["name"] for group in spec["mcast-groups"]["list"]]
    check(groups == [defines.get(family[:4].upper() + "_GENL_MCGRP_EVENTS")], f"{family}: multicast groups {groups}")
    seen = used.setdefault(spec["uapi-header"], {"header": header, "enums": set(), "commands": set()})
    for enum in spec["definitions"]:
        start = enum.get("value-start", 0)
        found = {c_name(enum["name-prefix"], entry["name"]): start + i for i, entry in enumerate(enum["entries"])}
        check_enum(f"{family}: {enum['name']}", found, header, enum["enum-name"], False)
        seen["enums"].add(enum["enum-name"])
    sets = {}
    for group in spec["attribute-sets"]:
        sets[group["name"]] = {attribute["name"]: attribute for attribute in group["attributes"]}
        found = {c_name(group["name-prefix"], attribute["name"]): attribute["value"]
                 for attribute in group["attributes"]}
        check_enum(f"{family}: {group['name']}", found, header, group["enum-name"], True)
        seen["enums"].add(group["enum-name"])
    check_operations(family, spec, header, seen["commands"])
    seen["enums"].add(spec["operations"]["enum-name"])
    check_references(family, spec, sets)


def main():
    used = {}
    for family in FAMILIES:
        check_family(family, used)
    for name, seen in used.items():
        for enum, rows in seen["header"].items():
            check(enum in seen["enums"], f"{name}: enum {enum} is in no spec")
            if enum.endswith("_genl_cmd"):
                for command, number in rows.items():
                    check(number == 0 or command in seen["commands"], f"{name}: {command} is in no spec")
    for text in failures:
        print("FAIL " + text)
    print(f"{passed} passed, {len(failures)} failed, 0 skipped")
    return 1 if failures else 0


sys.exit(main())
