"""Taints added, replaced and removed; what makes no sense is told."""

import pytest

from karmada.cli.commands.taint import parse_taints, result_word, split_words, with_changes
from karmada.cli.scope import CommandError
from tests.scheduler.build import cluster

HELD = cluster(
    "m", taints=[{"key": "a", "value": "1", "effect": "NoSchedule"}, {"key": "a", "effect": "NoExecute"}]
)


@pytest.mark.parametrize(
    ("texts", "overwrite", "left", "word"),
    [
        (["b=2:NoSchedule"], False, ["b=2:NoSchedule", "a=1:NoSchedule", "a=:NoExecute"], "tainted"),
        (["b:NoExecute"], False, ["b=:NoExecute", "a=1:NoSchedule", "a=:NoExecute"], "tainted"),
        (["a=9:NoSchedule"], True, ["a=9:NoSchedule", "a=:NoExecute"], "modified"),
        (["a:NoSchedule-"], False, ["a=:NoExecute"], "untainted"),
        (["a-"], False, [], "untainted"),
    ],
)
def test_taints_change(texts: list[str], overwrite: bool, left: list[str], word: str) -> None:
    changes = parse_taints(texts)
    changed = with_changes(HELD, changes, overwrite=overwrite)
    assert [f"{taint.key}={taint.value}:{taint.effect}" for taint in changed.spec.taints] == left
    assert result_word(changes, overwrite=overwrite) == word


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        (["a=2:NoSchedule"], r"already has \[a\] taint\(s\) with same effect\(s\) and --overwrite is false"),
        (["x-"], "taint 'x' not found"),
        (["a=1:Never"], "invalid taint effect: Never"),
        (["a=1"], "invalid taint spec: a=1"),
        (["!=1:NoSchedule"], "invalid taint spec"),
        (["b=1:NoSchedule", "b:NoSchedule-"], "can not both modify and remove"),
        (["b=1:NoSchedule", "b=2:NoSchedule"], "duplicated taints"),
    ],
)
def test_what_makes_no_sense(texts: list[str], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        with_changes(HELD, parse_taints(texts), overwrite=False)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "one or more taint arguments are required"),
        (["pods", "m", "a-"], r'only \["cluster" "clusters"\] are supported'),
        (["clusters", "a=b:NoSchedule"], "at least one resource name must be specified"),
        (["clusters", "m"], "at least one taint update is required"),
    ],
)
def test_words_that_are_missing(words: list[str], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        split_words(words)
