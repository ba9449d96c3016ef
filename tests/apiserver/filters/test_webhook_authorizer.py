"""What is asked of a webhook about a request."""

import pytest

from apiserver.filters.webhook_authorizer import review_spec
from apiserver.request_info import Query, RequestInfo, UserInfo
from karmada.api.objects import Object

ALICE = UserInfo("alice", ("devs",), "7", {"scope": ("a",)})


def asked(method: str, path: str, **query: str) -> Object:
    info = RequestInfo.parse(method, path, Query({name: [value] for name, value in query.items()}))
    return review_spec(ALICE, info)


def test_the_user_is_told_whole() -> None:
    spec = asked("GET", "/healthz")
    assert spec == {
        "user": "alice",
        "uid": "7",
        "groups": ["devs"],
        "extra": {"scope": ["a"]},
        "nonResourceAttributes": {"path": "/healthz", "verb": "get"},
    }


def test_an_object_is_told_without_what_is_empty() -> None:
    assert asked("GET", "/api/v1/namespaces/t1/pods/p/log")["resourceAttributes"] == {
        "namespace": "t1",
        "verb": "get",
        "version": "v1",
        "resource": "pods",
        "subresource": "log",
        "name": "p",
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(
            {"fieldSelector": "spec.nodeName=n1,status.phase!=Failed"},
            {
                "fieldSelector": {
                    "requirements": [
                        {"key": "spec.nodeName", "operator": "In", "values": ["n1"]},
                        {"key": "status.phase", "operator": "NotIn", "values": ["Failed"]},
                    ]
                }
            },
            id="fields",
        ),
        pytest.param(
            {"labelSelector": "a in (x,y),!b"},
            {
                "labelSelector": {
                    "requirements": [
                        {"key": "a", "operator": "In", "values": ["x", "y"]},
                        {"key": "b", "operator": "DoesNotExist", "values": []},
                    ]
                }
            },
            id="labels",
        ),
        pytest.param({"labelSelector": "(((", "fieldSelector": "a"}, {}, id="nonsense"),
        pytest.param({}, {}, id="none"),
    ],
)
def test_selectors_are_told(query: dict[str, str], expected: Object) -> None:
    attributes = asked("GET", "/api/v1/pods", **query)["resourceAttributes"]
    assert {name: value for name, value in attributes.items() if name.endswith("Selector")} == expected
