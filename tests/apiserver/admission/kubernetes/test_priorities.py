"""PriorityClass, and what it means for pods."""

from typing import Any

import pytest

from apiserver.admission.kubernetes.priorities import RULES, settle_priority
from karmada.api.errors import Forbidden
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import admitted, context_of, judged, refused

POD: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"}}


def priority_class(name: str, value: int, **fields: Any) -> Object:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": value,
        **fields,
    }


GOLD = priority_class("gold", 100, preemptionPolicy="Never")


@pytest.mark.parametrize(
    ("spec", "classes", "expected"),
    [
        pytest.param({}, [], ("", 0, "PreemptLowerPriority"), id="none"),
        pytest.param({"priorityClassName": "gold"}, [GOLD], ("gold", 100, "Never"), id="named"),
        pytest.param(
            {}, [GOLD, priority_class("usual", 5, globalDefault=True)], ("usual", 5, "PreemptLowerPriority"),
            id="the-default",
        ),
        pytest.param(
            {"priorityClassName": "system-node-critical"},
            [],
            ("system-node-critical", 2_000_001_000, "PreemptLowerPriority"),
            id="built-in",
        ),
    ],
)  # fmt: skip
def test_a_pod_gets_its_priority_from_its_class(
    spec: Object, classes: list[Object], expected: tuple[str, int, str]
) -> None:
    settled = dict(spec)
    settle_priority(settled, context_of(POD, existing=classes))
    assert (
        settled.get("priorityClassName", ""),
        settled["priority"],
        settled["preemptionPolicy"],
    ) == expected


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        pytest.param(
            {"priorityClassName": "tin"},
            'pods "p" is forbidden: no PriorityClass with name tin was found',
            id="who",
        ),
        pytest.param(
            {"priority": 5},
            r'pods "p" is forbidden: the integer value of priority \(5\) must not be provided in pod '
            r"spec; priority "
            "admission controller computed 0 from the given PriorityClass name",
            id="a-number-of-ones-own",
        ),
    ],
)
def test_a_priority_comes_from_a_class(spec: Object, text: str) -> None:
    with pytest.raises(Forbidden, match=text):
        settle_priority(dict(spec), context_of(POD, existing=[GOLD]))


def test_a_class_preempts_unless_it_says_no() -> None:
    assert admitted(RULES, priority_class("a", 1))["preemptionPolicy"] == "PreemptLowerPriority"


BROKEN = [
    pytest.param(
        priority_class("a", 1_000_000_001),
        ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
        id="too-important",
    ),
    pytest.param(
        priority_class("system-mine", 1),
        [
            "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for "
            "system use "
            "only. error: system-mine is not a known system priority class"
        ],
        id="name-of-the-system",
    ),
    pytest.param(priority_class("system-node-critical", 2_000_001_000), [], id="the-systems-own"),
]


@pytest.mark.parametrize(("given", "expected"), BROKEN)
def test_broken_rules_are_found(given: Object, expected: list[str]) -> None:
    assert judged(RULES, given) == expected


def test_a_class_stays_as_important_as_it_is() -> None:
    assert judged(RULES, priority_class("gold", 50, preemptionPolicy="Always"), old=GOLD) == [
        "value: Forbidden: may not be changed in an update.",
        'preemptionPolicy: Invalid value: "Always": field is immutable',
    ]


async def test_there_is_one_default() -> None:
    first, second = (priority_class(name, 1, globalDefault=True) for name in ("a", "b"))
    await refused(RULES, first, existing=[first])
    with pytest.raises(Forbidden, match="PriorityClass a is already marked as default"):
        await refused(RULES, second, existing=[first])
