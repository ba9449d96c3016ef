"""Text rules of Kubernetes names."""

from collections.abc import Callable

import pytest

from karmada.api import validation as rules


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (
            rules.qualified_name_errors,
            ["a", "a.b/c", "A_b-c.d"],
            ["", "/a", "a/", "a/b/c", "-a", "a b", "A.b/c", "a" * 64],
        ),
        (rules.label_value_errors, ["", "a", "A_b-c.1"], ["-a", "a-", "a b", "a" * 64]),
        (rules.dns_label_errors, ["a", "a-1", "1"], ["", "A", "a.b", "-a", "a" * 64]),
        (rules.dns_subdomain_errors, ["a", "a.b-c.1"], ["", "A", "a..b", "a_b", "a" * 254]),
        (rules.dns_1035_label_errors, ["a", "a-1"], ["1a", "", "A"]),
        (rules.wildcard_subdomain_errors, ["*.a.b"], ["a.b", "*", "*.A"]),
        (rules.path_segment_errors, ["", "a:b", "system:x"], [".", "..", "a/b", "a%b"]),
        (rules.cluster_name_errors, ["member1", "a" * 48], ["", "a" * 49, "A", "a.b"]),
    ],
    ids=[
        "qualified",
        "label-value",
        "dns-label",
        "subdomain",
        "dns-1035",
        "wildcard",
        "path-segment",
        "cluster",
    ],
)
def test_names_are_accepted_or_explained(
    rule: Callable[[str], tuple[str, ...]], good: list[str], bad: list[str]
) -> None:
    assert [text for text in good if rule(text)] == []
    assert [text for text in bad if not rule(text)] == []


def test_a_long_name_is_told_the_limit() -> None:
    assert rules.dns_label_errors("a" * 64) == ("must be no more than 63 bytes",)
