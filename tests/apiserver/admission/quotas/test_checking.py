"""What a write is charged with, and when a quota refuses it. Tables."""

from typing import Any

import pytest

from apiserver.admission.quotas.charging import QuotaRefused
from apiserver.admission.quotas.checking import (
    charge_of,
    check_said,
    is_charged,
)
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import context_of


def quota(hard: Object, used: Object | None = None, **spec: Any) -> Object:
    status = {"hard": hard, "used": used if used is not None else dict.fromkeys(hard, "0")}
    return {"metadata": {"name": "q", "namespace": "a"}, "spec": {"hard": hard, **spec}, "status": status}


def named(kind: str, **fields: Any) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "namespace": "a"}, **fields}


def pod(**requests: str) -> Object:
    return named("Pod", spec={"containers": [{"name": "c", "resources": {"requests": requests}}]})


@pytest.mark.parametrize(
    ("obj", "given", "used"),
    [
        pytest.param(named("ConfigMap"), quota({"configmaps": "2"}), {"configmaps": "1"}, id="plain"),
        pytest.param(
            named("ConfigMap"), quota({"count/configmaps": "2"}), {"count/configmaps": "1"}, id="count"
        ),
        pytest.param(
            pod(cpu="250m"),
            quota({"pods": "2", "cpu": "1", "memory": "1Gi"}, {"pods": "1", "cpu": "500m", "memory": "0"}),
            {"pods": "2", "cpu": "750m", "memory": "0"},
            id="pod",
        ),
    ],
)
def test_a_write_is_added(obj: Object, given: Object, used: Object) -> None:
    charge = charge_of(obj, context_of(obj))
    after = charge.added(given)
    assert after["status"]["used"] == used
    assert charge.taken_back(after)["status"]["used"] == given["status"]["used"]


@pytest.mark.parametrize(
    ("obj", "given", "text"),
    [
        pytest.param(
            named("ConfigMap"),
            quota({"configmaps": "2"}, {"configmaps": "2"}),
            "exceeded quota: q, requested: configmaps=1, used: configmaps=2, limited: configmaps=2",
            id="one",
        ),
        pytest.param(
            pod(cpu="2", memory="1Gi"),
            quota({"cpu": "1", "memory": "512Mi", "pods": "9"}),
            "exceeded quota: q, requested: cpu=2,memory=1Gi, used: cpu=0,memory=0, "
            "limited: cpu=1,memory=512Mi",
            id="several",
        ),
    ],
)
def test_a_write_is_refused(obj: Object, given: Object, text: str) -> None:
    with pytest.raises(QuotaRefused) as caught:
        charge_of(obj, context_of(obj)).added(given)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("obj", "given", "text"),
    [
        pytest.param(
            pod(),
            quota({"cpu": "1", "limits.memory": "1Gi"}),
            "failed quota: q: must specify cpu for: c; limits.memory for: c",
            id="nothing-said",
        ),
        pytest.param(
            pod(), quota({"pods": "1"}, {}), "status unknown for quota: q, resources: pods", id="not-counted"
        ),
    ],
)
def test_a_quota_asks_for_what_it_needs(obj: Object, given: Object, text: str) -> None:
    with pytest.raises(QuotaRefused) as caught:
        check_said(charge_of(obj, context_of(obj)), given)
    assert str(caught.value) == text


def test_an_update_is_charged_with_what_it_adds() -> None:
    old = named("Service", spec={"type": "ClusterIP", "ports": [{}, {}]})
    new = named("Service", spec={"type": "NodePort", "ports": [{}, {}]})
    assert {n: str(q) for n, q in charge_of(new, context_of(new, old=old)).delta.items()} == {
        "services.nodeports": "2"
    }
    assert charge_of(old, context_of(old, old=new)).delta == {}


def test_less_than_nothing_is_refused() -> None:
    claim = named("PersistentVolumeClaim", spec={"resources": {"requests": {"storage": "-1Gi"}}})
    with pytest.raises(QuotaRefused, match=r"quota usage is negative for resource\(s\): requests.storage"):
        charge_of(claim, context_of(claim))


def test_a_quota_that_is_not_about_the_object_is_left_alone() -> None:
    obj = named("ConfigMap")
    given = quota({"pods": "0"})
    assert not charge_of(obj, context_of(obj)).counts_for(given)


def test_updates_of_most_kinds_and_subresources_are_free() -> None:
    obj = named("ConfigMap")
    assert is_charged(context_of(obj))
    assert not is_charged(context_of(obj, old=obj))
    assert not is_charged(context_of(pod(), old=pod(), subresource="status"))
    assert is_charged(context_of(pod(), old=pod(), subresource="resize"))
    assert is_charged(context_of(named("Service"), old=named("Service")))
