"""Permanent ids."""

import pytest

from apiserver.admission.karmada.identity import ensure_id, new_id
from karmada.api.objects import Object

LABEL = "work.karmada.io/permanent-id"


def obj(**labels: str) -> Object:
    return {"metadata": {"labels": labels} if labels else {}}


@pytest.mark.parametrize("given", [obj(), obj(**{LABEL: ""})], ids=["missing", "empty"])
def test_a_missing_id_is_made(given: Object) -> None:
    made = ensure_id(given, LABEL)
    assert given["metadata"]["labels"] == {LABEL: made}
    assert ensure_id(given, LABEL) == made


def test_a_new_id_replaces_any_other_and_keeps_other_labels() -> None:
    given = obj(**{LABEL: "borrowed", "team": "shop"})
    made = new_id(given, LABEL)
    assert given["metadata"]["labels"] == {LABEL: made, "team": "shop"}
    assert made not in ("borrowed", "")
