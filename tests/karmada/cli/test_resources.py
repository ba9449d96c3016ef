"""What a user typed for a resource."""

import pytest

from karmada.api.gvk import GroupVersionResource
from karmada.cli.resources import Wanted, parse_wanted, resources_named
from karmada.cli.scope import CommandError
from karmada.client.mapper import DiscoveredResource

VERBS = ("get", "list")
PODS = DiscoveredResource(
    GroupVersionResource("", "v1", "pods"), "Pod", "pod", True, VERBS, ("po",), ("all",)
)
DEPLOYMENTS = DiscoveredResource(
    GroupVersionResource("apps", "v1", "deployments"),
    "Deployment",
    "deployment",
    True,
    VERBS,
    ("deploy",),
    ("all",),
)
EVENTS = DiscoveredResource(GroupVersionResource("", "v1", "events"), "Event", "event", True, VERBS, ("ev",))
NEW_EVENTS = DiscoveredResource(
    GroupVersionResource("events.k8s.io", "v1", "events"), "Event", "event", True, VERBS, ("ev",)
)
REVIEWS = DiscoveredResource(
    GroupVersionResource("authorization.k8s.io", "v1", "selfsubjectaccessreviews"),
    "SelfSubjectAccessReview",
    "selfsubjectaccessreview",
    False,
    ("create",),
    (),
    ("all",),
)
SERVED = [PODS, EVENTS, DEPLOYMENTS, NEW_EVENTS, REVIEWS]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["pods"], [Wanted("pods")], id="a-type"),
        pytest.param(["pods", "a", "b"], [Wanted("pods", ("a", "b"))], id="a-type-and-names"),
        pytest.param(["pods,services"], [Wanted("pods"), Wanted("services")], id="two-types"),
        pytest.param(["pods,"], [Wanted("pods")], id="a-comma-too-many"),
        pytest.param(["deploy/nginx"], [Wanted("deploy", ("nginx",))], id="type-and-name-in-one"),
        pytest.param(["po/a", "svc/b"], [Wanted("po", ("a",)), Wanted("svc", ("b",))], id="several-of-those"),
    ],
)
def test_words_say_what_is_wanted(words: list[str], expected: list[Wanted]) -> None:
    assert parse_wanted(words) == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["po/a", "b"], "no need to specify a resource type", id="both-forms-mixed"),
        pytest.param(["/a"], "no need to specify a resource type", id="no-type-before-the-slash"),
        pytest.param(["po/"], "no need to specify a resource type", id="no-name-after-the-slash"),
        pytest.param(["po/a/b"], "may not have more than one slash", id="two-slashes"),
        pytest.param([","], "must specify the type", id="nothing-but-a-comma"),
        pytest.param([""], "must specify the type", id="an-empty-word"),
    ],
)
def test_words_that_mean_nothing_are_refused(words: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        parse_wanted(words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("pods", [PODS], id="plural"),
        pytest.param("pod", [PODS], id="singular"),
        pytest.param("po", [PODS], id="short-name"),
        pytest.param("Deployment", [DEPLOYMENTS], id="kind"),
        pytest.param("deployments.apps", [DEPLOYMENTS], id="with-its-group"),
        pytest.param("deployments.v1.apps", [DEPLOYMENTS], id="with-version-and-group"),
        pytest.param("deployments.v2.apps", [], id="with-a-version-that-is-not-served"),
        pytest.param("events", [EVENTS], id="earlier-groups-win"),
        pytest.param("events.events.k8s.io", [NEW_EVENTS], id="the-group-decides"),
        pytest.param("all", [PODS, DEPLOYMENTS], id="a-category-is-all-of-it-that-can-be-listed"),
        pytest.param("widgets", [], id="unknown"),
    ],
)
def test_a_resource_is_found_by_every_name_it_has(text: str, expected: list[DiscoveredResource]) -> None:
    assert resources_named(SERVED, text) == expected
