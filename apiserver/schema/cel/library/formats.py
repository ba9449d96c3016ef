"""Kubernetes' format library: the name and text formats by name."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from typing_extensions import override

from apiserver.schema.cel.terms import function, member
from apiserver.schema.cel.types import STRING, list_of, opaque, optional_of
from apiserver.schema.cel.values import NONE, Opaque, Optional
from apiserver.schema.formats import FORMATS as CHECKS
from karmada.api.validation import (
    dns_1035_label_errors,
    dns_label_errors,
    dns_subdomain_errors,
    label_value_errors,
    qualified_name_errors,
)

Errors = Callable[[str], Sequence[str]]
FORMAT: Final = opaque("kubernetes.NamedFormat")


class NamedFormat(Opaque):
    __slots__ = ("errors", "name")
    type_name = "kubernetes.NamedFormat"

    def __init__(self, name: str, errors: Errors) -> None:
        self.name, self.errors = name, errors

    @override
    def __eq__(self, other: object) -> bool:
        return type(other) is NamedFormat and other.name == self.name

    @override
    def __hash__(self) -> int:
        return hash(self.name)


def _prefix(errors: Errors) -> Errors:
    """generateName: a dash at the end is completed later."""
    return lambda text: errors(text[:-1] + "a" if text.endswith("-") else text)


def _checked(name: str, message: str) -> Errors:
    check = CHECKS[name]
    return lambda text: () if check(text) else (message,)


def _uri_errors(text: str) -> Sequence[str]:
    if not text:
        return ('parse "": empty url',)
    return () if CHECKS["uri"](text) else (f'parse "{text}": invalid URI for request',)


_ERRORS: Final[dict[str, Errors]] = {
    "dns1123Label": dns_label_errors,
    "dns1123Subdomain": dns_subdomain_errors,
    "dns1035Label": dns_1035_label_errors,
    "qualifiedName": qualified_name_errors,
    "dns1123LabelPrefix": _prefix(dns_label_errors),
    "dns1123SubdomainPrefix": _prefix(dns_subdomain_errors),
    "dns1035LabelPrefix": _prefix(dns_1035_label_errors),
    "labelValue": label_value_errors,
    "uri": _uri_errors,
    "uuid": _checked("uuid", "does not match the UUID format"),
    "byte": _checked("byte", "invalid base64"),
    "date": _checked("date", "invalid date"),
    "datetime": _checked("date-time", "invalid datetime"),
}
_NAMED: Final = {name: NamedFormat(name, errors) for name, errors in _ERRORS.items()}


def _named(name: str) -> Optional:
    known = _NAMED.get(name)
    return NONE if known is None else Optional(known)


def _validate(named: NamedFormat, text: str) -> Optional:
    errors = named.errors(text)
    return Optional(list(errors)) if errors else NONE


def _constant(value: NamedFormat) -> Callable[[], Any]:
    return lambda: value


FORMATS: Final = [
    *(function(f"format.{name}", [], FORMAT, _constant(value)) for name, value in _NAMED.items()),
    function("format.named", [STRING], optional_of(FORMAT), _named),
    member("validate", [FORMAT, STRING], optional_of(list_of(STRING)), _validate, sized=True),
]
