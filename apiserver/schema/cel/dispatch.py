"""Calls: which overloads fit, what type comes out, and the closure that runs the one that fits.

Where static types leave one overload it is called directly. Else each call looks at the run-time types of
its arguments; what fits them is remembered per call site.
"""

from collections.abc import Sequence
from typing import Any

from apiserver.schema.cel.terms import Frame, Overload, Run, Term
from apiserver.schema.cel.types import (
    DYN,
    Bindings,
    Type,
    is_fixed,
    match,
    resolved,
)
from apiserver.schema.cel.values import (
    Meter,
    UInt,
    name_of_type,
    no_such_overload,
)

_KINDS: dict[str, type] = {
    "bool": bool,
    "int": int,
    "uint": UInt,
    "double": float,
    "string": str,
    "bytes": bytes,
    "null": type(None),
    "list": list,
}
_NAMED = {"timestamp": "google.protobuf.Timestamp", "duration": "google.protobuf.Duration", "type": "type"}


def call_term(overloads: Sequence[Overload], args: Sequence[Term]) -> Term | None:
    """The call as a term; None when no overload fits the static types."""
    fitting: list[tuple[Overload, Type]] = []
    for overload in overloads:
        bindings: Bindings = {}
        if len(overload.args) == len(args) and all(
            match(wanted, arg.type, bindings) for wanted, arg in zip(overload.args, args, strict=True)
        ):
            fitting.append((overload, resolved(overload.result, bindings)))
    if not fitting:
        return None
    results = {result for _, result in fitting}
    type_ = fitting[0][1] if len(results) == 1 else DYN
    only = fitting[0][0]
    if len(fitting) == 1 and _is_certain(only, args):
        run = direct(only, [arg.run for arg in args])
    else:
        run = dispatched([overload for overload, _ in fitting], [arg.run for arg in args])
    size = only.result_size(*(arg.size for arg in args)) if only.result_size is not None else None
    steps = 1 + sum(arg.steps for arg in args)
    cost = 1 + sum(arg.cost for arg in args) + (_estimate(only, args) if only.sized or only.metered else 0)
    return Term(type_, run, steps, cost, size)


def _estimate(overload: Overload, args: Sequence[Term]) -> float:
    if overload.name in ("_==_", "_!=_"):
        # Unequal lengths end it, so the shorter side bounds it.
        args = [min(args, key=lambda arg: arg.size or 0)]
    return sum((arg.size or 0) * (0.1 if arg.type.kind == "string" else 1) for arg in args)


def _is_certain(overload: Overload, args: Sequence[Term]) -> bool:
    return all(
        wanted.kind in ("dyn", "param") or is_fixed(arg.type)
        for wanted, arg in zip(overload.args, args, strict=True)
    )


def direct(overload: Overload, runs: list[Run]) -> Run:
    call = metered(overload)
    if overload.sized or overload.metered:
        return lambda frame: call(frame[0], *[run(frame) for run in runs])
    plain = overload.call
    if len(runs) == 1:
        (only,) = runs
        return lambda frame: plain(only(frame))
    if len(runs) == 2:
        first, second = runs
        return lambda frame: plain(first(frame), second(frame))
    return lambda frame: plain(*[run(frame) for run in runs])


def metered(overload: Overload) -> Any:
    """The implementation as a function of the meter and the arguments."""
    call = overload.call
    if overload.metered:
        return call
    if not overload.sized:
        return lambda meter, *args: call(*args)

    def charged(meter: Meter, *args: Any) -> Any:
        meter.charge(sum(map(weight, args)))
        result = call(*args)
        meter.charge(weight(result))
        return result

    return charged


def weight(value: Any) -> int:
    """What going once through a value costs."""
    kind = type(value)
    if kind is str or kind is bytes:
        return len(value) >> 3
    return len(value) if kind is list or kind is dict else 0


def dispatched(overloads: list[Overload], runs: list[Run]) -> Run:
    known: dict[tuple[type, ...], Any] = {}

    def find(args: list[Any]) -> Any:
        for overload in overloads:
            if all(fits(wanted, value) for wanted, value in zip(overload.args, args, strict=True)):
                return metered(overload)
        return None

    def run(frame: Frame) -> Any:
        args = [run(frame) for run in runs]
        key = tuple(map(type, args))
        try:
            call = known[key]
        except KeyError:
            call = known[key] = find(args)
        if call is None:
            raise no_such_overload()
        try:
            return call(frame[0], *args)
        except (TypeError, AttributeError) as error:
            raise no_such_overload() from error

    return run


def fits(wanted: Type, value: Any) -> bool:
    """Whether a run-time value is of a type, as far as its outermost kind goes."""
    kind = wanted.kind
    if kind in ("dyn", "param"):
        return True
    if kind in ("map", "object"):
        return isinstance(value, dict)
    python = _KINDS.get(kind)
    if python is not None:
        return type(value) is python
    return name_of_type(value) == (_NAMED.get(kind) or wanted.name)
