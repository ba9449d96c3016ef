"""Strategic merge patch: merge patch plus what the kind says about its lists, with all directives. Pure.

A patch is applied map by map: first `$retainKeys`, then lists with a `$setElementOrder`, then every other
member. Lists with strategy merge are merged by element (maps by their merge key, scalars as a set) and then
put in order by list_order.py; other lists are replaced.
"""

from typing import Any, Final

from apiserver.merge.list_order import in_order, partition, without_repeats
from apiserver.merge.refusals import UnclassifiedError, go_text, json_word, not_a_strategic_patch
from apiserver.schema.node import Node
from karmada.api.errors import BadRequest
from karmada.api.objects import Object, private_copy

DIRECTIVE: Final = "$patch"
RETAIN_KEYS: Final = "$retainKeys"
DELETE_FROM_LIST: Final = "$deleteFromPrimitiveList"
SET_ELEMENT_ORDER: Final = "$setElementOrder"


def strategic_merge_patch(node: Node, obj: Object, patch: Any) -> Object:
    """The patched object. Neither argument is changed; the result shares nothing with them.

    Raises BadRequest for a malformed patch and UnclassifiedError (500) where kube-apiserver answers one.
    """
    if not isinstance(patch, dict):
        raise not_a_strategic_patch(patch)
    return _merge_map(node, private_copy(obj), private_copy(patch))


def _merge_map(node: Node, original: Object, patch: Object) -> Object:
    """original with patch merged in. Both may be changed."""
    if DIRECTIVE in patch:
        return _replaced_map(patch)
    _retain_keys(original, patch)
    _merge_ordered_lists(node, original, patch)
    for key, value in patch.items():
        is_deletion = key.startswith(DELETE_FROM_LIST)
        _merge_member(
            node, original, _list_name(key, DELETE_FROM_LIST) if is_deletion else key, value, is_deletion
        )
    return original


def _replaced_map(patch: Object) -> Object:
    directive = patch[DIRECTIVE]
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != DIRECTIVE}
    if directive == "delete":
        return {}
    raise UnclassifiedError(f"unknown patch type: {go_text(directive)} in map: {go_text(patch)}")


def _merge_member(node: Node, original: Object, key: str, value: Any, is_deletion: bool) -> None:  # noqa: FBT001
    if value is None:
        original.pop(key, None)
        return
    present = original.get(key)
    child = node.child(key)
    if isinstance(present, dict) and isinstance(value, dict):
        original[key] = value if _strategy(child) == "replace" else _merge_map(child, present, value)
    elif isinstance(present, list) and isinstance(value, list):
        if is_deletion or _strategy(child) == "merge":
            original[key] = _merge_list(child, present, value, is_deletion=is_deletion)
        else:
            original[key] = value
    elif not is_deletion:
        _take(original, key, value)


def _take(original: Object, key: str, value: Any) -> None:
    """value replaces what was there; a value that is only a directive leaves nothing."""
    _discard_nulls(value)
    kept, value = _without_directives(value)
    if kept:
        original[key] = value
    else:
        original.pop(key, None)


def _strategy(node: Node) -> str:
    return next((strategy for strategy in node.patch_strategies if strategy != "retainKeys"), "")


def _retain_keys(original: Object, patch: Object) -> None:
    if RETAIN_KEYS not in patch:
        return
    keys = patch.pop(RETAIN_KEYS)
    if not isinstance(keys, list):
        raise BadRequest("invalid patch format of retainKeys")
    for key, value in patch.items():
        is_list_directive = key.startswith((DELETE_FROM_LIST, SET_ELEMENT_ORDER))
        if value is not None and not is_list_directive and key not in keys:
            raise BadRequest("invalid patch format of retainKeys")
    for key in [key for key in original if key not in keys]:
        del original[key]


def _merge_ordered_lists(node: Node, original: Object, patch: Object) -> None:
    """Merge the lists that come with a `$setElementOrder`, and take them out of the patch."""
    for directive in [key for key in patch if key.startswith(SET_ELEMENT_ORDER)]:
        order = patch.pop(directive)
        name = _list_name(directive, SET_ELEMENT_ORDER)
        child = node.child(name)
        given, changes = original.get(name), patch.get(name)
        for value in (order, given or [], changes if name in patch else []):
            if not isinstance(value, list):
                raise _wrong_type("[]interface {}", value)
        _check_order(child, changes or [], order)
        if given is None and changes is None:
            continue
        if changes is None:
            merged = given or []
        elif given is None:
            merged = _without_directives(changes)[1]
        else:
            merged = _merge_list(child, given, changes) if _strategy(child) == "merge" else changes
        if not (given or changes):
            raise UnclassifiedError("no elements in any of the given slices")
        key = child.patch_merge_key
        patch_items, server_items = partition(merged, order, key)
        original[name] = in_order(patch_items, server_items, order, given or [], key)
        patch.pop(name, None)


