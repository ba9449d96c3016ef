"""What expressions can use: CEL's standard functions, its extensions, and Kubernetes' own libraries."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Final

from apiserver.schema.cel.library.amounts import AMOUNTS
from apiserver.schema.cel.library.authorizer import AUTHORIZERS
from apiserver.schema.cel.library.formats import FORMATS
from apiserver.schema.cel.library.lists import LISTS
from apiserver.schema.cel.library.network import NETWORK
from apiserver.schema.cel.library.optionals import OPTIONALS
from apiserver.schema.cel.library.standard import STANDARD
from apiserver.schema.cel.library.texts import TEXTS
from apiserver.schema.cel.operators import OPERATORS
from apiserver.schema.cel.terms import Overload

TYPE_NAMES: Final[Mapping[str, str]] = {
    **{name: name for name in ("bool", "int", "uint", "double", "string", "bytes", "list", "map", "type")},
    **{name: name for name in ("null_type", "optional_type", "net.IP", "net.CIDR")},
    **{name: name for name in ("google.protobuf.Timestamp", "google.protobuf.Duration")},
}


@cache
def kubernetes_functions() -> Mapping[str, Sequence[Overload]]:
    """Every function by name, as rules of custom resources and admission policies see them."""
    return by_name(
        [
            *OPERATORS,
            *STANDARD,
            *TEXTS,
            *LISTS,
            *OPTIONALS,
            *NETWORK,
            *AMOUNTS,
            *FORMATS,
            *AUTHORIZERS,
        ]
    )


def by_name(overloads: Iterable[Overload]) -> Mapping[str, Sequence[Overload]]:
    found: dict[str, list[Overload]] = {}
    for overload in overloads:
        found.setdefault(overload.name, []).append(overload)
    return found
