"""The policies that commands write for one object: `apply --cluster` and `promote`. Pure.

In: an object and where it should run. Out: a PropagationPolicy or a ClusterPropagationPolicy as plain JSON,
named after the object.
"""

from collections.abc import Sequence

from karmada.api.groups.policy import CLUSTER_PROPAGATION_POLICIES, PROPAGATION_POLICIES
from karmada.api.gvk import GroupVersionKind
from karmada.api.names import policy_name
from karmada.api.objects import Object, name_of, namespace_of


def policy_for(obj: Object, clusters: Sequence[str], *, name: str = "", spec: Object | None = None) -> Object:
    """clusters (): every cluster. spec: fields besides selector and placement."""
    namespace = namespace_of(obj)
    resource = PROPAGATION_POLICIES if namespace else CLUSTER_PROPAGATION_POLICIES
    selector = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "name": name_of(obj)}
    metadata = {"name": name or policy_name(namespace, name_of(obj), GroupVersionKind.of(obj))}
    if namespace:
        selector["namespace"] = namespace
        metadata["namespace"] = namespace
    affinity: Object = {"clusterNames": list(clusters)} if clusters else {}
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": metadata,
        "spec": {
            **(spec or {}),
            "placement": {"clusterAffinity": affinity},
            "resourceSelectors": [selector],
        },
    }
