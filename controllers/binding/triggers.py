"""Which changes make a binding be looked at again. Pure.

In: changes of bindings, override policies and Clusters. Out: whether they matter, and to which bindings.
controller.py turns the answers into keys.
"""

from collections.abc import Iterable, Iterator

from karmada.api.groups.cluster import Cluster
from karmada.api.groups.policy import OverridePolicy
from karmada.api.groups.work import ResourceBinding
from karmada.api.objects import Object
from karmada.api.selection import selects


def binding_is_news(old: ResourceBinding | None, new: ResourceBinding | None) -> bool:
    """A new binding, a new generation, a deletion that began; not a status."""
    if new is None:
        return False
    return old is None or (old.metadata.generation, old.metadata.deletion_timestamp) != (
        new.metadata.generation,
        new.metadata.deletion_timestamp,
    )


def policy_is_news(old: OverridePolicy | None, new: OverridePolicy | None) -> bool:
    return old is None or new is None or old.metadata.generation != new.metadata.generation


def cluster_is_news(old: Cluster | None, new: Cluster | None) -> bool:
    """Whether override rules may mean the cluster now, or not any more."""
    if new is None:
        return False
    if old is None or old.metadata.labels != new.metadata.labels:
        return True
    was, now = old.spec, new.spec
    return (was.provider, was.region, was.zones) != (now.provider, now.region, now.zones)


def affected(
    bindings: Iterable[ResourceBinding], policies: Iterable[OverridePolicy | None]
) -> Iterator[ResourceBinding]:
    """Bindings whose template one of the policies selects. policies: a policy before and after its change.

    The labels of the template are not at hand; a binding too many is looked at, no more.
    """
    known = [policy for policy in policies if policy is not None]
    if any(not policy.spec.resource_selectors for policy in known):
        yield from bindings
        return
    selectors = [
        selector.model_copy(update={"label_selector": None})
        for policy in known
        for selector in policy.spec.resource_selectors
    ]
    for binding in bindings:
        reference = binding.spec.resource
        template: Object = {
            "apiVersion": reference.api_version,
            "kind": reference.kind,
            "metadata": {"namespace": reference.namespace, "name": reference.name},
        }
        if selects(selectors, template):
            yield binding
