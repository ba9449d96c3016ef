"""Kubeconfig files with one context per cluster."""

from pathlib import Path

from karmada.cli.local.contexts import context_names, remove_context, write_contexts
from karmada.client.kubeconfig import Access, load_kubeconfig

ONE = Access(server="https://127.0.0.1:1", ca_data=b"ca", token="one")
TWO = Access(server="https://127.0.0.1:2", ca_data=b"ca", token="two")


def test_the_first_context_is_the_current_one(tmp_path: Path) -> None:
    path = tmp_path / "members.config"
    write_contexts(path, {"member1": ONE, "member2": TWO})
    assert context_names(path) == ["member1", "member2"]
    assert load_kubeconfig(path).token == "one"
    assert load_kubeconfig(path, context="member2").server == TWO.server


def test_contexts_that_did_not_change_are_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "members.config"
    write_contexts(path, {"member1": ONE})
    before = path.stat()
    write_contexts(path, {"member1": ONE})
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_keep_adds_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "members.config"
    write_contexts(path, {"mine": ONE})
    write_contexts(path, {"member2": TWO}, keep=True)
    assert context_names(path) == ["mine", "member2"]
    assert load_kubeconfig(path).token == "one", "the current context stays"
    write_contexts(path, {"member2": TWO})
    assert context_names(path) == ["member2"]


def test_secrets_are_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "members.config"
    write_contexts(path, {"member1": ONE})
    assert path.stat().st_mode & 0o077 == 0


def test_a_context_goes_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "members.config"
    write_contexts(path, {"member1": ONE, "member2": TWO})
    remove_context(path, "member1")
    assert context_names(path) == ["member2"]
    remove_context(tmp_path / "missing", "member1")
    assert not (tmp_path / "missing").exists()
