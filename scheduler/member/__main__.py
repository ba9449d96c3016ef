"""`python -m scheduler.member`."""

import sys

from scheduler.member.main import main

sys.exit(main())
