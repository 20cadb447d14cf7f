#!/usr/bin/env python3
"""Derives fields.json from the compact schema of the Management API (a file of facts, not part of this project).

    python3 src/catalogue/derive_fields.py compact_schema.json > src/catalogue/fields.json

The corrections below are what recorded traffic and the documentation say beyond that schema. Nulls are not kept: the
API takes null for every field of an update. Formats are not kept: files hold names where the API wants ids.
"""
import json
import sys


class Table:
    def __init__(self, nodes):
        self.old = nodes
        self.new = []
        self.by_text = {}
        self.moved = {}
        # No request refers to the schemas of connection strategies, and real tenants accepted texts beyond their
        # lengths and patterns: those are not kept, and lists of values are marked as advice.
        self.loose = False

    def add(self, node):
        text = json.dumps(node, sort_keys=True)
        if text not in self.by_text:
            self.by_text[text] = len(self.new)
            self.new.append(node)
        return self.by_text[text]

    def move(self, index):
        key = (index, self.loose)
        if key not in self.moved:
            self.moved[key] = self.add(self.cleaned(self.old[index]))
        return self.moved[key]

    def cleaned(self, node):
        out = {"a": True} if self.loose and "e" in node else {}
        for key, value in node.items():
            if self.loose and node.get("t") == "s" and key in ("p", "l"):
                continue
            if key in ("t", "q", "e", "p", "l"):
                out[key] = value
            elif key == "f":
                out["f"] = {name: self.move(child) for name, child in sorted(value.items())}
            elif key == "i":
                out["i"] = self.move(value)
            elif key == "u":
                out["u"] = [self.move(child) for child in value]
            elif key == "x":
                out["x"] = 1 if value == 1 else [self.move(child) for child in value]
        return out


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        source = json.load(file)
    table = Table(source["n"])
    text, boolean, integer = (table.add({"t": letter}) for letter in "sbi")
    number, anything = table.add({"t": "n"}), table.add({"t": "x"})

    def obj(**fields):
        return table.add({"t": "o", "f": dict(sorted(fields.items()))})

    def node(index):
        return table.new[index]

    def with_fields(index, required=None, **fields):
        """The node with these fields set; a union gets them in every branch."""
        old = node(index)
        if "u" in old:
            return table.add({**old, "u": [with_fields(child, **fields) for child in old["u"]]})
        new = {**old, "f": dict(sorted({**old["f"], **fields}.items()))}
        if required is not None:
            new["q"] = required
        return table.add(new)

    def deep(index, path, change):
        """The node with what stands at the path replaced by `change(it)`."""
        if not path:
            return change(index)
        old = node(index)
        if "u" in old:
            return table.add({**old, "u": [deep(child, path, change) for child in old["u"]]})
        if path[0] == "[]":
            return table.add({**old, "i": deep(old["i"], path[1:], change)}) if "i" in old else index
        if path[0] not in old.get("f", {}):
            return index
        fields = {**old["f"], path[0]: deep(old["f"][path[0]], path[1:], change)}
        return table.add({**old, "f": fields})

    def advised(index):
        """The node with its lists of values, and those of its branches, marked as advice."""
        old = node(index)
        new = {**old, "a": True} if "e" in old else dict(old)
        if "u" in old:
            new["u"] = [advised(child) for child in old["u"]]
        return table.add(new)

    kinds = {}
    for name, kind in sorted(source["k"].items()):
        entry = {}
        if "create" in kind:
            entry["c"] = table.move(kind["create"])
        others = [table.move(kind[part]) for part in ("update", "replace") if part in kind]
        entry["u"] = [index for index in dict.fromkeys(others) if index != entry.get("c")]
        if "options_by_strategy_create" in kind:
            strategies = {}
            table.loose = True
            for part in ("options_by_strategy_create", "options_by_strategy_update"):
                for strategy, index in kind[part].items():
                    strategies.setdefault(strategy, []).append(table.move(index))
            table.loose = False
            entry["s"] = {s: list(dict.fromkeys(found)) for s, found in sorted(strategies.items())}
        kinds[name] = entry

    def everywhere(name, change):
        entry = kinds[name]
        if "c" in entry:
            entry["c"] = change(entry["c"])
        entry["u"] = [change(index) for index in entry["u"]]

    # compact-schema.md, "Check against real traffic": seen in accepted requests, absent from the document.
    everywhere("tenant_settings", lambda i: deep(i, ["flags"], lambda f: with_fields(f, use_scope_descriptions_for_consent=boolean)))
    everywhere("tenant_settings", lambda i: with_fields(i, universal_login=anything))
    everywhere("resource_server", lambda i: with_fields(i, token_lifetime_for_web=integer))
    hook = ["destination", "configuration", "webhook_authorization"]
    everywhere("event_stream", lambda i: deep(i, hook, lambda a: with_fields(a, password=text, token=text, header_value=text)))
    # Session lifetimes are hours, fractions allowed; the tool writes them as minutes. recorded-facts 4, tenant settings.
    hours = ("session_lifetime", "idle_session_lifetime", "ephemeral_session_lifetime", "idle_ephemeral_session_lifetime")
    everywhere("tenant_settings", lambda i: with_fields(i, **{name: number for name in hours}))
    # Projects in use name contexts that the list lacks (`organization`).
    everywhere("prompt_screen_rendering", lambda i: deep(i, ["context_configuration", "[]"], advised))
    # `status` of a log stream goes by update; its branches are told apart by type only on create.
    streams = kinds["log_stream"]
    status = node(streams["u"][0])["f"]["status"]
    streams["c"], streams["u"] = with_fields(streams["c"], status=status), []
    # A database may name an action that checks imported passwords. catalog, undocumented paths seen.
    auth0 = kinds["connection"]["s"]["auth0"]
    kinds["connection"]["s"]["auth0"] = [with_fields(i, custom_password_hash=obj(action_id=text)) for i in auth0]
    # Organizations since summer 2026. recorded-facts 4, organizations.
    everywhere("organization", lambda i: with_fields(i, third_party_client_access=text, is_app_entitlement_active=boolean))
    # What a parameter of a feature flag holds is of the type that is named beside it, an object or not.
    def valued(index):
        return table.add({**node(index), "x": [with_fields(child, value=anything) for child in node(index)["x"]]})

    everywhere("feature_flag", lambda i: deep(i, ["parameters"], valued))
    everywhere("feature_flag_variation", lambda i: deep(i, ["overrides"], valued))
    # Shapes that files have and requests have not.
    kinds["guardian_policies"] = {"u": [table.add({"t": "o", "f": {"policies": kinds["guardian_policies"]["u"][0]}})]}
    kinds["branding_universal_login_template"] = {"c": obj(template=text, body=text), "u": []}
    kinds["connection_client"] = {"u": [obj(client_id=text)]}
    kinds["role_permission"] = {"u": [node(node(kinds["role_permission"]["c"])["f"]["permissions"])["i"]]}
    kinds["role_group"] = {"u": [obj(id=text)]}
    kinds["organization_group_role"] = {"u": [obj(group=text, role=text)]}
    kinds["action_trigger_binding"] = {"u": [obj(action=text, display_name=text)]}
    kinds["organization_client"] = {"u": [obj(client_id=text, use_for_member_access=boolean)]}
    kinds["organization_client_grant"] = {"u": [obj(grant_id=text, client_id=text, audience=text, subject_type=text)]}
    # Both calls list the same groups; the document knows their ids only.
    groups = node(kinds["connection_directory_synchronized_group"]["u"][0])["f"]["groups"]
    kinds["connection_directory_synchronized_group"] = {"u": [node(groups)["i"]]}
    # A file declares the root key of a customer; its material goes by a call of its own. recorded-facts 4, encryption keys.
    root = table.add({"t": "s", "e": ["customer-provided-root-key"]})
    kinds["encryption_key"] = {"c": obj(type=root, wrapped_key=table.add({"t": "s", "l": [1, None]})), "u": []}
    kinds["hook_secret"] = {"u": [obj(name=text, value=text)]}
    kinds["page_login"] = {"u": [obj(custom_login_page=text, custom_login_page_on=boolean)]}
    page = obj(enabled=boolean, html=text)
    kinds["page_password_reset"] = kinds["page_guardian_multifactor"] = {"u": [page]}
    kinds["page_error"] = {"u": [obj(html=text, show_log_link=boolean, url=text)]}

    # Renumber what is still reachable.
    reached, order = {}, []

    def reach(index):
        if index in reached:
            return reached[index]
        old = table.new[index]
        new = dict(old)
        if "f" in old:
            new["f"] = {name: reach(child) for name, child in old["f"].items()}
        if "i" in old:
            new["i"] = reach(old["i"])
        if "u" in old:
            new["u"] = [reach(child) for child in old["u"]]
        if isinstance(old.get("x"), list):
            new["x"] = [reach(child) for child in old["x"]]
        reached[index] = len(order)
        order.append(new)
        return reached[index]

    out = {}
    for name, entry in sorted(kinds.items()):
        new = {}
        if "c" in entry:
            new["c"] = reach(entry["c"])
        if entry["u"]:
            new["u"] = [reach(index) for index in entry["u"]]
        if "s" in entry:
            new["s"] = {s: [reach(index) for index in found] for s, found in entry["s"].items()}
        out[name] = new
    # One node a line keeps changes readable.
    lines = ",\n".join(json.dumps(item, separators=(",", ":"), ensure_ascii=False) for item in order)
    named = ",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in out.items())
    print(f'{{"nodes":[\n{lines}\n],\n"kinds":{{\n{named}\n}}}}')


main()
