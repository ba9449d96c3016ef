"""Metadata of plain JSON objects, kinds, keys and errors."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import karmada.api
from karmada.api import errors, objects
from karmada.api.groups.kubernetes import DEPLOYMENTS, NAMESPACES
from karmada.api.gvk import GroupVersionKind, GroupVersionResource, split_api_version
from karmada.api.wellknown import is_karmada_owned_key

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "p",
        "namespace": "ns",
        "finalizers": ["a", "b"],
        "ownerReferences": [{"name": "x"}, {"name": "y", "controller": True}],
    },
}


def test_metadata_of_an_empty_object_reads_as_empty() -> None:
    assert objects.name_of({}) == ""
    assert objects.labels_of({"metadata": None}) == {}
    assert objects.generation_of({}) == 0
    assert not objects.is_deleting({})


def test_changing_metadata_leaves_the_original_alone() -> None:
    before = objects.private_copy(POD)
    assert objects.finalizers_of(objects.without_finalizer(POD, "a")) == ["b"]
    assert objects.finalizers_of(objects.with_finalizer(POD, "c")) == ["a", "b", "c"]
    assert objects.labels_of(objects.with_labels(POD, {"l": "1"})) == {"l": "1"}
    assert objects.annotations_of(objects.with_annotations(POD, {"n": "1"})) == {"n": "1"}
    assert before == POD


def test_removing_the_last_finalizer_removes_the_list() -> None:
    obj = objects.without_finalizer(objects.without_finalizer(POD, "a"), "b")
    assert "finalizers" not in obj["metadata"]


def test_no_change_gives_the_same_object() -> None:
    assert objects.with_finalizer(POD, "a") is POD
    assert objects.without_finalizer(POD, "z") is POD


def test_the_controller_is_the_owner_that_says_so() -> None:
    assert objects.controller_of(POD) == {"name": "y", "controller": True}


@pytest.mark.parametrize(
    ("api_version", "parts"), [("v1", ("", "v1")), ("apps/v1", ("apps", "v1")), ("", ("", ""))]
)
def test_an_api_version_has_two_parts(api_version: str, parts: tuple[str, str]) -> None:
    assert split_api_version(api_version) == parts


def test_kinds_and_keys_print_as_messages_write_them() -> None:
    assert str(GroupVersionKind("", "v1", "Pod")) == "/v1, Kind=Pod"
    assert GroupVersionKind.of(POD).api_version == "v1"
    assert GroupVersionResource("apps", "v1", "deployments").group_resource == "deployments.apps"
    assert str(DEPLOYMENTS.key("default", "nginx")) == "deployments.apps default/nginx"
    assert NAMESPACES.key("ignored", "default").namespace == ""
    assert DEPLOYMENTS.key_of(POD) == DEPLOYMENTS.key("ns", "p")


@pytest.mark.parametrize(
    "family", [errors.NotFound, errors.Conflict, errors.Expired, errors.Invalid, errors.BadRequest]
)
def test_an_error_survives_the_trip_as_a_status(family: type[errors.ApiError]) -> None:
    status = family("no", details={"name": "x"}).to_status()
    back = errors.from_status(status["code"], status)
    assert type(back) is family
    assert (back.message, back.details) == ("no", {"name": "x"})


def test_a_status_without_a_reason_is_known_by_its_code() -> None:
    assert type(errors.from_status(400, {})) is errors.BadRequest
    assert type(errors.from_status(409, {})) is errors.Conflict
    assert errors.from_status(418, {"reason": "Teapot"}).status_code == 418


def test_all_broken_rules_are_named() -> None:
    broken = [
        errors.FieldError("FieldValueRequired", "spec.a", "Required value"),
        errors.FieldError("X", "b", "m"),
    ]
    error = errors.invalid("apps", "Deployment", "d", broken)
    assert error.message == 'Deployment.apps "d" is invalid: [spec.a: Required value, b: m]'
    assert [cause["field"] for cause in error.details["causes"]] == ["spec.a", "b"]


@pytest.mark.parametrize(
    ("key", "owned"),
    [
        ("work.karmada.io/permanent-id", True),
        ("namespace.karmada.io/skip-auto-propagation", False),
        ("karmada.io/managed", False),
        ("app", False),
    ],
)
def test_keys_written_by_karmada_are_recognised(key: str, *, owned: bool) -> None:
    assert is_karmada_owned_key(key) is owned


MODULES = [module.name for module in pkgutil.walk_packages(karmada.api.__path__, "karmada.api.")]


def test_no_module_of_the_api_does_input_or_output() -> None:
    lines = [f"import {name}" for name in MODULES]
    lines += ["import sys", "print([name for name in ('asyncio', 'aiohttp') if name in sys.modules])"]
    code = "\n".join(lines)
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is_for(name: str) -> None:
    assert importlib.import_module(name).__doc__
