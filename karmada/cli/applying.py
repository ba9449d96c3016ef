"""Apply one object: create it, patch it three-way, or send it for server-side apply.

In: a Selected object as a file has it. Out: what happened to it (`created`, `configured`, `unchanged`,
`serverside-applied`) and the object the server answered. three_way.py makes the patch; the annotation
last-applied-configuration remembers what was wanted, as kubectl writes it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from apiserver.merge.patches import merge_patch, strategic_merge_patch
from apiserver.schema.builtin import type_node
from karmada.api.errors import Conflict, Invalid, NotFound
from karmada.api.facts import type_name
from karmada.api.objects import Object, annotations_of, metadata_of, uid_of, with_annotations
from karmada.cli.selection import Selected
from karmada.cli.three_way import three_way_merge, three_way_strategic
from karmada.client.client import (
    APPLY_PATCH,
    MERGE_PATCH,
    STRATEGIC_MERGE_PATCH,
    Client,
)

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
CLIENT_SIDE_MANAGER: Final = "kubectl-client-side-apply"
SERVER_SIDE_MANAGER: Final = "kubectl"
TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """How to apply. dry_run: none, client or server."""

    dry_run: str = "none"
    server_side: bool = False
    force_conflicts: bool = False
    force: bool = False
    overwrite: bool = True
    field_manager: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one object."""

    object: Object
    word: str


class Applier:
    """Applies objects at one server. warn gets what a user should know."""

    def __init__(self, client: Client, options: ApplyOptions, *, warn: Callable[[str], None]) -> None:
        self._client = client
        self._options = options
        self._warn = warn

    async def apply(self, item: Selected) -> Applied:
        if self._options.server_side:
            return await self._server_side(item)
        wanted = with_last_applied(item.object)
        try:
            live = await self._client.get(item.resource.resource, item.key)
        except NotFound:
            return await self._create(item, wanted)
        if LAST_APPLIED not in annotations_of(live):
            self._warn(missing_annotation(item))
        return await self._patch(item, wanted, live)

    async def _server_side(self, item: Selected) -> Applied:
        options = self._options
        done = await self._client.patch(
            item.resource.resource,
            item.key,
            item.object,
            patch_type=APPLY_PATCH,
            field_manager=options.field_manager or SERVER_SIDE_MANAGER,
            force=options.force_conflicts,
            dry_run=options.dry_run == "server",
        )
        return Applied(done, "serverside-applied")

    async def _create(self, item: Selected, wanted: Object) -> Applied:
        if self._options.dry_run == "client":
            return Applied(wanted, "created")
        made = await self._client.create(
            item.resource.resource,
            wanted,
            field_manager=self._options.field_manager or CLIENT_SIDE_MANAGER,
            dry_run=self._options.dry_run == "server",
        )
        return Applied(made, "created")

    async def _patch(self, item: Selected, wanted: Object, live: Object) -> Applied:
        for attempt in range(1, TRIES + 1):
            patch, patch_type = apply_patch(wanted, live, overwrite=self._options.overwrite)
            if not patch:
                return Applied(live, "unchanged")
            if self._options.dry_run == "client":
                return Applied(patched_locally(live, patch, patch_type), "configured")
            try:
                done = await self._client.patch(
                    item.resource.resource,
                    item.key,
                    patch,
                    patch_type=patch_type,
                    field_manager=self._options.field_manager or CLIENT_SIDE_MANAGER,
                    dry_run=self._options.dry_run == "server",
                )
                return Applied(done, "configured")
            except Conflict:
                if attempt == TRIES:
                    raise
                live = await self._client.get(item.resource.resource, item.key)
            except Invalid:
                if not self._options.force:
                    raise
                await self._client.delete(item.resource.resource, item.key, uid=uid_of(live))
                return await self._create(item, wanted)
        raise AssertionError("unreachable: the last try returns or raises")


def with_last_applied(obj: Object) -> Object:
    """obj with the annotation that says what is wanted."""
    bare = {**metadata_of(obj)}
    annotations = {key: value for key, value in annotations_of(obj).items() if key != LAST_APPLIED}
    bare["annotations"] = annotations
    text = orjson.dumps({**obj, "metadata": bare}, option=orjson.OPT_SORT_KEYS).decode() + "\n"
    return with_annotations(obj, {LAST_APPLIED: text})


def apply_patch(wanted: Object, live: Object, *, overwrite: bool = True) -> tuple[Object, str]:
    """The patch and its media type. overwrite False: values others changed meanwhile stay."""
    original = last_applied(live)
    node = strategic_node(wanted)
    if node is None:
        return three_way_merge(original, wanted, live), MERGE_PATCH
    patch = three_way_strategic(original, wanted, live, node)
    if not overwrite and patch:
        current = strategic_merge_patch(node, live, patch)
        theirs = three_way_strategic(original, live, current, node)
        if theirs:
            raise Conflict(
                "the live object was changed by others in fields that are to be applied; "
                "use --overwrite to replace them"
            )
    return patch, STRATEGIC_MERGE_PATCH


def strategic_node(obj: Object) -> Any:
    """The schema of a built-in kind; None for kinds that have no strategic merge."""
    group, _, version = (obj.get("apiVersion") or "").rpartition("/")
    name = type_name(group, version, obj.get("kind") or "")
    return type_node(name) if name is not None else None


def last_applied(live: Object) -> Object:
    """What was wanted the last time; {} when nobody applied it, or the record cannot be read."""
    try:
        found = orjson.loads(annotations_of(live).get(LAST_APPLIED) or "{}")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def patched_locally(live: Object, patch: Object, patch_type: str) -> Object:
    """live as the patch would make it, for a dry run that sends nothing."""
    if patch_type == MERGE_PATCH:
        return merge_patch(live, patch)
    return strategic_merge_patch(strategic_node(live), live, patch)


def missing_annotation(item: Selected) -> str:
    name = metadata_of(item.object).get("name") or ""
    return (
        f"resource {item.resource.gvr.resource}/{name} is missing the {LAST_APPLIED} annotation which is "
        "required by karmadactl apply. karmadactl apply should only be used on resources created "
        "declaratively by either karmadactl create --save-config or karmadactl apply. The missing annotation "
        "will be patched automatically."
    )
