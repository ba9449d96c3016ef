"""What kubectl shows of each kind: one function per cell, grouped by what the kinds are about.

CELLS maps (group, kind) to the cells in the order of the kind's columns. Column names, types and priorities
are facts in karmada/api/data; columns.py joins both.
"""

from apiserver.handlers.cells import cluster, core, networking, pods, policies, storage, workloads
from apiserver.handlers.cells.fields import Cell

CELLS: dict[tuple[str, str], tuple[Cell, ...]] = {
    **core.CELLS,
    **pods.CELLS,
    **workloads.CELLS,
    **networking.CELLS,
    **policies.CELLS,
    **storage.CELLS,
    **cluster.CELLS,
}

__all__ = ["CELLS", "Cell"]
