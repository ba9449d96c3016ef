"""Objects made from flags: what `karmadactl create KIND ...` creates. Pure, but for files that are read.

Each Generator says its flags and makes one object; commands/create.py sends it.
"""

from karmada.cli.generate.access import ACCESS
from karmada.cli.generate.config import CONFIG
from karmada.cli.generate.generator import Generator
from karmada.cli.generate.rules import RULES
from karmada.cli.generate.services import SERVICES
from karmada.cli.generate.workloads import WORKLOADS

GENERATORS: dict[str, Generator] = {
    each.name: each for each in (*ACCESS, *CONFIG, *RULES, *WORKLOADS, *SERVICES)
}

__all__ = ["GENERATORS", "Generator"]
