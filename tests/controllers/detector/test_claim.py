"""The marks of a policy on what it holds."""

import pytest

from controllers.detector.claim import CLUSTER, NAMESPACED, PolicyScope, claim_of, claimed, unclaimed
from karmada.api.groups.policy import PropagationPolicy
from karmada.api.objects import Object
from tests.controllers.detector.builders import CLUSTER_POLICY_ID, POLICY_ID, deployment, policy

PP = policy("web")
CPP = policy("everything", namespace="", id=CLUSTER_POLICY_ID)

PP_LABELS = {"propagationpolicy.karmada.io/permanent-id": POLICY_ID}
PP_ANNOTATIONS = {
    "propagationpolicy.karmada.io/name": "web",
    "propagationpolicy.karmada.io/namespace": "shop",
}
CPP_LABELS = {"clusterpropagationpolicy.karmada.io/permanent-id": CLUSTER_POLICY_ID}
CPP_ANNOTATIONS = {"clusterpropagationpolicy.karmada.io/name": "everything"}

HELD_BY_PP = deployment(labels=PP_LABELS, annotations=PP_ANNOTATIONS)
HELD_BY_CPP = deployment(labels=CPP_LABELS, annotations=CPP_ANNOTATIONS)


@pytest.mark.parametrize(
    ("template", "by", "labels", "annotations"),
    [
        pytest.param(deployment(), PP, PP_LABELS, PP_ANNOTATIONS, id="fresh"),
        pytest.param(deployment(), CPP, CPP_LABELS, CPP_ANNOTATIONS, id="fresh-by-cluster-policy"),
        pytest.param(
            deployment(labels={"team": "a"}, annotations={"note": "b"}),
            PP,
            {"team": "a", **PP_LABELS},
            {"note": "b", **PP_ANNOTATIONS},
            id="beside-what-users-wrote",
        ),
        pytest.param(HELD_BY_CPP, PP, PP_LABELS, PP_ANNOTATIONS, id="a-cluster-policy-gives-way"),
        pytest.param(
            deployment(labels=PP_LABELS, annotations={}),
            PP,
            PP_LABELS,
            PP_ANNOTATIONS,
            id="annotations-repaired",
        ),
    ],
)
def test_a_claim_leaves_label_and_annotations(
    template: Object, by: PropagationPolicy, labels: dict[str, str], annotations: dict[str, str]
) -> None:
    metadata = claimed(template, by)["metadata"]
    assert metadata["labels"] == labels
    assert metadata["annotations"] == annotations


@pytest.mark.parametrize(("template", "by"), [(HELD_BY_PP, PP), (HELD_BY_CPP, CPP)], ids=["pp", "cpp"])
def test_a_claim_that_is_there_changes_nothing(template: Object, by: PropagationPolicy) -> None:
    assert claimed(template, by) is template


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        pytest.param(deployment(), None, id="unclaimed"),
        pytest.param(HELD_BY_PP, (NAMESPACED, "shop", "web", POLICY_ID), id="by-policy"),
        pytest.param(HELD_BY_CPP, (CLUSTER, "", "everything", CLUSTER_POLICY_ID), id="by-cluster-policy"),
        pytest.param(
            deployment(labels=PP_LABELS | CPP_LABELS, annotations=PP_ANNOTATIONS | CPP_ANNOTATIONS),
            (NAMESPACED, "shop", "web", POLICY_ID),
            id="by-both-counts-for-the-policy",
        ),
        pytest.param(deployment(annotations=PP_ANNOTATIONS), None, id="label-removed-by-a-user"),
        pytest.param(deployment(labels=PP_LABELS), None, id="annotations-removed-by-a-user"),
    ],
)
def test_the_claim_is_read_from_label_and_annotations(template: Object, expected: object) -> None:
    assert claim_of(template) == expected


@pytest.mark.parametrize(
    ("template", "scope", "held_by", "left"),
    [
        pytest.param(HELD_BY_PP, NAMESPACED, POLICY_ID, {}, id="policy"),
        pytest.param(HELD_BY_CPP, CLUSTER, CLUSTER_POLICY_ID, {}, id="cluster-policy"),
        pytest.param(HELD_BY_PP, NAMESPACED, "another-id", PP_LABELS, id="held-by-another-by-now"),
        pytest.param(HELD_BY_PP, CLUSTER, "", PP_LABELS, id="of-the-other-kind"),
    ],
)
def test_a_release_takes_only_the_claim_of_that_policy(
    template: Object, scope: PolicyScope, held_by: str, left: dict[str, str]
) -> None:
    metadata = unclaimed(template, scope, held_by=held_by)["metadata"]
    assert metadata.get("labels", {}) == left
    assert bool(metadata.get("annotations")) is bool(left)
