"""Selectors: the grammar, the words of refusal, and what matches."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karmada.api.errors import BadRequest
from karmada.api.groups.meta import LabelSelector
from karmada.api.selectors import (
    EVERYTHING,
    NOTHING,
    FieldRequirement,
    InvalidSelector,
    LabelMatcher,
    Requirement,
    from_label_selector,
    from_labels,
    parse_field_selector,
    parse_label_selector,
)

LABEL_VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', "
    "regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        pytest.param("", {"a": "b"}, True, id="empty-matches-all"),
        pytest.param("a=b", {"a": "b"}, True, id="equal"),
        pytest.param("a==b", {"a": "c"}, False, id="double-equal"),
        pytest.param("a=", {"a": ""}, True, id="empty-value"),
        pytest.param("a=", {}, False, id="empty-value-needs-the-key"),
        pytest.param("a!=b", {}, True, id="not-equal-matches-absent"),
        pytest.param("a!=b", {"a": "b"}, False, id="not-equal"),
        pytest.param("a in (b, c)", {"a": "c"}, True, id="in"),
        pytest.param("a in (b,c)", {}, False, id="in-needs-the-key"),
        pytest.param("a notin (b,c)", {}, True, id="notin-matches-absent"),
        pytest.param("a notin (b,c)", {"a": "b"}, False, id="notin"),
        pytest.param("a in (,)", {"a": ""}, True, id="in-with-an-empty-value"),
        pytest.param("a", {"a": ""}, True, id="exists"),
        pytest.param("!a", {"a": ""}, False, id="absent"),
        pytest.param(" a = b , !c ", {"a": "b"}, True, id="whitespace-is-free"),
        pytest.param("a>5", {"a": "6"}, True, id="greater"),
        pytest.param("a<5", {"a": "x"}, False, id="less-needs-a-number"),
        pytest.param("in=x,notin", {"in": "x", "notin": ""}, True, id="keywords-are-keys-too"),
        pytest.param("a=b,c=d", {"a": "b"}, False, id="all-must-hold"),
    ],
)
def test_a_label_selector_matches(text: str, labels: dict[str, str], *, expected: bool) -> None:
    assert parse_label_selector(text).matches(labels) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a in (=", "unable to parse requirement: found '=', expected: ',', ')' or identifier"),
        (
            "a in ()",
            "unable to parse requirement: values: Invalid value: []: "
            "for 'in', 'notin' operators, values set can't be empty",
        ),
        (
            "a>x",
            'unable to parse requirement: values[0]: Invalid value: "x": '
            "for 'Gt', 'Lt' operators, the value must be an integer",
        ),
        ("a=-x", f'unable to parse requirement: values[0][a]: Invalid value: "-x": {LABEL_VALUE}'),
    ],
)
def test_a_bad_label_selector_is_explained_in_the_words_of_kube_apiserver(text: str, message: str) -> None:
    with pytest.raises(BadRequest) as error:
        parse_label_selector(text)
    assert error.value.message == message


def test_a_bad_key_is_explained() -> None:
    with pytest.raises(InvalidSelector, match=r'Invalid value: "a/b/c": a valid label key must consist of'):
        parse_label_selector("a/b/c=d")


SELECTOR = {
    "matchLabels": {"app": "web"},
    "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["x"]}],
}


@pytest.mark.parametrize("selector", [SELECTOR, LabelSelector.from_json(SELECTOR)], ids=["json", "model"])
def test_a_selector_in_an_object_matches_like_its_text(selector: LabelSelector | dict[str, object]) -> None:
    matcher = from_label_selector(selector)
    assert str(matcher) == "app=web,tier notin (x)"
    assert matcher.matches({"app": "web"})
    assert not matcher.matches({"app": "web", "tier": "x"})


def test_an_absent_selector_matches_nothing_and_an_empty_one_everything() -> None:
    assert from_label_selector(None) is NOTHING
    assert not NOTHING.matches({})
    assert from_label_selector({}).is_everything
    assert EVERYTHING.matches({})


@pytest.mark.parametrize(
    ("operator", "values", "message"),
    [
        ("Foo", [], '"Foo" is not a valid label selector operator'),
        ("In", [], "for 'in', 'notin' operators, values set can't be empty"),
        ("Exists", ["a"], "values set must be empty for exists and does not exist"),
    ],
)
def test_a_selector_in_an_object_is_checked(operator: str, values: list[str], message: str) -> None:
    with pytest.raises(InvalidSelector) as error:
        from_label_selector({"matchExpressions": [{"key": "a", "operator": operator, "values": values}]})
    assert message in error.value.message


def test_plain_labels_make_a_matcher() -> None:
    assert from_labels({"a": "b"}).matches({"a": "b", "c": "d"})


@pytest.mark.parametrize(
    ("text", "fields", "expected"),
    [
        pytest.param("", {}, True, id="empty-matches-all"),
        pytest.param("metadata.name=a", {"metadata.name": "a"}, True, id="equal"),
        pytest.param("metadata.name==a,status.phase!=Running", {"metadata.name": "a"}, True, id="both"),
        pytest.param("status.phase!=", {}, False, id="absent-counts-as-empty"),
        pytest.param(r"a=b\,c\=d\\", {"a": "b,c=d\\"}, True, id="escapes"),
    ],
)
def test_a_field_selector_matches(text: str, fields: dict[str, str], *, expected: bool) -> None:
    assert parse_field_selector(text).matches(fields) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "metadata.name in (a)",
            "invalid selector: 'metadata.name in (a)'; can't understand 'metadata.name in (a)'",
        ),
        (r"a=\x", r"invalid field selector: invalid escape sequence: \x"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
    ],
)
def test_a_bad_field_selector_is_explained(text: str, message: str) -> None:
    with pytest.raises(InvalidSelector) as error:
        parse_field_selector(text)
    assert error.value.message == message


def test_the_one_value_a_field_must_have_can_be_asked_for() -> None:
    matcher = parse_field_selector("metadata.name=a,spec.x!=b")
    assert (matcher.exact("metadata.name"), matcher.exact("spec.x")) == ("a", None)


keys = st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True)
values = st.frozensets(st.from_regex(r"([a-z0-9]{1,5})?", fullmatch=True), min_size=1, max_size=3)
requirements = st.one_of(
    st.builds(Requirement, keys, st.sampled_from(["exists", "!"])),
    st.builds(Requirement, keys, st.sampled_from(["in", "notin"]), values),
    st.builds(lambda k, o, v: Requirement(k, o, frozenset([v])), keys, st.sampled_from(["=", "!="]), keys),
    st.builds(
        lambda k, o, v: Requirement(k, o, frozenset([str(v)])),
        keys,
        st.sampled_from(["gt", "lt"]),
        st.integers(0, 99),
    ),
)


@given(st.lists(requirements, max_size=4), st.dictionaries(keys, st.sampled_from(["", "a", "5"]), max_size=4))
def test_the_text_of_a_matcher_parses_back(items: list[Requirement], labels: dict[str, str]) -> None:
    matcher = LabelMatcher(tuple(items))
    parsed = parse_label_selector(str(matcher))
    assert set(parsed.requirements) == set(items)
    assert parsed.matches(labels) is matcher.matches(labels)


@given(st.text(max_size=30))
def test_any_text_is_a_selector_or_a_bad_request(text: str) -> None:
    for parse in (parse_label_selector, parse_field_selector):
        with suppress(InvalidSelector):
            parse(text)


@given(st.text(alphabet="ab,=\\ é", max_size=8))
def test_a_field_value_survives_escaping(value: str) -> None:
    from karmada.api.selectors import FieldMatcher

    requirement = FieldRequirement("f", value)
    assert parse_field_selector(str(FieldMatcher((requirement,)))).requirements == (requirement,)
