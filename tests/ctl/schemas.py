#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""schemas.py: every JSON object in expected/ against packaging/schemas, every schema used at least once.

A key that the schema does not name is a failure here: users may meet new keys, our own outputs may not grow without
their schema."""
import glob
import json
import os
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(77)

OBJECTS = "urn:rnbdctl:objects"
TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def closed(node):
    """The schema, with every object shut against keys it does not name."""
    if isinstance(node, list):
        return [closed(child) for child in node]
    if not isinstance(node, dict):
        return node
    out = {key: closed(child) for key, child in node.items()}
    if node.get("type") == "object" and "properties" in node:
        out["additionalProperties"] = False
    return out


def load_schemas():
    """By name; the shared objects are put into each, because every version of the library resolves that alike."""
    schemas = {}
    for path in glob.glob(os.path.join(TOP, "packaging/schemas/*.json")):
        with open(path, encoding="utf-8") as file:
            text = file.read().replace(OBJECTS + "#/$defs/", "#/$defs/")
        schema = closed(json.loads(text))
        schemas[schema.pop("$id")] = schema
    shared = schemas.pop(OBJECTS)["$defs"]
    for schema in schemas.values():
        schema["$defs"] = shared
        jsonschema.Draft202012Validator.check_schema(schema)
    return schemas


def json_part(path):
    """What the tool printed on standard output, if it is JSON."""
    with open(path, encoding="ascii") as file:
        lines = file.read().split("\n")[1:]
    body = []
    for line in lines:
        if line.startswith("--- "):
            break
        body.append(line)
    return "\n".join(body) if body and body[0] == "{" else None


def null_lists(value, where=""):
    """Lists are never null: no key that looks like a list may be."""
    if isinstance(value, dict):
        for key, child in value.items():
            if child is None and key in ("items", "sessions", "paths", "devices", "exports", "modules", "problems",
                                         "results", "netlink", "sysfs"):
                yield where + "/" + key
            yield from null_lists(child, where + "/" + key)
    elif isinstance(value, list):
        for child in value:
            yield from null_lists(child, where)


def main():
    schemas = load_schemas()
    unused = set(schemas)
    passed = failed = 0
    for path in sorted(glob.glob(os.path.join(TOP, "tests/ctl/expected/*.txt"))):
        text = json_part(path)
        if text is None:
            continue
        value = json.loads(text)
        name = "urn:" + value["schema"].replace("/", ":")
        unused.discard(name)
        errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in
                  jsonschema.Draft202012Validator(schemas[name]).iter_errors(value)]
        errors += [f"{where}: null" for where in null_lists(value)]
        if errors:
            failed += 1
            print(f"FAIL {os.path.basename(path)}: {errors[0][:400]}")
        else:
            passed += 1
    for name in sorted(unused):
        failed += 1
        print(f"FAIL no expected output uses {name}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


sys.exit(main())
