"""`python -m controllers.agent`."""

import sys

from controllers.agent import main

sys.exit(main())
