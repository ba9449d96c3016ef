"""ControllerRevisions of StatefulSets and DaemonSets: the template under a name made from its content.
Pure."""

from controllers.simulator.workload import controller_reference, template_hash
from karmada.api.objects import Object, labels_of, name_of, namespace_of


def revision_name(owner: Object) -> str:
    """`{name}-{hash}`: what pods carry in controller-revision-hash (StatefulSet)."""
    return f"{name_of(owner)}-{template_hash(owner['spec']['template'])}"


def revision_object(owner: Object, name: str) -> Object:
    template = owner["spec"]["template"]
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": name,
            "namespace": namespace_of(owner),
            "labels": {**labels_of(template), "controller-revision-hash": name.rpartition("-")[2]},
            "ownerReferences": [controller_reference(owner)],
        },
        "data": {"spec": {"template": {**template, "$patch": "replace"}}},
        "revision": 1,
    }
