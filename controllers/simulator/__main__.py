"""python -m controllers.simulator."""

import sys

from controllers.simulator.main import main

sys.exit(main())
