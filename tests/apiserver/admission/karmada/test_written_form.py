"""The form in which mutating admission writes a spec."""

from typing import Any

import pytest

from apiserver.admission.karmada.written_form import written_form
from karmada.api.groups.policy import OverrideSpec, PropagationSpec
from karmada.api.groups.work import ResourceBindingSpec, WorkSpec
from karmada.api.model import Model
from karmada.api.objects import Object, private_copy

TABLE: list[Any] = [
    pytest.param(PropagationSpec, {}, {"placement": {}}, id="a-struct-is-never-absent"),
    pytest.param(OverrideSpec, {"overrideRules": []}, {"overriders": {}}, id="an-empty-list-goes"),
    pytest.param(
        PropagationSpec,
        {"propagateDeps": False, "preserveResourcesOnDeletion": False, "priority": 0},
        {"preserveResourcesOnDeletion": False, "priority": 0, "placement": {}},
        id="zero-goes-unless-it-is-a-pointer",
    ),
    pytest.param(WorkSpec, {"workload": None}, {"workload": {}}, id="null-is-absent"),
    pytest.param(
        PropagationSpec,
        {"resourceSelectors": [{"apiVersion": "v1", "kind": "", "name": ""}]},
        {"resourceSelectors": [{"apiVersion": "v1", "kind": ""}], "placement": {}},
        id="required-parts-stay",
    ),
    pytest.param(
        ResourceBindingSpec,
        {"resource": {}, "placement": {"clusterAffinities": []}},
        {"resource": {}, "placement": {}},
        id="inside-a-pointer",
    ),
]


@pytest.mark.parametrize(("model", "given", "expected"), TABLE)
def test_a_part_is_brought_into_the_written_form(model: type[Model], given: Object, expected: Object) -> None:
    settled = private_copy(given)
    written_form(model)(settled)
    assert settled == expected
    written_form(model)(settled)
    assert settled == expected


def test_free_values_stay_as_they_are() -> None:
    spec: Object = {
        "overrideRules": [{"overriders": {"plaintext": [{"path": "/a", "operator": "add", "value": False}]}}]
    }
    written_form(OverrideSpec)(spec)
    assert spec["overrideRules"][0]["overriders"]["plaintext"][0]["value"] is False
