"""karmada-controller-manager, put together: `main` is its console script.

options.py is what can be set, plane.py what all controllers share, builders.py which controllers there are,
process.py how they are run: health, leadership, the end.
"""

from controllers.main.options import ControllerManagerOptions
from controllers.main.process import main, run

__all__ = ["ControllerManagerOptions", "main", "run"]
