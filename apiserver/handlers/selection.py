"""Selectors of a list or watch as one question about an entry.

In: labelSelector and fieldSelector texts. Out: a Selection. Names are compared without decoding; labels and
other fields are read by the entry itself, once.
"""

from dataclasses import dataclass

from apiserver.resources.definition import ResourceDefinition
from apiserver.storage.entries import Entry
from apiserver.storage.watchers import Matches
from karmada.api.errors import BadRequest
from karmada.api.selectors import FieldMatcher, parse_field_selector, parse_label_selector

_NAME = "metadata.name"
_NAMESPACE = "metadata.namespace"


@dataclass(frozen=True, slots=True)
class Selection:
    """matches None selects everything. name is set when only one name can match."""

    matches: Matches | None
    name: str = ""


EVERYTHING = Selection(None)


def selection_of(definition: ResourceDefinition, label_selector: str, field_selector: str) -> Selection:
    """Raises BadRequest."""
    if not label_selector and not field_selector:
        return EVERYTHING
    tests: list[Matches] = []
    name = ""
    if field_selector:
        matcher = parse_field_selector(field_selector)
        _check_labels(definition, matcher)
        name = matcher.exact(_NAME) or ""
        tests += _field_tests(definition, matcher)
    if label_selector:
        labels = parse_label_selector(label_selector)
        if not labels.is_everything:
            tests.append(lambda entry: labels.matches(entry.labels()))
    if not tests:
        return EVERYTHING
    if len(tests) == 1:
        return Selection(tests[0], name)
    return Selection(lambda entry: all(test(entry) for test in tests), name)


def _field_tests(definition: ResourceDefinition, matcher: FieldMatcher) -> list[Matches]:
    on_path = FieldMatcher(tuple(item for item in matcher.requirements if item.field in (_NAME, _NAMESPACE)))
    on_content = FieldMatcher(
        tuple(item for item in matcher.requirements if item.field not in (_NAME, _NAMESPACE))
    )
    tests: list[Matches] = []
    if on_path.requirements:
        tests.append(lambda entry: on_path.matches({_NAME: entry.name, _NAMESPACE: entry.namespace}))
    if on_content.requirements:
        values = definition.field_values
        assert values is not None

        def test(entry: Entry) -> bool:
            # Versions of a resource that name their fields differently do not share what the entry remembers.
            if definition.conversion is None:
                return on_content.matches(entry.fields(values))
            return on_content.matches(values(entry.decode(b"{")))

        tests.append(test)
    return tests


def _check_labels(definition: ResourceDefinition, matcher: FieldMatcher) -> None:
    resource = definition.gvr.resource
    known = {_NAME, _NAMESPACE, *definition.served.field_labels}
    if (definition.gvr.group, resource) in (("", "nodes"), ("", "namespaces")):
        known.discard(_NAMESPACE)
    aliases = {"spec.host"} if (definition.gvr.group, resource) == ("", "pods") else set()
    for requirement in matcher.requirements:
        if requirement.field not in known | aliases:
            raise BadRequest(_not_supported(definition, requirement.field))


def _not_supported(definition: ResourceDefinition, label: str) -> str:
    if definition.served.custom or not definition.served.field_labels:
        return f'"{label}" is not a known field selector: only "metadata.name", "metadata.namespace"'
    if definition.served.kind == "Job":
        return f'field label "{label}" not supported for Job'
    if definition.served.kind == "ResourceSlice":
        return f"field label not supported for {definition.gvk}: {label}"
    return f"field label not supported: {label}"