def _check_order(child: Node, changes: list[Any], order: list[Any]) -> None:
    """Every patched element must be listed, in the same relative order."""
    key = child.patch_merge_key
    if not changes or not order:
        return
    position = 0
    for item in changes:
        if isinstance(item, dict) and DIRECTIVE in item:
            continue
        while position < len(order) and _identity(item, key) != _identity(order[position], key):
            position += 1
        if position == len(order):
            raise UnclassifiedError(
                f"The order in patch list:\n{go_text(changes)}\n doesn't match {SET_ELEMENT_ORDER} list:\n"
                f"{go_text(order)}\n"
            )
        position += 1


def _identity(item: Any, key: str) -> Any:
    """What makes an element of a merged list the same element: its merge key, or the scalar itself."""
    if not key:
        return item
    if not isinstance(item, dict):
        raise _wrong_type("map[string]interface {}", item)
    if key not in item:
        raise UnclassifiedError(f"map: {go_text(item)} does not contain declared merge key: {key}")
    return item[key]


def _merge_list(
    child: Node, original: list[Any], patch: list[Any], *, is_deletion: bool = False
) -> list[Any]:
    if not original and not patch:
        return original
    key = child.patch_merge_key
    if not _holds_maps(original, patch):
        if is_deletion:
            return [item for item in original if item not in patch]
        merged = without_repeats([*original, *patch])
        key = ""
    else:
        if not key:
            raise UnclassifiedError("cannot merge lists without merge key")
        original, patch = _apply_element_directives(original, patch, key)
        merged = _merge_elements(child.items or Node(), original, patch, key)
    patch_items, server_items = partition(merged, patch, key)
    return in_order(patch_items, server_items, patch, original, key)


def _holds_maps(*lists: list[Any]) -> bool:
    words = {json_word(item) for items in lists for item in items}
    if "array" in words:
        raise UnclassifiedError("lists of lists are not supported")
    if len(words) > 1:
        raise UnclassifiedError(f"list element types are not identical: {go_text(list(lists))}")
    return words == {"object"}


def _apply_element_directives(original: list[Any], patch: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    """Elements with a directive act on original; the answer is what is left of both."""
    plain: list[Any] = []
    replace = False
    for item in patch:
        directive = item.get(DIRECTIVE)
        if DIRECTIVE not in item:
            plain.append(item)
        elif directive == "delete":
            doomed = _identity(item, key)
            original = [kept for kept in original if kept.get(key) != doomed or key not in kept]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise UnclassifiedError("merging lists cannot yet be specified in the patch")
        else:
            raise UnclassifiedError(f"unknown patch type: {go_text(directive)} in map: {go_text(item)}")
    return (plain, []) if replace else (original, plain)


def _merge_elements(items: Node, original: list[Any], patch: list[Any], key: str) -> list[Any]:
    merged = list(original)
    for item in patch:
        wanted = _identity(item, key)
        for index, present in enumerate(merged):
            if key in present and present[key] == wanted:
                merged[index] = _merge_map(items, present, item)
                break
        else:
            merged.append(item)
    return merged


def _discard_nulls(value: Any) -> None:
    if isinstance(value, dict):
        for key in [key for key, item in value.items() if item is None]:
            del value[key]
        for item in value.values():
            _discard_nulls(item)
    elif isinstance(value, list):
        for item in value:
            _discard_nulls(item)


def _without_directives(value: Any) -> tuple[bool, Any]:
    """Whether value is to be kept, and value without the maps inside it that carry a directive."""
    if isinstance(value, dict):
        if DIRECTIVE in value:
            return False, None
        kept = {key: _without_directives(item) for key, item in value.items()}
        return True, {key: item for key, (keep, item) in kept.items() if keep}
    if isinstance(value, list):
        return True, [item for keep, item in map(_without_directives, value) if keep]
    return True, value


def _list_name(directive: str, prefix: str) -> str:
    head, slash, name = directive.partition("/")
    if head != prefix or not slash:
        word = "primitive list" if prefix == DELETE_FROM_LIST else "setElementOrder list"
        raise BadRequest(f"invalid patch format of {word}")
    return name


def _wrong_type(expected: str, value: Any) -> UnclassifiedError:
    words = {"object": "map[string]interface {}", "array": "[]interface {}", "number": "float64"}
    word = json_word(value)
    received = "%!s(<nil>)" if value is None else words.get(word, word)
    return UnclassifiedError(f"expected a {expected}, but received a {received}")
