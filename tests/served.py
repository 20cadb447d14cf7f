"""What the scripts that serve a sandbox have in common."""

import json


def announced(process):
    """Returns the document in which `sandbox serve --json` says where it is; nothing if it ended before that."""
    text = ""
    for line in process.stdout:
        text += line
        try:
            return json.loads(text)
        except ValueError:
            continue
    return None
