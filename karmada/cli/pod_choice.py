"""Which pod and container a user means by `POD`, `TYPE/NAME`, `-c`. kubectl's rules and words.

In: words, a Place. Out: the live pod, a container's name. A workload means one of its pods, the one that is
readiest.
"""

from collections.abc import Sequence
from typing import Any

from karmada.api.groups.kubernetes import PODS
from karmada.api.objects import Object, annotations_of, name_of, namespace_of
from karmada.api.selectors import from_label_selector
from karmada.cli.places import Place
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError
from karmada.cli.selection import Wish, select

DEFAULT_CONTAINER_ANNOTATION = "kubectl.kubernetes.io/default-container"


async def chosen_pods(place: Place, words: Sequence[str], *, selector: str = "") -> list[Object]:
    """The pods of words, or of a selector. Raises CommandError when a workload has none."""
    if selector:
        listed = await place.client.list_objects(PODS, namespace=place.namespace, label_selector=selector)
        return listed.items
    word = words[0]
    if "/" not in word:
        return [await place.client.get(PODS, PODS.key(place.namespace, word))]
    (item,) = await select(place, Wish(words=[word]))
    if item.resource.kind == "Pod":
        return [item.object]
    return await pods_of(place, item.object)


async def pods_of(place: Place, owner: Object) -> list[Object]:
    """The pods a workload's selector means, the readiest first. Raises CommandError."""
    kind = owner.get("kind")
    selector: Any = (owner.get("spec") or {}).get("selector")
    if kind in ("Service", "ReplicationController") and isinstance(selector, dict):
        selector = {"matchLabels": selector}
    if not isinstance(selector, dict) or not selector:
        raise CommandError(f"cannot attach to *{kind}: it selects no pods")
    matcher = from_label_selector(selector)
    listed = await place.client.list_objects(PODS, namespace=namespace_of(owner))
    pods = [pod for pod in listed.items if matcher.matches((pod["metadata"]).get("labels") or {})]
    if not pods:
        raise CommandError(f"timed out waiting for the condition: {kind} {name_of(owner)} has no pods")
    return sorted(pods, key=_readiness)


def _readiness(pod: Object) -> tuple[bool, bool, str]:
    status = pod.get("status") or {}
    ready = any(
        each.get("type") == "Ready" and each.get("status") == "True"
        for each in status.get("conditions") or ()
    )
    return (not ready, status.get("phase") != "Running", name_of(pod))


def containers_of(pod: Object, *, everything: bool = False) -> list[str]:
    """Names, those of init and ephemeral containers only when everything is asked for."""
    spec = pod.get("spec") or {}
    fields = ("initContainers", "containers", "ephemeralContainers") if everything else ("containers",)
    return [str(each.get("name")) for field in fields for each in spec.get(field) or ()]


def chosen_container(pod: Object, asked: str, console: Console, *, quiet: bool = False) -> str:
    """The container of -c, the pod's default, or the first. Raises CommandError for one it does not have."""
    every = containers_of(pod, everything=True)
    if asked:
        if asked not in every:
            raise CommandError(
                f"container {asked} is not valid for pod {name_of(pod)}, choose one of: {every}"
            )
        return asked
    names = containers_of(pod)
    if not names:
        raise CommandError(f"pod {name_of(pod)} has no containers")
    wanted = annotations_of(pod).get(DEFAULT_CONTAINER_ANNOTATION)
    chosen = wanted if wanted in names else names[0]
    if len(every) > 1 and not quiet and wanted is None:
        initial = [
            f"{name} (init)" if name not in names else name
            for name in [*names, *(n for n in every if n not in names)]
        ]
        console.error(f'Defaulted container "{chosen}" out of: {", ".join(initial)}')
    return str(chosen)
