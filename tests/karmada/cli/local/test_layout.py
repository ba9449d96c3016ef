"""What a local control plane remembers about itself, and which ports it takes."""

import socket
from pathlib import Path

import pytest

from karmada.cli.local.layout import Layout, LocalError, Settings, choose, free_ports, require_free

LISTENERS = ("karmada-scheduler", "karmada-controller-manager")


def settings(layout: Layout, *, members: int = 2, port: int = 5443, pull: int = 0) -> Settings:
    return choose(
        layout,
        port=port,
        storage="sqlite:///a",
        nodes=1,
        members=members,
        pull=pull,
        listeners=lambda members, pull: (*LISTENERS, *pull),
    )


def test_nothing_is_remembered_before_the_first_up(tmp_path: Path) -> None:
    assert Layout(tmp_path).load() is None


def test_every_listener_gets_a_port_of_its_own(tmp_path: Path) -> None:
    chosen = settings(Layout(tmp_path), members=5)
    ports = [*chosen.members.values(), *chosen.ports.values()]
    assert len(set(ports)) == len(ports) == 7
    assert list(chosen.members) == ["member1", "member2", "member3", "member4", "member5"]


def test_nobody_gets_the_port_of_the_api_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("karmada.cli.local.layout.LISTENING_PORTS", range(20_500, 20_512))
    chosen = settings(Layout(tmp_path), members=5, port=20_503)
    assert 20_503 not in [*chosen.members.values(), *chosen.ports.values()]
    with pytest.raises(LocalError, match="no 12 free ports from 20500 to 20511"):
        free_ports(12, besides=[20_503])


def test_ports_stay_over_a_second_up(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    first = settings(layout)
    layout.save(first)
    assert layout.load() == first
    more = settings(layout, members=3, port=6443)
    assert more.members["member1"] == first.members["member1"]
    assert more.ports == first.ports
    assert (more.port, len(more.members)) == (6443, 3)


@pytest.mark.parametrize(
    ("members", "pull", "expected"),
    [
        pytest.param(3, 1, ["member3"], id="the-last"),
        pytest.param(3, 2, ["member2", "member3"], id="the-last-two"),
        pytest.param(2, 5, ["member1", "member2"], id="no-more-than-there-are"),
        pytest.param(3, 0, [], id="none"),
    ],
)
def test_the_last_members_are_in_pull_mode_and_their_agents_get_ports(
    tmp_path: Path, members: int, pull: int, expected: list[str]
) -> None:
    chosen = settings(Layout(tmp_path), members=members, pull=pull)
    assert chosen.pull == expected
    assert set(expected) <= chosen.ports.keys()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"port": 1, "storage": "", "colour": "teal"}'])
def test_a_broken_memory_is_reported_not_overwritten(tmp_path: Path, text: str) -> None:
    (tmp_path / "local.json").write_text(text)
    with pytest.raises(LocalError, match=r"local\.json cannot be read .*`make clean` starts afresh"):
        settings(Layout(tmp_path))
    assert (tmp_path / "local.json").read_text() == text


@pytest.mark.parametrize("below", ["", "deep/inside"])
def test_a_state_folder_that_cannot_be_made_is_named(tmp_path: Path, below: str) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("mine")
    with pytest.raises(LocalError, match=r"cannot write to the state folder .*choose another with STATE=dir"):
        Layout(blocker / below).prepare()
    assert blocker.read_text() == "mine"


def test_preparing_twice_is_fine(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "state")
    layout.prepare()
    layout.prepare()
    assert sorted(path.name for path in layout.state.iterdir()) == ["bin", "data", "log", "members", "run"]
    assert list(layout.run.iterdir()) == []


def test_a_relative_folder_means_the_same_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    layout = Layout(Path("state"))
    monkeypatch.chdir("/")
    assert layout.storage_url() == f"sqlite://{tmp_path}/state/data/karmada.db"


def test_a_port_somebody_listens_on_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalError, match=rf"port {port} is in use .*choose another with PORT=N"):
            require_free(port, option="PORT=N")


def test_a_free_port_is_accepted() -> None:
    (port,) = free_ports(1)
    require_free(port, option="PORT=N")
