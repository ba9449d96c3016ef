"""What a Cluster must keep."""

from typing import Any

import pytest

from apiserver.admission.karmada.cluster_rules import cluster_errors
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import texts

URL = "; desired format: https://host[/path]"


def spec(**fields: Any) -> Object:
    return {"syncMode": "Push", **fields}


def taint(key: str, effect: str) -> Object:
    return {"key": key, "effect": effect}


def models(*bounds: tuple[str, str]) -> list[Object]:
    return [
        {"grade": grade, "ranges": [{"name": "cpu", "min": low, "max": high}]}
        for grade, (low, high) in enumerate(bounds)
    ]


END = "9223372036854775807"
BROKEN = [
    pytest.param(
        {},
        [
            "spec.syncMode: Required value",
            'spec.syncMode: Unsupported value: "": supported values: "Pull", "Push"',
        ],
        id="no-mode",
    ),
    pytest.param(
        spec(secretRef={"name": "s"}, impersonatorSecretRef={}),
        [
            "spec.secretRef.namespace: Required value",
            "spec.impersonatorSecretRef.namespace: Required value",
            "spec.impersonatorSecretRef.name: Required value",
        ],
        id="secrets-of-nowhere",
    ),
    pytest.param(
        spec(apiEndpoint="host:5443"),
        ['spec.apiEndpoint: Invalid value: "host:5443": host must be specified' + URL],
        id="endpoint-without-scheme",
    ),
    pytest.param(
        spec(apiEndpoint="192.0.2.1:5443"),
        [
            'spec.apiEndpoint: Required value: url must be a valid URL: parse "192.0.2.1:5443": first path '
            "segment in URL cannot contain colon" + URL
        ],
        id="endpoint-is-an-address",
    ),
    pytest.param(
        spec(apiEndpoint="https://me@host/?a=b#c"),
        [
            'spec.apiEndpoint: Invalid value: "https://me@host/?a=b#c": user information is not permitted in '
            "the URL" + URL,
            'spec.apiEndpoint: Invalid value: "https://me@host/?a=b#c": fragments are not permitted in '
            "the URL" + URL,
            'spec.apiEndpoint: Invalid value: "https://me@host/?a=b#c": query parameters are not '
            "permitted in "
            "the URL" + URL,
        ],
        id="endpoint-with-everything",
    ),
    pytest.param(
        spec(proxyURL="ftp://proxy"),
        [
            'spec.proxyURL: Invalid value: "ftp://proxy": unsupported scheme "ftp", must be http, https, or '
            "socks5"
        ],
        id="proxy-of-another-kind",
    ),
    pytest.param(
        spec(zone="a", zones=["b"]),
        ['spec.spec: Invalid value: "a": zone & zones cannot be set at the same time'],
        id="zone-and-zones",
    ),
    pytest.param(
        spec(taints=[taint("a", "PreferNoSchedule"), taint("b", ""), taint("c", "NoSchedule")] * 1),
        [
            'spec.taints[0].effect: Unsupported value: "PreferNoSchedule": supported values: "NoSchedule", '
            '"NoExecute"',
            "spec.taints[1].effect: Required value",
        ],
        id="effects",
    ),
    pytest.param(
        spec(taints=[taint("a", "NoSchedule")] * 2),
        [
            'spec.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule"}: taints must be unique '
            "by key "
            "and effect pair"
        ],
        id="taint-twice",
    ),
]


@pytest.mark.parametrize(("given", "expected"), BROKEN)
def test_broken_rules_are_found(given: Object, expected: list[str]) -> None:
    assert texts(cluster_errors({"spec": given})) == expected


GAPS = [
    pytest.param(models(("0", "2"), ("3", END)), "must be contiguous and non-overlapping", id="gap"),
    pytest.param(models(("1", END)), "in the first model should be 0", id="starts-late"),
    pytest.param(models(("0", "5")), "in the last model should be MaxInt64", id="ends-early"),
    pytest.param(models(("0", "0")), "must be greater than the min value", id="empty-range"),
    pytest.param(
        [*models(("0", END)), *models(("0", END))],
        "The grade of each models should not be the same",
        id="grade",
    ),
    pytest.param(
        [{"grade": 0, "ranges": []}, *[{**each, "grade": 1} for each in models(("0", END))]],
        "The number of resource types should be the same",
        id="another-resource",
    ),
]


@pytest.mark.parametrize(("given", "problem"), GAPS)
def test_models_cover_each_resource_without_gaps(given: list[Object], problem: str) -> None:
    (found,) = texts(cluster_errors({"spec": spec(resourceModels=given)}))
    assert found.startswith("spec.resourceModels: Invalid value: [")
    assert found.endswith(problem)


def test_bounds_are_compared_as_amounts() -> None:
    given = models(("0", "1000m"), ("1", END))
    assert cluster_errors({"spec": spec(resourceModels=given)}) == []


@pytest.mark.parametrize("endpoint", ["https://member1.example.test:5443", "http://10.0.0.1", ""])
def test_urls_are_endpoints(endpoint: str) -> None:
    assert cluster_errors({"spec": spec(apiEndpoint=endpoint)}) == []
