"""PropagationPolicy and ClusterPropagationPolicy: what admission fills in, and what it refuses.

placement.py judges the placement; the schema has checked types, required fields and closed value sets before.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from apiserver.admission.broken_rules import (
    aggregate,
    each_invalid,
    invalid_value,
)
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.karmada.identity import new_id
from apiserver.admission.karmada.placement import placement_errors
from apiserver.admission.karmada.refusals import declared, denied
from apiserver.admission.karmada.written_form import written_form
from karmada.api.errors import FieldError
from karmada.api.groups.policy import PropagationSpec
from karmada.api.objects import Object, finalizers_of, labels_of
from karmada.api.validation import qualified_name_errors
from karmada.api.wellknown import (
    CLUSTER_PROPAGATION_POLICY_FINALIZER,
    CLUSTER_PROPAGATION_POLICY_PERMANENT_ID_LABEL,
    PROPAGATION_POLICY_FINALIZER,
    PROPAGATION_POLICY_PERMANENT_ID_LABEL,
)

GRACE_SECONDS: Final = 600
GRACEFULLY: Final = ("Gracefully", "Graciously")
SERVICE_IMPORT: Final = ("multicluster.x-k8s.io/v1alpha1", "ServiceImport")


# -- what is filled in --------------------------------------------------------------------------------------


def _default(policy: Object, context: AdmissionContext) -> None:
    spec = policy.get("spec")
    if not isinstance(spec, dict):
        return  # the schema says so
    selectors = spec.get("resourceSelectors") or ()
    fill_namespaces(selectors, context.namespace)
    if any((item.get("apiVersion"), item.get("kind")) == SERVICE_IMPORT for item in selectors):
        spec["propagateDeps"] = True
    placement = spec.setdefault("placement", {})
    _default_spread(placement.get("spreadConstraints") or ())
    scheduling = placement.get("replicaScheduling") or {}
    if scheduling.get("replicaSchedulingType") == "Divided":
        scheduling["replicaDivisionPreference"] = scheduling.get("replicaDivisionPreference") or "Weighted"
    application = (spec.get("failover") or {}).get("application") or {}
    if application.get("purgeMode") in GRACEFULLY and application.get("gracePeriodSeconds") is None:
        application["gracePeriodSeconds"] = GRACE_SECONDS
    written_form(PropagationSpec)(spec)


def _default_spread(constraints: Iterable[Object]) -> None:
    for constraint in constraints:
        if not constraint.get("spreadByField") and not constraint.get("spreadByLabel"):
            constraint["spreadByField"] = "cluster"
        if not constraint.get("minGroups"):
            constraint["minGroups"] = 1


def fill_namespaces(selectors: Iterable[Object], namespace: str) -> None:
    """A namespaced policy selects in its own namespace unless it says another, which is refused later."""
    if namespace:
        for selector in selectors:
            selector["namespace"] = selector.get("namespace") or namespace


def _identify(
    policy: Object, old: Object | None, context: AdmissionContext, *, label: str, finalizer: str
) -> None:
    """A new policy gets an id of its own, whatever the client says, and waits for its clean-up."""
    if old is not None:
        return
    new_id(policy, label)
    present = finalizers_of(policy)
    if finalizer not in present:
        policy["metadata"]["finalizers"] = [*present, finalizer]


# -- what is refused ----------------------------------------------------------------------------------------


async def _refuse(
    policy: Object, old: Object | None, context: AdmissionContext, *, webhook: str, label: str
) -> None:
    if old is not None:
        if _scheduler(policy) != _scheduler(old):
            raise denied(webhook, "the schedulerName should not be updated")
        if labels_of(policy).get(label, "") != labels_of(old).get(label, ""):
            raise denied(
                webhook, f"label {label} is immutable, it can only be set by the system during creation"
            )
    if label not in labels_of(policy):
        raise denied(
            webhook,
            f"label {label} is required, it should be set by the mutating admission webhook during creation",
        )
    errors = policy_errors(policy.get("spec") or {}, namespace=context.namespace)
    if errors:
        raise denied(webhook, aggregate(errors))


def _scheduler(policy: Object) -> str:
    return (policy.get("spec") or {}).get("schedulerName") or ""


def policy_errors(spec: Object, *, namespace: str) -> list[FieldError]:
    """Every broken rule of a spec. namespace is that of the policy, "" for a cluster-scoped one."""
    errors = placement_errors(spec.get("placement") or {}, "spec.placement")
    failover = spec.get("failover") or {}
    application = failover.get("application")
    if application is not None:
        if not spec.get("propagateDeps"):
            text = "application failover is set, propagateDeps must be true"
            errors.append(invalid_value("spec.propagateDeps", value=False, text=text))
        errors += _application_errors(application, "spec.failover.application")
    errors += _state_errors(failover.get("cluster") or {}, "spec.failover.cluster")
    selectors = spec.get("resourceSelectors") or ()
    errors += _preemption_errors(spec.get("preemption"), selectors)
    errors += _suspension_errors(spec.get("suspension") or {}, "spec.suspension.suspension")
    return errors + namespace_errors(selectors, namespace)


def _application_errors(application: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    seconds = (application.get("decisionConditions") or {}).get("tolerationSeconds")
    if seconds is not None and seconds < 0:
        text = "must be greater than or equal to 0"
        errors.append(invalid_value(f"{path}.decisionConditions.tolerationSeconds", seconds, text))
    grace = application.get("gracePeriodSeconds")
    gracefully = application.get("purgeMode") in GRACEFULLY
    where = f"{path}.gracePeriodSeconds"
    if grace is None:
        if gracefully:
            errors.append(invalid_value(where, None, "should not be empty when purgeMode is gracefully"))
    else:
        if not gracefully:
            errors.append(invalid_value(where, grace, "only takes effect when purgeMode is gracefully"))
        if grace <= 0:
            errors.append(invalid_value(where, grace, "must be greater than 0"))
    return errors + _state_errors(application, path)


def _state_errors(behavior: Object, path: str) -> list[FieldError]:
    rules = (behavior.get("statePreservation") or {}).get("rules") or ()
    errors: list[FieldError] = []
    for index, rule in enumerate(rules):
        name = rule.get("aliasLabelName") or ""
        where = f"{path}.statePreservation.rules[{index}].aliasLabelName"
        errors += each_invalid(where, name, qualified_name_errors(name))
    return errors


def _preemption_errors(preemption: Any, selectors: Iterable[Object]) -> list[FieldError]:
    if preemption != "Always":
        return []
    text = (
        "name cannot be empty if preemption is Always, the empty name may cause unexpected resources "
        "preemption"
    )
    return [
        invalid_value(f"spec.resourceSelectors[{index}].name", "", text)
        for index, selector in enumerate(selectors)
        if not selector.get("name")
    ]


def _suspension_errors(suspension: Object, path: str) -> list[FieldError]:
    clusters = (suspension.get("dispatchingOnClusters") or {}).get("clusterNames")
    if not suspension.get("dispatching") or not clusters:
        return []
    text = "suspension dispatching cannot co-exist with dispatchingOnClusters.clusterNames"
    return [invalid_value(path, declared(suspension), text)]


def namespace_errors(selectors: Iterable[Object], namespace: str) -> list[FieldError]:
    """A namespaced policy may not select elsewhere."""
    if not namespace:
        return []
    text = "namespace of resource selector must be the same as the namespace of the policy"
    return [
        invalid_value(f"spec.resourceSelectors[{index}].namespace", selector.get("namespace") or "", text)
        for index, selector in enumerate(selectors)
        if selector.get("namespace") != namespace
    ]


def _rules(*, webhook: str, label: str, finalizer: str) -> Rules:
    return Rules(
        default=_default,
        prepare=partial(_identify, label=label, finalizer=finalizer),
        refuse=partial(_refuse, webhook=webhook, label=label),
    )


NAMESPACED_RULES: Final = _rules(
    webhook="propagationpolicy",
    label=PROPAGATION_POLICY_PERMANENT_ID_LABEL,
    finalizer=PROPAGATION_POLICY_FINALIZER,
)
CLUSTER_RULES: Final = _rules(
    webhook="clusterpropagationpolicy",
    label=CLUSTER_PROPAGATION_POLICY_PERMANENT_ID_LABEL,
    finalizer=CLUSTER_PROPAGATION_POLICY_FINALIZER,
)
