"""The library that scripts get with require("kube"): questions about pod templates and quantities.

In: plain JSON and texts from a script. Out: plain JSON, numbers, texts; LibraryError with the words the
script sees. Pure. sandbox.py puts it into Lua.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from karmada.api.quantity import NANO, Quantity, QuantityError
from karmada.interpreter.native.pod_references import pod_references
from karmada.interpreter.native.pod_template import requirements_of


class LibraryError(ValueError):
    """A call with arguments that the function does not take."""


def accurate_pod_requirements(template: Any = None, *_: Any) -> Any:
    """The ReplicaRequirements of a pod template; None when it asks for nothing."""
    checked = _template("accuratePodRequirements", template)
    try:
        return requirements_of(checked) or None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise LibraryError(f"accuratePodRequirements: not a pod template: {error}") from error


def get_pod_dependencies(template: Any = None, namespace: Any = None, *_: Any) -> Any:
    """References to what the pods need, in namespace (default: default), sorted."""
    checked = _template("getPodDependencies", template)
    if namespace is not None and not isinstance(namespace, str):
        raise _bad_argument("getPodDependencies", 2, "string", namespace)
    try:
        found = sorted(set(pod_references(checked.get("spec") or {})))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise LibraryError(f"getPodDependencies: not a pod template: {error}") from error
    return [
        {"apiVersion": "v1", "kind": kind, "namespace": namespace or "default", "name": name}
        for kind, name in found
        if name
    ]


def get_resource_quantity(text: Any = None, *_: Any) -> float:
    """A quantity as a number, as near as a double gets."""
    quantity = _quantity("getResourceQuantity", 1, text)
    if quantity.nano < 0:
        raise LibraryError(f"getResourceQuantity: {quantity} is negative")
    try:
        return quantity.nano / NANO
    except OverflowError as error:
        raise LibraryError("getResourceQuantity: the quantity is too large for a number") from error


def resource_add(*texts: Any) -> str:
    """The sum in canonical spelling; nil counts as nothing."""
    total = Quantity(0)
    for number, text in enumerate(texts, 1):
        total += _quantity("resourceAdd", number, text)
    return str(total)


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "accuratePodRequirements": accurate_pod_requirements,
    "getPodDependencies": get_pod_dependencies,
    "getResourceQuantity": get_resource_quantity,
    "resourceAdd": resource_add,
}


def _template(function: str, value: Any) -> dict[str, Any]:
    """A pod template; an empty table has arrived as a list."""
    if value is None or (isinstance(value, list) and value) or not isinstance(value, dict | list):
        raise _bad_argument(function, 1, "table", value)
    return value if isinstance(value, dict) else {}


def _quantity(function: str, number: int, text: Any) -> Quantity:
    if text is None:
        return Quantity(0)
    if not isinstance(text, str):
        raise _bad_argument(function, number, "string", text)
    try:
        return Quantity.parse(text)
    except QuantityError as error:
        raise LibraryError(f"{function}: {text!r}: {error}") from error


def _bad_argument(function: str, number: int, expected: str, found: Any) -> LibraryError:
    return LibraryError(f"bad argument #{number} to {function} ({expected} expected, got {lua_name(found)})")


def lua_name(value: Any) -> str:
    """The Lua type of a converted value, for messages."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "table"
