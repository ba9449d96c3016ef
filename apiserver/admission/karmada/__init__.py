"""Defaults and rules of Karmada kinds, one module per family. RULES is what chain.py reads."""

from collections.abc import Mapping
from typing import Final

from apiserver.admission.context import Rules
from apiserver.admission.karmada import (
    autoscalers,
    bindings,
    clusters,
    interpreters,
    overrides,
    propagation,
    quotas,
    registries,
    services,
    taint_policies,
    works,
)

RULES: Final[Mapping[tuple[str, str], Rules]] = {
    ("policy.karmada.io", "propagationpolicies"): propagation.NAMESPACED_RULES,
    ("policy.karmada.io", "clusterpropagationpolicies"): propagation.CLUSTER_RULES,
    ("policy.karmada.io", "overridepolicies"): overrides.NAMESPACED_RULES,
    ("policy.karmada.io", "clusteroverridepolicies"): overrides.CLUSTER_RULES,
    ("policy.karmada.io", "federatedresourcequotas"): quotas.RULES,
    taint_policies.KIND: taint_policies.RULES,
    ("work.karmada.io", "works"): works.RULES,
    ("work.karmada.io", "resourcebindings"): bindings.NAMESPACED_RULES,
    ("work.karmada.io", "clusterresourcebindings"): bindings.CLUSTER_RULES,
    ("cluster.karmada.io", "clusters"): clusters.RULES,
    ("autoscaling.karmada.io", "federatedhpas"): autoscalers.FEDERATED_RULES,
    ("autoscaling.karmada.io", "cronfederatedhpas"): autoscalers.CRON_RULES,
    ("networking.karmada.io", "multiclusterservices"): services.SERVICE_RULES,
    ("networking.karmada.io", "multiclusteringresses"): services.INGRESS_RULES,
    ("config.karmada.io", "resourceinterpretercustomizations"): interpreters.CUSTOMIZATION_RULES,
    ("config.karmada.io", "resourceinterpreterwebhookconfigurations"): interpreters.WEBHOOK_RULES,
    ("search.karmada.io", "resourceregistries"): registries.RULES,
}
