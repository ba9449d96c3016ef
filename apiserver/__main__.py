"""python -m apiserver is karmada-apiserver."""

import sys

from apiserver.main import main

if __name__ == "__main__":
    sys.exit(main())
