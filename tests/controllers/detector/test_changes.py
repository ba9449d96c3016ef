"""What an update of a template means."""

import pytest

from controllers.detector.changes import changed_by_user, same_specification
from karmada.api.objects import Object
from tests.controllers.detector.builders import POLICY_ID, deployment

BEFORE = deployment(labels={"app": "web"}, generation=1)
CLAIM = {"propagationpolicy.karmada.io/permanent-id": POLICY_ID}


@pytest.mark.parametrize(
    ("after", "same", "by_user"),
    [
        pytest.param(BEFORE, True, False, id="nothing"),
        pytest.param(
            deployment(labels={"app": "web"}, generation=1, resourceVersion="9"), True, False, id="version"
        ),
        pytest.param({**BEFORE, "status": {"replicas": 2}}, True, False, id="status"),
        pytest.param(
            deployment(labels={"app": "web"}, generation=1, managedFields=[{}]),
            True,
            False,
            id="managed-fields",
        ),
        pytest.param(deployment(labels={"app": "web", **CLAIM}, generation=2), False, False, id="claim"),
        pytest.param(
            deployment(labels={"app": "web"}, generation=2, annotations={"policy.karmada.io/x": "1"}),
            False,
            False,
            id="first-annotation-is-karmadas",
        ),
        pytest.param(deployment(labels={"app": "db"}, generation=1), False, True, id="label"),
        pytest.param(
            deployment(
                labels={"app": "web", "namespace.karmada.io/skip-auto-propagation": "true"}, generation=1
            ),
            False,
            True,
            id="the-label-by-which-users-opt-out",
        ),
        pytest.param(
            deployment(labels={"app": "web", "karmada.io/x": "1"}, generation=1),
            False,
            True,
            id="no-dot-before-karmada",
        ),
        pytest.param({**BEFORE, "spec": {"replicas": 3}}, False, True, id="spec"),
        pytest.param(
            deployment(labels={"app": "web"}, generation=1, finalizers=["a"]), False, True, id="finalizer"
        ),
    ],
)
def test_an_update_is_judged_by_what_it_touches(after: Object, same: bool, by_user: bool) -> None:
    assert same_specification(BEFORE, after) is same
    assert changed_by_user(BEFORE, after) is by_user
