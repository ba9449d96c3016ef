"""What does not decode is named: where it is, and in the stock words."""

from typing import Any

import pytest

from apiserver.schema.builtin import builtin_schema
from apiserver.schema.structural import DecodeError
from karmada.api.objects import Object, private_copy
from tests.apiserver.schema.samples import DEPLOYMENT, SECRET, deployment


def test_unknown_fields_are_told_in_document_order() -> None:
    obj = deployment(containers=[{"name": "a", "imag": "x"}], bogus=1)
    obj["zz"] = 1
    obj["metadata"]["nmae"] = "x"
    assert builtin_schema(DEPLOYMENT).prune(obj) == [
        'unknown field "metadata.nmae"',
        'unknown field "spec.template.spec.containers[0].imag"',
        'unknown field "spec.template.spec.bogus"',
        'unknown field "zz"',
    ]


def with_field(path: str, value: Any) -> Object:
    obj = deployment()
    *above, last = path.split(".")
    target: Any = obj
    for step in above:
        target = target[int(step)] if step.isdigit() else target.setdefault(step, {})
    target[last] = value
    return obj


CONTAINER = "spec.template.spec.containers.0"


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        pytest.param(
            "spec.replicas",
            "3",
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
            id="text-for-a-number",
        ),
        pytest.param(
            "spec.replicas",
            1.5,
            "json: cannot unmarshal number 1.5 into Go struct field "
            "DeploymentSpec.spec.replicas of type int32",
            id="fraction-for-an-integer",
        ),
        pytest.param(
            "spec.replicas",
            2**31,
            "json: cannot unmarshal number 2147483648 into Go struct field "
            "DeploymentSpec.spec.replicas of type int32",
            id="out-of-range",
        ),
        pytest.param(
            "spec.paused",
            "yes",
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.paused of type bool",
            id="text-for-a-boolean",
        ),
        pytest.param(
            f"{CONTAINER}.image",
            5,
            "json: cannot unmarshal number into Go struct field "
            "Container.spec.template.spec.containers.image of type string",
            id="inside-a-list-no-index-is-shown",
        ),
        pytest.param(
            "spec.template.spec.containers",
            {},
            "json: cannot unmarshal object into Go struct field "
            "PodSpec.spec.template.spec.containers of type []v1.Container",
            id="object-for-a-list",
        ),
        pytest.param(
            "metadata.labels",
            {"a": True},
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
            id="inside-a-map",
        ),
        pytest.param(
            "metadata.labels",
            [],
            "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of "
            "type map[string]string",
            id="list-for-a-map",
        ),
        pytest.param(
            "metadata.creationTimestamp",
            "x",
            'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
            id="not-a-time",
        ),
        pytest.param(
            f"{CONTAINER}.resources",
            {"limits": {"cpu": "1x1"}},
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            id="not-a-quantity",
        ),
        pytest.param(
            f"{CONTAINER}.livenessProbe",
            {"httpGet": {"port": True}},
            "json: cannot unmarshal bool into Go value of type int32",
            id="neither-int-nor-string",
        ),
    ],
)
def test_a_wrong_json_type_is_refused(path: str, value: Any, problem: str) -> None:
    obj = with_field(path, value)
    before = private_copy(obj)
    with pytest.raises(DecodeError) as caught:
        builtin_schema(DEPLOYMENT).prune(obj)
    assert caught.value.problem == problem
    assert caught.value.message == f'Deployment in version "v1" cannot be handled as a Deployment: {problem}'
    assert caught.value.status_code == 400
    assert obj == before


@pytest.mark.parametrize(
    ("text", "byte"),
    [
        pytest.param("!", 0, id="first"),
        pytest.param("ab!d", 2, id="middle"),
        pytest.param("abc", 3, id="too-short"),
    ],
)
def test_bad_base64_says_at_which_byte(text: str, byte: int) -> None:
    _, found = builtin_schema(SECRET).shaped({"data": {"a": text}})
    assert found.problem == f"illegal base64 data at input byte {byte}"


def test_at_most_a_hundred_unknown_fields_are_told() -> None:
    obj = deployment() | {f"x{number}": 1 for number in range(300)}
    assert len(builtin_schema(DEPLOYMENT).prune(obj)) == 100


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        pytest.param("metadata.labels", "invalid", "cannot restore map from string", id="map"),
        pytest.param("spec.template", [], "cannot restore struct from: slice", id="struct"),
        pytest.param("spec.template.spec.containers", {}, "cannot restore slice from map", id="list"),
        pytest.param(f"{CONTAINER}.image", 7, "cannot convert int64 to string", id="number-for-text"),
        pytest.param("spec.replicas", 1.5, "cannot convert float64 to int32", id="fraction"),
        pytest.param("spec.replicas", "2", "unrecognized type: int32", id="text-for-number"),
        pytest.param("spec.paused", "no", "unrecognized type: bool", id="text-for-bool"),
    ],
)
def test_a_merged_patch_has_words_of_its_own_for_a_wrong_type(path: str, value: Any, problem: str) -> None:
    with pytest.raises(DecodeError) as caught:
        builtin_schema(DEPLOYMENT).prune(with_field(path, value))
    assert caught.value.restore_problem == problem
