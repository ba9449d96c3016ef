"""Kubernetes' text rules: qualified names, label values, DNS names. Pure; each returns the messages of
broken rules.

Messages are those of the stock servers. Used by selectors here and by admission in the API server.
"""

import re
from functools import lru_cache
from typing import Final

_QUALIFIED_NAME: Final = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL_VALUE: Final = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_DNS_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DNS_1035_LABEL: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN_TEXT: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_DNS_SUBDOMAIN: Final = re.compile(_SUBDOMAIN_TEXT)
_WILDCARD_SUBDOMAIN: Final = re.compile(r"\*\." + _SUBDOMAIN_TEXT)

_QUALIFIED_NAME_RULE: Final = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric"
    " character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is"
    " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_LABEL_VALUE_RULE: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must"
    " start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used"
    " for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_DNS_LABEL_RULE: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and"
    " end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_DNS_SUBDOMAIN_RULE: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must"
    " start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is"
    f" '{_SUBDOMAIN_TEXT}')"
)
_WILDCARD_RULE: Final = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must"
    " consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
    f" (e.g. '*.example.com', regex used for validation is '\\*\\.{_SUBDOMAIN_TEXT}')"
)
_DNS_1035_RULE: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic"
    " character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for"
    " validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN_MAX: Final = 253
LABEL_MAX: Final = 63


def _too_long(limit: int) -> str:
    return f"must be no more than {limit} bytes"


@lru_cache(maxsize=4096)
def qualified_name_errors(text: str) -> tuple[str, ...]:
    """A label key: optional DNS subdomain and "/", then a name of at most 63 characters."""
    errors: list[str] = []
    parts = text.split("/")
    if len(parts) > 2:
        return (
            "a valid label key " + _QUALIFIED_NAME_RULE + " with an optional DNS subdomain prefix and '/'"
            " (e.g. 'example.com/MyName')",
        )
    if len(parts) == 2:
        if not parts[0]:
            errors.append("prefix part must be non-empty")
        else:
            errors += [f"prefix part {error}" for error in dns_subdomain_errors(parts[0])]
    name = parts[-1]
    if not name:
        errors.append("name part must be non-empty")
    elif len(name.encode()) > LABEL_MAX:
        errors.append("name part " + _too_long(LABEL_MAX))
    if not _QUALIFIED_NAME.fullmatch(name):
        errors.append("name part " + _QUALIFIED_NAME_RULE)
    return tuple(errors)


@lru_cache(maxsize=4096)
def label_value_errors(text: str) -> tuple[str, ...]:
    errors: list[str] = []
    if len(text.encode()) > LABEL_MAX:
        errors.append(_too_long(LABEL_MAX))
    if not _LABEL_VALUE.fullmatch(text):
        errors.append(_LABEL_VALUE_RULE)
    return tuple(errors)


@lru_cache(maxsize=4096)
def dns_label_errors(text: str) -> tuple[str, ...]:
    """RFC 1123 label: names of namespaces and clusters."""
    return _checked(text, LABEL_MAX, _DNS_LABEL, _DNS_LABEL_RULE)


@lru_cache(maxsize=4096)
def dns_subdomain_errors(text: str) -> tuple[str, ...]:
    """RFC 1123 subdomain: names of most objects."""
    return _checked(text, SUBDOMAIN_MAX, _DNS_SUBDOMAIN, _DNS_SUBDOMAIN_RULE)


def dns_1035_label_errors(text: str) -> tuple[str, ...]:
    """Names of Services."""
    return _checked(text, LABEL_MAX, _DNS_1035_LABEL, _DNS_1035_RULE)


def wildcard_subdomain_errors(text: str) -> tuple[str, ...]:
    return _checked(text, SUBDOMAIN_MAX, _WILDCARD_SUBDOMAIN, _WILDCARD_RULE)


def path_segment_errors(text: str) -> tuple[str, ...]:
    """What may be one part of a URL path: names of RBAC objects."""
    if text in (".", ".."):
        return (f"may not be '{text}'",)
    return tuple(f"may not contain '{mark}'" for mark in ("/", "%") if mark in text)


def cluster_name_errors(text: str) -> tuple[str, ...]:
    """Names of member clusters: a DNS label of at most 48 characters."""
    if not text:
        return ("must be not empty",)
    too_long = ("must be no more than 48 characters",) if len(text) > 48 else ()
    return too_long + dns_label_errors(text)


def _checked(text: str, limit: int, pattern: re.Pattern[str], rule: str) -> tuple[str, ...]:
    errors = [_too_long(limit)] if len(text.encode()) > limit else []
    if not pattern.fullmatch(text):
        errors.append(rule)
    return tuple(errors)
