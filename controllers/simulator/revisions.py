"""ControllerRevisions of StatefulSets and DaemonSets: each template under a name made from its content.

In: an owner. Out: a ControllerRevision for its template, numbered so that `kubectl rollout history` and undo
work; old ones beyond revisionHistoryLimit are removed.
"""

from collections.abc import Collection, Sequence
from typing import Final

from controllers.simulator.workload import controller_reference, is_controlled_by, template_hash
from karmada.api.errors import AlreadyExists
from karmada.api.groups.kubernetes import CONTROLLER_REVISIONS
from karmada.api.objects import Object, annotations_of, labels_of, name_of, namespace_of, uid_of
from karmada.api.selectors import from_label_selector
from karmada.client.client import Client

DEFAULT_HISTORY: Final = 10


def revision_name(owner: Object) -> str:
    """`{name}-{hash}`: what pods carry in controller-revision-hash (StatefulSet)."""
    return f"{name_of(owner)}-{template_hash(owner['spec']['template'])}"


def revision_object(owner: Object, name: str, *, number: int) -> Object:
    """With the owner's annotations: they say why the template changed."""
    template = owner["spec"]["template"]
    metadata: Object = {
        "name": name,
        "namespace": namespace_of(owner),
        "labels": {**labels_of(template), "controller-revision-hash": name.rpartition("-")[2]},
        "ownerReferences": [controller_reference(owner)],
    }
    if annotations := annotations_of(owner):
        metadata["annotations"] = dict(annotations)
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": metadata,
        "data": {"spec": {"template": {**template, "$patch": "replace"}}},
        "revision": number,
    }


async def revisions_of(client: Client, owner: Object) -> list[Object]:
    """What the server has, oldest first."""
    selector = str(from_label_selector(owner["spec"].get("selector") or {}))
    found = await client.list(CONTROLLER_REVISIONS, namespace=namespace_of(owner), label_selector=selector)
    return sorted((each for each in found.items if is_controlled_by(each, owner)), key=_number)


async def ensure_revision(client: Client, owner: Object, name: str, *, used: Collection[str]) -> None:
    """Make name the newest revision of owner. used names are not removed."""
    known = await revisions_of(client, owner)
    newest = max((_number(each) for each in known), default=0)
    present = next((each for each in known if name_of(each) == name), None)
    if present is None:
        try:
            await client.create(CONTROLLER_REVISIONS, revision_object(owner, name, number=newest + 1))
        except AlreadyExists:
            return  # somebody else's; pods are told apart by the name alone
    elif _number(present) < newest:
        await client.replace(CONTROLLER_REVISIONS, {**present, "revision": newest + 1})
    limit = owner["spec"].get("revisionHistoryLimit")
    for each in surplus_revisions(known, {name, *used}, limit=DEFAULT_HISTORY if limit is None else limit):
        await client.delete(CONTROLLER_REVISIONS, CONTROLLER_REVISIONS.key_of(each), uid=uid_of(each))


def surplus_revisions(known: Sequence[Object], used: Collection[str], *, limit: int) -> list[Object]:
    """known is oldest first."""
    idle = [each for each in known if name_of(each) not in used]
    return idle[: max(0, len(idle) - limit)]


def template_in(revision: Object) -> Object:
    """The pod template a revision keeps."""
    template = revision["data"]["spec"]["template"]
    return {name: value for name, value in template.items() if name != "$patch"}


def _number(revision: Object) -> int:
    return int(revision.get("revision") or 0)
