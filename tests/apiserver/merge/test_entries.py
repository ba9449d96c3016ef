"""Entries of managedFields."""

from typing import Any

import pytest

from apiserver.merge.entries import ANCIENT, Entry, is_reset, read_entries, write_entries


def entry(manager: str, time: str = "", operation: str = "Update", **fields: Any) -> Entry:
    return Entry(manager, operation, "v1", fields or {f"f:{manager}": {}}, time)


def test_entries_are_written_apply_first_then_by_time_and_name() -> None:
    written = write_entries([entry("b", "2"), entry("c"), entry("a", "2"), entry("z", "9", "Apply")])
    assert [item["manager"] for item in written] == ["z", "c", "a", "b"]


def test_what_is_written_can_be_read() -> None:
    first = Entry("m", "Apply", "apps/v1", {"f:a": {}}, "2026-01-01T00:00:00Z", "status")
    assert read_entries(write_entries([first])) == [first]
    assert write_entries([first])[0]["fieldsType"] == "FieldsV1"


def test_an_entry_that_owns_nothing_vanishes() -> None:
    assert write_entries([Entry("m", "Update", "v1", {})]) == []


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param({"operation": "Frobnicate"}, id="operation"),
        pytest.param({"apiVersion": ""}, id="version"),
        pytest.param({"fieldsType": "FieldsV2"}, id="fields-type"),
        pytest.param({"fieldsV1": "x"}, id="fields"),
    ],
)
def test_nonsense_is_not_read(bad: dict[str, Any]) -> None:
    assert read_entries([{**entry("m").to_json(), **bad}]) is None


@pytest.mark.parametrize(
    ("managed", "expected"),
    [([], True), ([{}], True), (None, False), ([{"manager": "x"}], False)],
    ids=["empty-list", "list-of-nothing", "absent", "entry"],
)
def test_only_an_empty_list_asks_to_forget(managed: Any, expected: bool) -> None:
    assert is_reset(managed) is expected


def test_the_oldest_updaters_are_put_together() -> None:
    written = write_entries(entry(f"m{number:02}", f"{number:02}") for number in range(14))
    assert len(written) == 10
    ancient = next(item for item in written if item["manager"] == ANCIENT)
    assert set(ancient["fieldsV1"]) == {f"f:m{number:02}" for number in range(5)}
    assert ancient["time"] == "04"


def test_appliers_are_never_put_together() -> None:
    assert len(write_entries(entry(f"m{number}", operation="Apply") for number in range(14))) == 14
