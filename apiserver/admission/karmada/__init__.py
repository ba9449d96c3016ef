"""Defaults and rules of Karmada kinds, one module per kind. RULES is what chain.py reads."""

from collections.abc import Mapping
from typing import Final

from apiserver.admission.context import Rules
from apiserver.admission.karmada import clusters, policies, works
from apiserver.admission.karmada.identity import permanent_id
from karmada.api.wellknown import (
    CLUSTER_RESOURCE_BINDING_PERMANENT_ID_LABEL,
    MULTI_CLUSTER_SERVICE_PERMANENT_ID_LABEL,
    RESOURCE_BINDING_PERMANENT_ID_LABEL,
)

RULES: Final[Mapping[tuple[str, str], Rules]] = {
    ("policy.karmada.io", "propagationpolicies"): policies.PROPAGATION_RULES,
    ("policy.karmada.io", "clusterpropagationpolicies"): policies.PROPAGATION_RULES,
    ("policy.karmada.io", "overridepolicies"): policies.OVERRIDE_RULES,
    ("work.karmada.io", "works"): works.RULES,
    ("work.karmada.io", "resourcebindings"): Rules(default=permanent_id(RESOURCE_BINDING_PERMANENT_ID_LABEL)),
    ("work.karmada.io", "clusterresourcebindings"): Rules(
        default=permanent_id(CLUSTER_RESOURCE_BINDING_PERMANENT_ID_LABEL)
    ),
    ("networking.karmada.io", "multiclusterservices"): Rules(
        default=permanent_id(MULTI_CLUSTER_SERVICE_PERMANENT_ID_LABEL)
    ),
    ("cluster.karmada.io", "clusters"): clusters.RULES,
}
