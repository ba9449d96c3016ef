"""Field errors in the stock words: one function per kind of broken rule.

Used by the rules of Kubernetes' and Karmada's kinds alike. Values are shown as the stock servers show them.
"""

from collections.abc import Iterable
from typing import Any

import orjson

from karmada.api.errors import FieldError


def invalid_value(field: str, value: Any, text: str) -> FieldError:
    """`Invalid value: V: text`."""
    return FieldError("FieldValueInvalid", field, f"Invalid value: {shown(value)}: {text}")


def each_invalid(field: str, value: Any, texts: Iterable[str]) -> list[FieldError]:
    """One error per text that a text rule of karmada.api.validation gave."""
    return [invalid_value(field, value, text) for text in texts]


def type_invalid(field: str, value: Any, text: str) -> FieldError:
    return FieldError("FieldValueTypeInvalid", field, f"Invalid value: {shown(value)}: {text}")


def required(field: str, text: str = "") -> FieldError:
    return FieldError("FieldValueRequired", field, f"Required value: {text}" if text else "Required value")


def not_supported(field: str, value: Any, choices: Iterable[str]) -> FieldError:
    """The choices in the order given; most kinds sort them."""
    listed = ", ".join(f'"{choice}"' for choice in choices)
    return FieldError(
        "FieldValueNotSupported", field, f"Unsupported value: {shown(value)}: supported values: {listed}"
    )


def duplicate(field: str, value: Any) -> FieldError:
    return FieldError("FieldValueDuplicate", field, f"Duplicate value: {shown(value)}")


def forbidden(field: str, text: str) -> FieldError:
    return FieldError("FieldValueForbidden", field, f"Forbidden: {text}")


def not_found(field: str, value: Any) -> FieldError:
    return FieldError("FieldValueNotFound", field, f"Not found: {shown(value)}")


def too_long(field: str, limit: int) -> FieldError:
    return FieldError("FieldValueTooLong", field, f"Too long: may not be more than {limit} bytes")


def too_many(field: str, count: int, limit: int) -> FieldError:
    return FieldError("FieldValueTooMany", field, f"Too many: {count}: must have at most {limit} items")


def immutable(field: str, value: Any) -> FieldError:
    return invalid_value(field, value, "field is immutable")


def shown(value: Any) -> str:
    """Text quoted, numbers bare, null for nothing, the rest as compact JSON."""
    return orjson.dumps(value).decode()


def not_negative(field: str, value: int | None) -> list[FieldError]:
    if value is None or value >= 0:
        return []
    return [invalid_value(field, value, "must be greater than or equal to 0")]


def aggregate(errors: Iterable[FieldError]) -> str:
    """All errors as one text: `field: message`, or `[a, b]` for several, each once."""
    return joined(f"{error.field}: {error.message}" for error in errors)


def joined(texts: Iterable[str]) -> str:
    """Several texts as one: `[a, b]`, each once; one alone as it is."""
    each = list(dict.fromkeys(texts))
    return each[0] if len(each) == 1 else "[" + ", ".join(each) + "]"
