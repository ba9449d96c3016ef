"""The order of a merged list: listed elements in the order the patch wants, the rest where the server had
them. Pure.

Used by strategic.py. An element is told apart by its merge key, or, with key "", by being equal.
"""

from typing import Any

from apiserver.merge.refusals import UnclassifiedError, go_text


def without_repeats(items: list[Any]) -> list[Any]:
    """Scalars, each once. The last element moves into the place of a repeated one."""
    result = list(items)
    index = 0
    while index < len(result):
        repeat = index + 1
        while repeat < len(result):
            if result[index] == result[repeat]:
                result[repeat] = result[-1]
                result.pop()
            else:
                repeat += 1
        index += 1
    return result


def partition(merged: list[Any], listed: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    """Elements that listed mentions, and the others."""
    if key:
        for item in merged:
            if key not in item:
                raise UnclassifiedError(f"map: {go_text(item)} does not contain declared merge key: {key}")
    identities = [_identity(item, key) for item in listed]
    wanted = [item for item in merged if _identity(item, key) in identities]
    others = [item for item in merged if _identity(item, key) not in identities]
    return wanted, others


def in_order(
    wanted: list[Any], others: list[Any], wanted_order: list[Any], server_order: list[Any], key: str
) -> list[Any]:
    """wanted by wanted_order, with others slipped in as near to their old place as their own order allows."""
    left = _sorted_by(others, server_order, key)
    right = _sorted_by(wanted, wanted_order, key)
    places = [_identity(item, key) for item in server_order]
    result: list[Any] = []
    taken = 0
    for item in right:
        place = _place(item, places, key)
        # One by one: an element of left that must wait holds back those behind it.
        while taken < len(left) and 0 <= _place(left[taken], places, key) < place:
            result.append(left[taken])
            taken += 1
        result.append(item)
    return [*result, *left[taken:]]


def _sorted_by(items: list[Any], order: list[Any], key: str) -> list[Any]:
    """items in the order of order. Elements that order does not list end up where an insertion sort leaves
    them that takes every pair with such an element as out of order: clients see that in kube-apiserver's
    answers.
    """
    places = [_identity(item, key) for item in order]
    result = list(items)
    for end in range(1, len(result)):
        index = end
        while index > 0 and _comes_first(result[index], result[index - 1], places, key):
            result[index - 1], result[index] = result[index], result[index - 1]
            index -= 1
    return result


def _comes_first(item: Any, other: Any, places: list[Any], key: str) -> bool:
    first, second = _place(item, places, key), _place(other, places, key)
    return first < second if first >= 0 and second >= 0 else True


def _place(item: Any, places: list[Any], key: str) -> int:
    identity = _identity(item, key)
    return places.index(identity) if identity in places else -1


def _identity(item: Any, key: str) -> Any:
    if not key:
        return item
    return item.get(key) if isinstance(item, dict) else None
