"""PropagationPolicy and ClusterPropagationPolicy: what is filled in, and what is refused."""

from typing import Any

import pytest

from apiserver.admission.karmada.propagation import CLUSTER_RULES, NAMESPACED_RULES
from karmada.api.errors import Forbidden
from karmada.api.objects import Object, private_copy
from tests.apiserver.admission.contexts import admitted, refused

PP_ID = "propagationpolicy.karmada.io/permanent-id"
CPP_ID = "clusterpropagationpolicy.karmada.io/permanent-id"
SELECTOR = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x"}


def policy(**spec: Any) -> Object:
    """As the schema leaves it."""
    defaults = {"conflictResolution": "Abort", "preemption": "Never", "priority": 0}
    return {
        "apiVersion": "policy.karmada.io/v1alpha1",
        "kind": "PropagationPolicy",
        "metadata": {"name": "p", "namespace": "shop"},
        "spec": {
            "resourceSelectors": [dict(SELECTOR)],
            "schedulerName": "default-scheduler",
            **defaults,
            **private_copy(spec),
        },
    }


def cluster_policy(**spec: Any) -> Object:
    return {**policy(**spec), "kind": "ClusterPropagationPolicy", "metadata": {"name": "p"}}


def application(**fields: Any) -> Object:
    behavior = {"decisionConditions": {"tolerationSeconds": 300}, "purgeMode": "Gracefully", **fields}
    return {"application": behavior}


# -- what is filled in --------------------------------------------------------------------------------------


def test_a_selector_without_namespace_means_that_of_the_policy() -> None:
    given = policy(resourceSelectors=[SELECTOR, {**SELECTOR, "namespace": "other"}])
    spec = admitted(NAMESPACED_RULES, given)["spec"]
    assert [selector["namespace"] for selector in spec["resourceSelectors"]] == ["shop", "other"]


def test_a_cluster_policy_selects_everywhere() -> None:
    spec = admitted(CLUSTER_RULES, cluster_policy())["spec"]
    assert "namespace" not in spec["resourceSelectors"][0]


def test_a_placement_is_never_absent() -> None:
    assert admitted(NAMESPACED_RULES, policy())["spec"]["placement"] == {}


def test_a_spread_constraint_spreads_over_clusters_unless_it_says_what_over() -> None:
    given = policy(placement={"spreadConstraints": [{"maxGroups": 3}, {"spreadByLabel": "rack"}]})
    constraints = admitted(NAMESPACED_RULES, given)["spec"]["placement"]["spreadConstraints"]
    assert constraints == [
        {"maxGroups": 3, "minGroups": 1, "spreadByField": "cluster"},
        {"spreadByLabel": "rack", "minGroups": 1},
    ]


def test_divided_without_preference_is_weighted() -> None:
    given = policy(placement={"replicaScheduling": {"replicaSchedulingType": "Divided"}})
    scheduling = admitted(NAMESPACED_RULES, given)["spec"]["placement"]["replicaScheduling"]
    assert scheduling["replicaDivisionPreference"] == "Weighted"


def test_imported_services_bring_what_they_need() -> None:
    selector = {"apiVersion": "multicluster.x-k8s.io/v1alpha1", "kind": "ServiceImport"}
    assert admitted(NAMESPACED_RULES, policy(resourceSelectors=[selector]))["spec"]["propagateDeps"] is True


@pytest.mark.parametrize(
    ("failover", "grace"),
    [
        pytest.param(application(), 600, id="gracefully"),
        pytest.param(application(gracePeriodSeconds=5), 5, id="gracefully-as-given"),
        pytest.param(application(purgeMode="Never"), None, id="never"),
    ],
)
def test_a_graceful_failover_has_a_limit(failover: Object, grace: int | None) -> None:
    spec = admitted(NAMESPACED_RULES, policy(failover=failover))["spec"]
    assert spec["failover"]["application"].get("gracePeriodSeconds") == grace


@pytest.mark.parametrize(
    ("rules", "given", "label", "finalizer"),
    [
        pytest.param(
            NAMESPACED_RULES, policy(), PP_ID, "karmada.io/propagation-policy-controller", id="namespaced"
        ),
        pytest.param(
            CLUSTER_RULES,
            cluster_policy(),
            CPP_ID,
            "karmada.io/cluster-propagation-policy-controller",
            id="cluster",
        ),
    ],
)
def test_a_new_policy_gets_an_id_of_its_own_and_waits_for_its_clean_up(
    rules: Any, given: Object, label: str, finalizer: str
) -> None:
    given["metadata"]["labels"] = {label: "borrowed"}
    metadata = admitted(rules, given)["metadata"]
    assert metadata["labels"][label] != "borrowed"
    assert metadata["finalizers"] == [finalizer]


