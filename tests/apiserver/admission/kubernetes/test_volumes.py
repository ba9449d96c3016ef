"""Rules of volumes."""

from typing import Any

import pytest

from apiserver.admission.kubernetes.volumes import volume_errors
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import texts


def volume(name: str = "v", **source: Any) -> Object:
    return {"name": name, **source}


BROKEN = [
    pytest.param([volume("", emptyDir={})], ["v[0].name: Required value"], id="no-name"),
    pytest.param([volume(emptyDir={})] * 2, ['v[1].name: Duplicate value: "v"'], id="one-name-twice"),
    pytest.param([volume()], ["v[0]: Required value: must specify a volume type"], id="no-source"),
    pytest.param(
        [volume(emptyDir={}, secret={"secretName": "a"})],
        ["v[0].secret: Forbidden: may not specify more than 1 volume type"],
        id="two-sources",
    ),
    pytest.param([volume(configMap={})], ["v[0].configMap.name: Required value"], id="which-config-map"),
    pytest.param(
        [volume(secret={"secretName": "a", "defaultMode": 512})],
        [
            "v[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both "
            "inclusive"
        ],
        id="mode",
    ),
    pytest.param(
        [volume(configMap={"name": "a", "items": [{"key": "k", "path": "/../b"}]})],
        [
            'v[0].configMap.items[0].path: Invalid value: "/../b": must be a relative path',
            "v[0].configMap.items[0].path: Invalid value: \"/../b\": must not contain '..'",
        ],
        id="path-leads-out",
    ),
]


@pytest.mark.parametrize(("given", "expected"), BROKEN)
def test_broken_rules_are_found(given: list[Object], expected: list[str]) -> None:
    assert texts(volume_errors(given, "v")) == expected


def test_a_volume_of_a_kind_nobody_lists_is_fine() -> None:
    assert volume_errors([volume(storageos={})], "v") == []
