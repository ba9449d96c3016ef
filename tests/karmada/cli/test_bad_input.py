"""What can go wrong before anything is done: one clear message, exit code 1, nothing changed."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from karmada.cli.local.layout import free_ports
from karmada.client.kubeconfig import load_kubeconfig
from karmada.client.kubeconfig_file import new_kubeconfig, with_context, write_kubeconfig
from tests.karmada.cli.console import Typist

PEM_THAT_IS_NONE = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
COMMANDS = [
    pytest.param(("get", "clusters"), id="get"),
    pytest.param(("cordon", "member1"), id="cordon"),
    pytest.param(("uncordon", "member1"), id="uncordon"),
    pytest.param(("unjoin", "member1"), id="unjoin"),
]


def kubeconfig(path: Path, server: str, **access: bytes | str | None) -> str:
    config = with_context(new_kubeconfig(), context="c", cluster="c", user="u", server=server, **access)  # type: ignore[arg-type]
    write_kubeconfig(path, config)
    return str(path)


def refused(karmadactl: Typist, *words: str) -> str:
    """The one line a command complains with; never a stack trace."""
    shown = karmadactl(*words)
    assert (shown.code, shown.out) == (1, "")
    assert "Traceback" not in shown.err
    assert shown.err.count("\n") == 1
    return shown.err


@pytest.mark.parametrize("command", COMMANDS)
def test_no_kubeconfig_at_all(karmadactl: Typist, command: tuple[str, ...]) -> None:
    assert refused(karmadactl, *command) == (
        "error: no kubeconfig: /nonexistent/.kube/config does not exist; give one with --kubeconfig or "
        "KUBECONFIG\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(None, "does not exist", id="missing"),
        pytest.param("", "no context given and current-context is not set", id="empty"),
        pytest.param("a: [", "is not YAML (line 2)", id="no-yaml"),
        pytest.param("- 1", "does not hold a Config", id="a-list"),
        pytest.param("kind: Pod", "does not hold a Config", id="another-kind"),
        pytest.param(
            "contexts: {}\nclusters: 3", "clusters is not a list of named entries", id="wrong-types"
        ),
        pytest.param("contexts: [1]", "contexts is not a list of named entries", id="wrong-entries"),
        pytest.param("current-context: c", 'context "c" does not exist', id="a-context-that-is-not-there"),
        pytest.param("\x00\x01", "is not YAML", id="binary"),
    ],
)
def test_a_broken_kubeconfig(karmadactl: Typist, tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "config"
    if text is not None:
        path.write_text(text)
    assert message in refused(karmadactl, "get", "clusters", f"--kubeconfig={path}")


@pytest.mark.parametrize(
    ("access", "message"),
    [
        pytest.param({"ca_data": b"teal"}, "the certificate authority is not PEM", id="ca-is-no-pem"),
        pytest.param(
            {"ca_data": PEM_THAT_IS_NONE}, "the certificate authority is not PEM", id="ca-is-garbage"
        ),
        pytest.param(
            {"client_certificate": PEM_THAT_IS_NONE, "client_key": PEM_THAT_IS_NONE},
            "client certificate and key cannot be used",
            id="client-certificate-is-garbage",
        ),
        pytest.param(
            {"client_certificate": PEM_THAT_IS_NONE},
            "needs both client certificate and client key",
            id="no-key",
        ),
    ],
)
def test_a_bad_certificate(
    karmadactl: Typist, tmp_path: Path, access: dict[str, bytes], message: str
) -> None:
    path = kubeconfig(tmp_path / "config", "https://127.0.0.1:1", **access)
    assert message in refused(karmadactl, "get", "clusters", f"--kubeconfig={path}")


def test_a_server_with_another_certificate_is_not_trusted(
    karmadactl: Typist, tmp_path: Path, plane_kubeconfig: Path
) -> None:
    server = load_kubeconfig(plane_kubeconfig).server
    path = kubeconfig(tmp_path / "config", server)
    assert "certificate" in refused(karmadactl, "get", "clusters", f"--kubeconfig={path}")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_server_that_is_not_there(karmadactl: Typist, tmp_path: Path, command: tuple[str, ...]) -> None:
    (port,) = free_ports(1)
    path = kubeconfig(tmp_path / "config", f"https://127.0.0.1:{port}")
    line = refused(karmadactl, *command, f"--kubeconfig={path}")
    assert line.startswith(f'error: GET "https://127.0.0.1:{port}/')
    assert ": cannot connect: Connection refused (does the server run" in line


@pytest.mark.parametrize("server", ["https://", "teal", "https://127.0.0.1:99999", "ftp://127.0.0.1"])
def test_a_server_that_is_no_url(karmadactl: Typist, tmp_path: Path, server: str) -> None:
    path = kubeconfig(tmp_path / "config", server)
    line = refused(karmadactl, "get", "clusters", f"--kubeconfig={path}")
    assert f'"{server.rstrip("/")}" is not the URL of an API server' in line


@pytest.mark.parametrize("token", ["", "stolen"])
def test_without_credentials_nothing_is_shown(
    karmadactl: Typist, tmp_path: Path, plane_kubeconfig: Path, token: str
) -> None:
    access = load_kubeconfig(plane_kubeconfig)
    path = kubeconfig(tmp_path / "config", access.server, ca_data=access.ca_data, token=token or None)
    assert refused(karmadactl, "get", "clusters", f"--kubeconfig={path}").startswith(
        "Error from server (Unauthorized): "
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            ("get", "widgets"), 'error: the server doesn\'t have a resource type "widgets"', id="unknown-type"
        ),
        pytest.param(("get", ","), "error: you must specify the type of resource to get", id="no-type"),
        pytest.param(
            ("get", "cm", "a", "-A"),
            "cannot be retrieved by name across all namespaces",
            id="a-name-everywhere",
        ),
        pytest.param(("get", "cm", "a"), 'configmaps "a" not found', id="an-object-that-is-not-there"),
        pytest.param(("get", "cm", "-l", "a=("), "unable to parse requirement", id="a-selector-that-is-none"),
        pytest.param(("get", "cm", "-s", "both"), "error: not support operation scope: both", id="a-scope"),
        pytest.param(
            ("get", "cm", "-s", "all", "-C", "x,y"), "error: clusters don't exist: x,y", id="clusters"
        ),
        pytest.param(("get", "cm", "-s", "members"), "error: No member Clusters found", id="no-members"),
        pytest.param(("cordon", "x"), 'error: clusters.cluster.karmada.io "x" not found', id="cordon"),
        pytest.param(("uncordon", "x"), 'error: clusters.cluster.karmada.io "x" not found', id="uncordon"),
        pytest.param(
            ("unjoin", "x"), "error: no cluster object x found in karmada control Plane", id="unjoin"
        ),
        pytest.param(("unjoin", "x", "--wait", "soon"), "not a duration", id="unjoin-when"),
        pytest.param(
            ("unjoin", "x", "--cluster-kubeconfig", "/nonexistent/m"),
            "kubeconfig /nonexistent/m does not exist",
            id="unjoin-with-a-member-kubeconfig-that-is-not-there",
        ),
        pytest.param(("join", "x"), 'required flag(s) "cluster-kubeconfig" not set', id="join-what"),
        pytest.param(
            ("join", "X", "--cluster-kubeconfig", "m"), "invalid cluster name(X)", id="join-as-what"
        ),
        pytest.param(
            ("join", "x", "--cluster-kubeconfig", "/nonexistent/m"),
            "kubeconfig /nonexistent/m does not exist",
            id="join-a-kubeconfig-that-is-not-there",
        ),
    ],
)
def test_what_a_server_does_not_have(
    karmadactl: Typist, plane_kubeconfig: Path, words: tuple[str, ...], message: str
) -> None:
    assert message in refused(karmadactl, *words, f"--kubeconfig={plane_kubeconfig}")


def test_a_member_that_cannot_be_reached_is_not_joined(
    karmadactl: Typist, tmp_path: Path, plane_kubeconfig: Path
) -> None:
    (port,) = free_ports(1)
    member = kubeconfig(tmp_path / "member", f"https://127.0.0.1:{port}")
    here = f"--kubeconfig={plane_kubeconfig}"
    assert f"127.0.0.1:{port}" in refused(karmadactl, "join", "gone", f"--cluster-kubeconfig={member}", here)
    assert "No resources found" in karmadactl("get", "clusters", here).err
    assert "No resources found" in karmadactl("get", "secrets", "-n", "karmada-cluster", here).err


def unwritable(tmp_path: Path) -> list[str]:
    (tmp_path / "file").write_text("mine")
    return ["--state", str(tmp_path / "file" / "state")]


def broken_memory(tmp_path: Path) -> list[str]:
    (tmp_path / "local.json").write_text("{")
    return ["--state", str(tmp_path)]


@pytest.mark.parametrize(
    ("arrange", "message"),
    [
        pytest.param(unwritable, "cannot write to the state folder", id="a-state-folder-that-is-a-file"),
        pytest.param(broken_memory, "`make clean` starts afresh", id="a-broken-memory"),
        pytest.param(
            lambda _: ["--port", "70000"], "--port must be between 1 and 65535", id="a-port-too-high"
        ),
        pytest.param(lambda _: ["--members", "-1"], "must not be negative", id="fewer-than-no-members"),
        pytest.param(lambda _: ["--nodes", "-1"], "must not be negative", id="fewer-than-no-nodes"),
    ],
)
def test_a_local_control_plane_that_cannot_start(
    karmadactl: Typist, tmp_path: Path, arrange: Callable[[Path], list[str]], message: str
) -> None:
    words = ["--state", str(tmp_path / "never"), *arrange(tmp_path)]
    assert message in refused(karmadactl, "local", "up", *words)
    assert not (tmp_path / "never").exists()


def test_a_port_in_use_starts_nothing(karmadactl: Typist, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = refused(karmadactl, "local", "up", "--state", str(state), "--port", port)
    assert line == (
        f"error: port {port} is in use (Address already in use); choose another with PORT=N (karmadactl "
        "local up --port N)\n"
    )
    assert [path for path in state.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("status",), "nothing was started in", id="status"),
        pytest.param(
            ("remove", "x", "--member-kubeconfig", "c"), "no embedded cluster x beside c", id="remove"
        ),
        pytest.param(("add", "X", "--member-kubeconfig", "c"), "invalid cluster name(X)", id="add"),
    ],
)
def test_a_local_control_plane_that_is_not_there(
    karmadactl: Typist,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refused(karmadactl, "local", *words)
    assert list(tmp_path.iterdir()) == []


def test_down_without_up_says_so(karmadactl: Typist, tmp_path: Path) -> None:
    shown = karmadactl("local", "down", "--state", str(tmp_path / "state"))
    assert (shown.code, shown.out, shown.err) == (0, "nothing runs\n", "")
    assert not (tmp_path / "state").exists()
