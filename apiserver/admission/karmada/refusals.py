"""How Karmada's validating rules refuse: as the webhook of that name would, with reason Forbidden.

In: broken rules. Out: `admission webhook "<name>.karmada.io" denied the request: ...`. Values inside are
shown with their fields in the declared order, as users of the original know them.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, NoReturn

from apiserver.admission.broken_rules import aggregate
from apiserver.admission.context import AdmissionContext
from apiserver.admission.judging import Judge
from karmada.api.errors import ApiError, Forbidden
from karmada.api.objects import Object

Refuse = Callable[[Object, Object | None, AdmissionContext], Awaitable[None]]


# Every struct that a message may show has its fields in this order.
_DECLARED: Final = (
    # selectors and affinities
    "affinityName", "labelSelector", "matchLabels", "fieldSelector", "matchExpressions", "clusterNames",
    "exclude", "overflowAffinities",
    # placement
    "clusterAffinity", "clusterAffinities", "clusterTolerations", "spreadByField", "spreadByLabel",
    "maxGroups", "minGroups", "spreadConstraints", "replicaSchedulingType", "replicaDivisionPreference",
    "weightPreference", "targetCluster", "weight", "staticWeightList", "dynamicWeight", "replicaScheduling",
    "workloadAffinity", "affinity", "antiAffinity", "groupByLabelKey",
    # suspension
    "dispatching", "dispatchingOnClusters", "scheduling",
    # overriders
    "path", "plaintext", "predicate", "component", "imageOverrider", "containerName", "commandOverrider",
    "argsOverrider", "labelsOverrider", "annotationsOverrider", "fieldOverrider", "fieldPath", "json", "yaml",
    "subPath",
    # requirements, tolerations, taints, operations
    "key", "operator", "value", "values", "effect", "tolerationSeconds",
)  # fmt: skip
_RANK: Final = {name: rank for rank, name in enumerate(_DECLARED)}
_LAST: Final = len(_DECLARED)


class WebhookFailure(ApiError):
    """The webhook could not judge the object: 500 without a reason."""

    code, reason = 500, ""


def denied(webhook: str, text: str) -> Forbidden:
    return Forbidden(f'admission webhook "{webhook}.karmada.io" denied the request: {text}')


def failed(webhook: str, text: str) -> NoReturn:
    raise WebhookFailure(f'admission webhook "{webhook}.karmada.io" denied the request: {text}')


def refusing(webhook: str, judge: Judge) -> Refuse:
    """Rules.refuse from a judge: all broken rules in one 403."""

    async def refuse(obj: Object, old: Object | None, context: AdmissionContext) -> None:
        errors = judge(obj, old, context)
        if errors:
            raise denied(webhook, aggregate(errors))

    return refuse


def declared(value: Any) -> Any:
    """value with the fields of every object in the declared order."""
    if isinstance(value, dict):
        ordered = sorted(value.items(), key=lambda item: (_RANK.get(item[0], _LAST), item[0]))
        return {name: declared(item) for name, item in ordered}
    return [declared(item) for item in value] if isinstance(value, list) else value
