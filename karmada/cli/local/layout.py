"""Where a local control plane keeps things: one folder, and the ports it took.

    STATE/karmada.config  kubeconfig of the control plane    STATE/log/*.log    one per process
    STATE/members.config  kubeconfigs of the members         STATE/run/*.pid    one per process
    STATE/pki/            certificates                       STATE/bin/kubectl  a kubectl
    STATE/data/           embedded store                     STATE/members/     one folder per member
    STATE/local.json      what was chosen: ports, members, store

In: the folder. Out: paths and Settings. Neighbours: processes.py runs what lives here, up.py fills it.
"""

import hashlib
import json
import os
import random
import socket
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

LOOPBACK = "127.0.0.1"
LISTENING_PORTS = range(20_000, 32_000)
"""Below 32768, where Linux begins to number outgoing connections."""


class LocalError(Exception):
    """The local control plane cannot do what was asked; the message says what to do next."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a local control plane was started with. members maps each name to its port."""

    port: int
    storage: str
    nodes: int = 1
    members: dict[str, int] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    """Further ports, by who listens on them."""
    pull: list[str] = field(default_factory=list)
    """Members that an agent serves."""
    flags: dict[str, list[str]] = field(default_factory=dict)
    """Further flags, by the name of the process; those of karmada-agent are for every agent."""

    def flags_of(self, process: str) -> tuple[str, ...]:
        return tuple(self.flags.get(process) or ())


class Layout:
    """The folder of one local control plane."""

    def __init__(self, state: Path) -> None:
        self.state = state.absolute()
        self.karmada_config = self.state / "karmada.config"
        self.members_config = self.state / "members.config"
        self.pki = self.state / "pki"
        self.data = self.state / "data"
        self.members = self.state / "members"
        self.log = self.state / "log"
        self.run = self.state / "run"
        self.bin = self.state / "bin"

    def prepare(self) -> None:
        """Make the folders. Raises LocalError when that is not allowed."""
        try:
            for folder in (self.state, self.data, self.members, self.log, self.run, self.bin):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.run / ".writable"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise LocalError(
                f"cannot write to the state folder {self.state}: {error.strerror or error}; "
                "choose another with STATE=dir (karmadactl local up --state dir)"
            ) from error

    @property
    def identity(self) -> str:
        """Of the processes here, in leases: of each there is one at a time, and a new one is only started
        when the old one is known to be gone, so it need not wait until the old lease has run out.
        """
        return f"{socket.gethostname()}_{hashlib.sha256(str(self.state).encode()).hexdigest()[:16]}"

    def storage_url(self) -> str:
        return f"sqlite://{self.data / 'karmada.db'}"

    def member_kubeconfig(self, name: str) -> Path:
        return self.members / name / "admin.kubeconfig"

    def load(self) -> Settings | None:
        """What the last `local up` chose here; None before the first."""
        path = self.state / "local.json"
        try:
            return Settings(**json.loads(path.read_text()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise LocalError(f"{path} cannot be read ({error}); `make clean` starts afresh") from error

    def save(self, settings: Settings) -> None:
        path = self.state / "local.json"
        scratch = path.with_suffix(".tmp")
        scratch.write_text(json.dumps(asdict(settings), indent=2) + "\n")
        scratch.replace(path)


def choose(
    layout: Layout,
    *,
    port: int,
    storage: str,
    nodes: int,
    members: int,
    pull: int,
    listeners: Callable[[list[str], list[str]], tuple[str, ...]],
    flags: Mapping[str, Sequence[str]] | None = None,
) -> Settings:
    """The settings of this `up`: what was asked for, with the ports that were chosen before kept.

    pull: how many members, the last ones, are in pull mode. listeners: who needs ports, given all members and
    those.
    """
    before = layout.load()
    names = [f"member{number}" for number in range(1, members + 1)]
    kept = before or Settings(port=port, storage=storage)
    in_pull_mode = names[max(len(names) - pull, 0) :]
    needed = listeners(names, in_pull_mode)
    taken = {port, *kept.members.values(), *kept.ports.values()}
    fresh = free_ports(len(names) + len(needed), besides=taken)
    return replace(
        kept,
        port=port,
        storage=storage,
        nodes=nodes,
        members={name: kept.members.get(name) or fresh.pop() for name in names},
        ports={name: kept.ports.get(name) or fresh.pop() for name in needed},
        pull=in_pull_mode,
        flags={name: list(given) for name, given in (flags or {}).items()},
    )


def require_free(port: int, *, option: str) -> None:
    """Raises LocalError when something else listens on this loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise LocalError(
                f"port {port} is in use ({os.strerror(error.errno or 0)}); choose another with {option}"
            ) from error


def free_ports(count: int, *, besides: Collection[int] = ()) -> list[int]:
    """Distinct ports nobody listens on right now, none of besides.

    They are below the range from which connections get theirs: until it is listened on, nobody takes one.
    """
    found: list[int] = []
    for port in random.sample(LISTENING_PORTS, len(LISTENING_PORTS)):
        if len(found) == count:
            return found
        if port not in besides and _is_free(port):
            found.append(port)
    raise LocalError(f"no {count} free ports from {LISTENING_PORTS[0]} to {LISTENING_PORTS[-1]}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
