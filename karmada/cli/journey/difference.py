"""What an apply would change of an object that runs: only fields the manifest speaks of. Pure.

In: the manifest, the live object. Out: a unified diff of YAML; "" when they agree. What the member's server
filled in by itself is no difference.
"""

import difflib
from typing import Any

from karmada.api.codec import dump_yaml
from karmada.api.objects import Object


def difference(wanted: Object, live: Object, *, where: str) -> str:
    before = dump_yaml(projected(live, wanted)).splitlines()
    after = dump_yaml(wanted).splitlines()
    lines = difflib.unified_diff(before, after, f"{where} (running)", f"{where} (rendered)", lineterm="")
    return "\n".join(lines)


def projected(live: Any, wanted: Any) -> Any:
    """live, cut down to the places that wanted names."""
    if isinstance(live, dict) and isinstance(wanted, dict):
        return {key: projected(live[key], value) for key, value in wanted.items() if key in live}
    if isinstance(live, list) and isinstance(wanted, list):
        if _named(live) and _named(wanted):
            known = {item["name"]: item for item in wanted}
            return [projected(item, known.get(item["name"], item)) for item in live]
        if len(live) == len(wanted):
            return [projected(item, value) for item, value in zip(live, wanted, strict=True)]
    return live


def _named(items: list[Any]) -> bool:
    return all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in items)
