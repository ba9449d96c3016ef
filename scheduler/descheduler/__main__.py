"""`python -m scheduler.descheduler`."""

import sys

from scheduler.descheduler.main import main

sys.exit(main())
