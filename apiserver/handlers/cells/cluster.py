"""Cells of the Karmada kinds that have a table of their own: Cluster and ResourceRegistry.

The other Karmada kinds declare JSONPath columns, as custom resources do.
"""

from typing import Final

from apiserver.handlers.cells.fields import AGE, CREATED_AT, NAME, NONE, Cell, condition, joined, text
from karmada.api.objects import Object


def cluster_ready(obj: Object) -> str:
    return str(condition(obj, "Ready").get("status") or "Unknown")


CELLS: Final[dict[tuple[str, str], tuple[Cell, ...]]] = {
    ("cluster.karmada.io", "Cluster"): (
        NAME,
        text("status", "kubernetesVersion"),
        text("spec", "syncMode"),
        cluster_ready,
        AGE,
        joined("spec", "zones", default=NONE),
        text("spec", "region", default=NONE),
        text("spec", "provider", default=NONE),
        text("spec", "apiEndpoint"),
        text("spec", "proxyURL", default=NONE),
    ),
    ("search.karmada.io", "ResourceRegistry"): (NAME, CREATED_AT),
}
