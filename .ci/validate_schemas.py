#!/usr/bin/env python3
"""Holds the schemas of `tenantry schema` against files, with a validator that this project did not write.

    validate_schemas.py PROGRAM FOLDER...

Every workspace file below the folders must be valid; every seeded mistake must not be. Needs the packages jsonschema
and PyYAML; reads only, except for a folder of its own that it removes.
"""
import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.2's plain scalars: no dates, no `yes`."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":bool"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))

# subject -> (a valid file, where in it, the wrong key or value).
MISTAKES = {
    "workspace": [({"project": "a"}, [], ("projct", "a")), ({"history": {}}, ["history"], ("remot", "origin"))],
    "tenant": [
        ({"domain": "sandbox"}, [], ("domian", "x")),
        ({"domain": "sandbox", "policy": {}}, ["policy"], ("manage", "ownd")),
        ({"domain": "sandbox", "secrets": {}}, ["secrets"], ("smtp", "in plain text")),
        ({"domain": "sandbox", "secrets": {"smtp": {"env": "X"}}}, ["secrets", "smtp"], ("envv", "X")),
        ({"domain": "sandbox", "overlay": {"clients": [{"name": "a"}]}}, ["overlay", "clients", 0], ("calbacks", [])),
        (
            {"domain": "sandbox", "overlay": {"clients": [{"name": "a", "callbacks": {"$append": []}}]}},
            ["overlay", "clients", 0, "callbacks"],
            ("$apend", []),
        ),
    ],
    "templates": [
        ({"clients": []}, [], ("cliens", [])),
        ({"clients": [{"name": "a"}]}, ["clients", 0], ("calbacks", [])),
        ({"clients": [{"name": "a"}]}, ["clients", 0], ("oidc_conformant", "yes")),
        ({"clients": [{"name": "a"}]}, ["clients", 0], ("app_type", "spaa")),
        ({"clients": [{"name": "a"}]}, ["clients", 0], ("$ony", ["dev"])),
        ({"clients": [{"name": "a"}]}, ["clients", 0], ("$new", True)),
        ({"clients": [{"name": "a"}]}, ["clients", 0], ("client_secret", "in plain text")),
        ({"clients": [{"name": "a", "refresh_token": {}}]}, ["clients", 0, "refresh_token"], ("leewy", 1)),
        (
            {"connections": [{"name": "a", "strategy": "samlp", "options": {}}]},
            ["connections", 0, "options"],
            ("signSAMLRequest", "yes"),
        ),
        (
            {"logStreams": [{"name": "a", "type": "datadog", "sink": {}}]},
            ["logStreams", 0, "sink"],
            ("httpEndpoint", "https://a.example"),
        ),
        ({"roles": [{"name": "a", "permissions": [{}]}]}, ["roles", 0, "permissions", 0], ("permision_name", "x")),
        ({"organizations": [{"name": "a", "connections": [{}]}]}, ["organizations", 0, "connections", 0], ("nam", "x")),
        ({"attackProtection": {}}, ["attackProtection"], ("botDetecton", {})),
        ({"attackProtection": {"captcha": {}}}, ["attackProtection", "captcha"], ("activ_provider_id", "x")),
        ({"triggers": {"post-login": [{}]}}, ["triggers", "post-login", 0], ("acton_name", "x")),
        ({"tenant": {"flags": {}}}, ["tenant", "flags"], ("enable_client_conections", True)),
        ({"tenant": {}}, ["tenant"], ("session_lifetime", "long")),
        ({"prompts": {}}, ["prompts"], ("identifer_first", True)),
    ],
    "overlay": [({"clients": [{"name": "a"}]}, ["clients", 0], ("calbacks", []))],
}


def subject_of(path):
    parts = path.parts
    if path.name == "tenantry.yaml":
        return "workspace"
    if "templates" in parts:
        return "templates"
    if "tenants" in parts:
        return "tenant" if parts[-2] == "tenants" else "overlay"
    return None


def main():
    program, folders = sys.argv[1], [pathlib.Path(folder) for folder in sys.argv[2:]]
    validators = {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "schema", "--to", folder], check=True, stdout=subprocess.DEVNULL)
        for path in pathlib.Path(folder).iterdir():
            schema = json.loads(path.read_text())
            jsonschema.Draft202012Validator.check_schema(schema)
            validators[path.name.split(".")[0]] = jsonschema.Draft202012Validator(schema)
    wrong, counted, seeded = [], 0, 0
    for folder in folders:
        for path in sorted(folder.rglob("*.yaml")):
            subject = subject_of(path.relative_to(folder))
            if subject is None or ".tenantry" in path.parts:
                continue
            counted += 1
            for error in validators[subject].iter_errors(yaml.load(path.read_text(), Loader)):
                best = jsonschema.exceptions.best_match([error])
                where = "/".join(map(str, best.absolute_path))
                wrong.append(f"{path}: {where}: {best.message[:300]}")
    for subject, cases in MISTAKES.items():
        for good, way, (key, value) in cases:
            seeded += 1
            if not validators[subject].is_valid(good):
                wrong.append(f"{subject}: {good} is not valid: {next(validators[subject].iter_errors(good)).message[:300]}")
            bad = copy.deepcopy(good)
            node = bad
            for step in way:
                node = node[step]
            node[key] = value
            if validators[subject].is_valid(bad):
                wrong.append(f"{subject}: {bad} passes")
    if counted < 10:
        wrong.append(f"only {counted} files were found")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"   {counted} files are valid, {seeded} seeded mistakes are not")


main()
