"""Schemas of Karmada kinds come from their models."""

import pytest

from apiserver.schema.models import model_schema, open_api_of
from apiserver.schema.structural import DecodeError
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.policy import PropagationPolicy
from karmada.api.groups.work import ResourceBinding, Work
from karmada.api.karmada_kinds import control_plane_resources
from karmada.api.objects import Object


def policy(**spec: object) -> Object:
    selectors = [{"apiVersion": "v1", "kind": "ConfigMap"}]
    return {
        "apiVersion": "policy.karmada.io/v1alpha1",
        "kind": "PropagationPolicy",
        "metadata": {"name": "p"},
        "spec": {"resourceSelectors": selectors, **spec},
    }


@pytest.mark.parametrize(
    "served", control_plane_resources(), ids=lambda served: f"{served.kind}-{served.gvr.version}"
)
def test_every_kind_compiles_and_keeps_its_own_minimum(served: object) -> None:
    model = getattr(served, "model")  # noqa: B009
    schema = model_schema(model)
    obj: Object = {"metadata": {"name": "x"}}
    assert schema.prune(obj) == []
    schema.default(obj)
    assert [error.type for error in schema.validate(obj)] in ([], ["FieldValueRequired"])


def test_defaults_are_those_of_the_declaration() -> None:
    obj = policy(placement={"replicaScheduling": {}})
    model_schema(PropagationPolicy).default(obj)
    assert obj["spec"]["placement"]["replicaScheduling"] == {"replicaSchedulingType": "Divided"}
    assert obj["spec"]["priority"] == 0


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            {"resourceSelectors": []},
            "Invalid value: 0: spec.resourceSelectors in body should have at least 1 items",
            id="no-selectors",
        ),
        pytest.param(
            {"conflictResolution": "Ignore"},
            'Unsupported value: "Ignore": supported values: "Abort", "Overwrite"',
            id="unknown-enum",
        ),
        pytest.param(
            {"preemption": "Sometimes"},
            'Unsupported value: "Sometimes": supported values: "Always", "Never"',
            id="preemption",
        ),
    ],
)
def test_policies_are_refused_in_the_stock_words(spec: dict[str, object], message: str) -> None:
    assert [error.message for error in model_schema(PropagationPolicy).validate(policy(**spec))] == [message]


def test_manifests_of_a_work_are_kept_as_they_are() -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "odd": 1},
        "data": {"x": "y"},
    }
    obj: Object = {"metadata": {}, "spec": {"workload": {"manifests": [manifest]}, "nope": 1}}
    assert model_schema(Work).prune(obj) == ['unknown field "spec.nope"']
    assert obj["spec"]["workload"]["manifests"] == [manifest]


def test_the_open_api_form_names_the_wire_fields() -> None:
    spec = open_api_of(ResourceBinding)["properties"]["spec"]
    assert {"resource", "clusters", "placement", "gracefulEvictionTasks"} <= spec["properties"].keys()
    assert spec["properties"]["clusters"]["items"]["required"] == ["name"]


def test_a_typed_kind_checks_types_and_writes_quantities_canonically() -> None:
    schema = model_schema(Cluster, typed=True)
    obj: Object = {
        "apiVersion": "cluster.karmada.io/v1alpha1",
        "kind": "Cluster",
        "metadata": {"name": "m1"},
        "spec": {"syncMode": "Sideways", "nope": 1},
        "status": {"resourceSummary": {"allocatable": {"cpu": "1000m"}}},
    }
    assert schema.prune(obj) == ['unknown field "spec.nope"']
    assert obj["status"]["resourceSummary"]["allocatable"] == {"cpu": "1"}
    assert schema.validate(obj) == []
    with pytest.raises(DecodeError):
        schema.prune({"spec": {"syncMode": 5}})
