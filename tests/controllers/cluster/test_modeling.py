"""Nodes count in the highest grade whose lower bounds they all reach."""

import pytest

from controllers.cluster.modeling import grade_counts
from karmada.api.groups.cluster import ResourceModel
from karmada.api.quantity import Quantity

MODELS = [
    ("0", "0"),
    ("1", "4Gi"),
    ("2", "16Gi"),
    ("4", "32Gi"),
    ("8", "64Gi"),
]
MAXIMA = [
    ("1", "4Gi"),
    ("2", "16Gi"),
    ("4", "32Gi"),
    ("8", "64Gi"),
    ("9223372036854775807", "9223372036854775807"),
]


def model(grade: int, cpu: tuple[str, str], memory: tuple[str, str] | None) -> ResourceModel:
    ranges = [{"name": "cpu", "min": cpu[0], "max": cpu[1]}]
    if memory is not None:
        ranges.append({"name": "memory", "min": memory[0], "max": memory[1]})
    return ResourceModel.from_json({"grade": grade, "ranges": ranges})


FIVE_GRADES = [
    model(grade, (least[0], most[0]), (least[1], most[1]))
    for grade, (least, most) in enumerate(zip(MODELS, MAXIMA, strict=True))
]


def node(**amounts: str) -> dict[str, Quantity]:
    return {name: Quantity.parse(text) for name, text in amounts.items()}


@pytest.mark.parametrize(
    ("free", "grade"),
    [
        pytest.param(node(cpu="8", memory="32Gi"), 3, id="the-scarcer-resource-decides"),
        pytest.param(node(cpu="64", memory="3Gi"), 0, id="little-memory"),
        pytest.param(node(cpu="1", memory="4Gi"), 1, id="lower-bounds-belong-to-the-grade"),
        pytest.param(node(cpu="999m", memory="4Gi"), 0, id="a-little-less-does-not"),
        pytest.param(node(cpu="500", memory="500Gi"), 4, id="the-last-grade-has-no-end"),
        pytest.param(node(cpu="4"), 0, id="a-resource-it-lacks-counts-as-none"),
        pytest.param(node(cpu="4", memory="-1Gi"), None, id="an-overcommitted-node-does-not-count"),
    ],
)
def test_a_node_counts_in_one_grade(free: dict[str, Quantity], grade: int | None) -> None:
    counted = grade_counts(FIVE_GRADES, [free])
    assert [item.grade for item in counted if item.count] == ([] if grade is None else [grade])


def test_every_grade_is_told_in_the_order_of_the_models() -> None:
    counted = grade_counts(FIVE_GRADES, [node(cpu="2", memory="16Gi")] * 3 + [node(cpu="1", memory="8Gi")])
    assert [(item.grade, item.count) for item in counted] == [(0, 0), (1, 1), (2, 3), (3, 0), (4, 0)]


@pytest.mark.parametrize(
    "models",
    [
        pytest.param([], id="no-models"),
        pytest.param([FIVE_GRADES[0], model(1, ("1", "2"), None)], id="different-resources"),
        pytest.param([model(0, ("much", "more"), None)], id="not-an-amount"),
    ],
)
def test_models_that_make_no_sense_count_nothing(models: list[ResourceModel]) -> None:
    assert grade_counts(models, [node(cpu="8", memory="32Gi")]) == []
