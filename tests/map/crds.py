"""Write manifests/crds from the models of Karmada's kinds: `python -m tests.map.crds`.

Our own API server serves the kinds without them; they are for a stock kube-apiserver that our controllers, or
Karmada's, are pointed at.
"""

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from apiserver.schema.models import model_schema
from karmada.api.codec import dump_yaml
from karmada.api.scheme import ServedResource, karmada_resources

FOLDER: Final = Path(__file__).parents[2] / "manifests" / "crds"
API_VERSION: Final = "apiextensions.k8s.io/v1"


def definitions() -> dict[str, str]:
    """File name -> YAML, one per kind that Karmada serves as a custom resource."""
    versions: defaultdict[tuple[str, str], list[ServedResource]] = defaultdict(list)
    for served in karmada_resources():
        if served.custom:
            versions[served.gvr.group, served.gvr.resource].append(served)
    return {
        f"{group}_{plural}.yaml": dump_yaml(definition(all_)) for (group, plural), all_ in versions.items()
    }


def definition(versions: list[ServedResource]) -> dict[str, Any]:
    first = versions[0]
    names: dict[str, Any] = {
        "plural": first.gvr.resource,
        "singular": first.singular,
        "kind": first.kind,
        "listKind": first.list_kind,
    }
    if first.short_names:
        names["shortNames"] = list(first.short_names)
    if first.categories:
        names["categories"] = list(first.categories)
    return {
        "apiVersion": API_VERSION,
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{first.gvr.resource}.{first.gvr.group}"},
        "spec": {
            "group": first.gvr.group,
            "names": names,
            "scope": "Namespaced" if first.namespaced else "Cluster",
            "versions": [version(served) for served in versions],
        },
    }


def version(served: ServedResource) -> dict[str, Any]:
    assert served.model is not None
    entry: dict[str, Any] = {
        "name": served.gvr.version,
        "served": True,
        "storage": served.storage == served.gvr,
        "schema": {"openAPIV3Schema": dict(model_schema(served.model).open_api or {})},
    }
    if any(subresource.name == "status" for subresource in served.subresources):
        entry["subresources"] = {"status": {}}
    columns = [
        {"name": column.name, "type": column.type, "jsonPath": column.json_path}
        for column in served.columns
        if column.json_path and column.json_path != ".metadata.name"
    ]
    if columns:
        entry["additionalPrinterColumns"] = columns
    return entry


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in definitions().items():
        (FOLDER / name).write_text(text)
    sys.stdout.write(f"{FOLDER} written\n")


if __name__ == "__main__":
    main()
