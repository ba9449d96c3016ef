"""ClusterTaintPolicy: what is refused."""

import pytest

from apiserver.admission.karmada.taint_policies import RULES, taint_policy_errors
from karmada.api.errors import Forbidden
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import refused, texts


def policy(*taints: tuple[str, str]) -> Object:
    return {
        "apiVersion": "policy.karmada.io/v1alpha1",
        "kind": "ClusterTaintPolicy",
        "metadata": {"name": "t"},
        "spec": {"taints": [{"key": key, "effect": effect} for key, effect in taints]},
    }


def test_the_earlier_one_of_two_equal_taints_is_named() -> None:
    found = taint_policy_errors(policy(("a", "NoSchedule"), ("a", "NoSchedule")), allow_no_execute=False)
    assert texts(found) == [
        'spec.taints[0]: Duplicate value: "Duplicate taint with the same key(a) and '
        "effect(NoSchedule) is not "
        'allowed"'
    ]


@pytest.mark.parametrize(("allowed", "problems"), [(True, 0), (False, 1)])
def test_evicting_by_policy_has_to_be_allowed(*, allowed: bool, problems: int) -> None:
    found = taint_policy_errors(policy(("a", "NoExecute")), allow_no_execute=allowed)
    assert len(found) == problems


async def test_a_policy_is_refused_by_its_webhook() -> None:
    await refused(RULES, policy(("a", "NoSchedule")))
    with pytest.raises(Forbidden, match=r'admission webhook "clustertaintpolicy\.karmada\.io" denied'):
        await refused(RULES, policy(("a", "NoExecute")))