def test_an_update_keeps_the_id() -> None:
    old = admitted(NAMESPACED_RULES, policy())
    new = admitted(NAMESPACED_RULES, private_copy(old), old=old)
    assert new == old


# -- what is refused ----------------------------------------------------------------------------------------


async def refusal(given: Object) -> str:
    created = admitted(NAMESPACED_RULES, given)
    with pytest.raises(Forbidden) as caught:
        await refused(NAMESPACED_RULES, created)
    message = caught.value.message
    prefix = 'admission webhook "propagationpolicy.karmada.io" denied the request: '
    assert message.startswith(prefix)
    return message.removeprefix(prefix)


REFUSED = [
    pytest.param(
        policy(failover=application(purgeMode="Never")),
        "spec.propagateDeps: Invalid value: false: application failover is set, propagateDeps must be true",
        id="failover-without-dependencies",
    ),
    pytest.param(
        policy(propagateDeps=True, failover=application(purgeMode="Never", gracePeriodSeconds=5)),
        "spec.failover.application.gracePeriodSeconds: Invalid value: 5: only takes effect when purgeMode is "
        "gracefully",
        id="grace-for-nothing",
    ),
    pytest.param(
        policy(propagateDeps=True, failover=application(gracePeriodSeconds=0)),
        "spec.failover.application.gracePeriodSeconds: Invalid value: 0: must be greater than 0",
        id="no-grace",
    ),
    pytest.param(
        policy(propagateDeps=True, failover=application(decisionConditions={"tolerationSeconds": -1})),
        "spec.failover.application.decisionConditions.tolerationSeconds: Invalid value: -1: must be greater "
        "than or equal to 0",
        id="tolerates-less-than-nothing",
    ),
    pytest.param(
        policy(preemption="Always", resourceSelectors=[{"apiVersion": "v1", "kind": "ConfigMap"}]),
        'spec.resourceSelectors[0].name: Invalid value: "": name cannot be empty if preemption is '
        "Always, the "
        "empty name may cause unexpected resources preemption",
        id="preempts-everything",
    ),
    pytest.param(
        policy(suspension={"dispatchingOnClusters": {"clusterNames": ["member1"]}, "dispatching": True}),
        'spec.suspension.suspension: Invalid value: {"dispatching":true,"dispatchingOnClusters":'
        '{"clusterNames":["member1"]}}: suspension dispatching cannot co-exist with '
        "dispatchingOnClusters.clusterNames",
        id="suspended-twice",
    ),
    pytest.param(
        policy(resourceSelectors=[{**SELECTOR, "namespace": "elsewhere"}]),
        'spec.resourceSelectors[0].namespace: Invalid value: "elsewhere": namespace of resource '
        "selector must "
        "be the same as the namespace of the policy",
        id="selects-elsewhere",
    ),
]


@pytest.mark.parametrize(("given", "expected"), REFUSED)
async def test_a_policy_that_contradicts_itself_is_refused(given: Object, expected: str) -> None:
    assert await refusal(given) == expected


async def test_several_problems_are_told_together() -> None:
    given = policy(
        preemption="Always",
        resourceSelectors=[{"apiVersion": "v1", "kind": "ConfigMap", "namespace": "elsewhere"}],
    )
    message = await refusal(given)
    assert message.startswith("[spec.resourceSelectors[0].name: ")
    assert ", spec.resourceSelectors[0].namespace: " in message


async def test_a_plain_policy_passes() -> None:
    await refused(NAMESPACED_RULES, admitted(NAMESPACED_RULES, policy()))
    given = cluster_policy(resourceSelectors=[{**SELECTOR, "namespace": "anywhere"}])
    await refused(CLUSTER_RULES, admitted(CLUSTER_RULES, given))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            {"spec": {"schedulerName": "another"}}, "the schedulerName should not be updated", id="scheduler"
        ),
        pytest.param(
            {"metadata": {"labels": {PP_ID: "other"}}},
            f"label {PP_ID} is immutable, it can only be set by the system during creation",
            id="id-changed",
        ),
        pytest.param(
            {"metadata": {"labels": {}}},
            f"label {PP_ID} is immutable, it can only be set by the system during creation",
            id="id-removed",
        ),
    ],
)
async def test_identity_and_scheduler_stay(changes: dict[str, Object], expected: str) -> None:
    old = admitted(NAMESPACED_RULES, policy())
    new = private_copy(old)
    for part, fields in changes.items():
        new[part] |= fields
    with pytest.raises(Forbidden, match=expected):
        await refused(NAMESPACED_RULES, new, old=old)
