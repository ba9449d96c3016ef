"""What pool.py and worker.py agree on: the form of a frame and how long a call may take."""

import struct
from typing import Final

HEADER: Final = struct.Struct(">I")
"""Before each frame: its length in bytes."""
MAX_FRAME_BYTES: Final = 64 * 2**20
CALL_SECONDS: Final = 1.0
"""Wall-clock time of one script call, from its arguments as JSON to its results as JSON."""
