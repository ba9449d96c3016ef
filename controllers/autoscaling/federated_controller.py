"""FederatedHPA: scale a template by what its pods in all clusters use.

In: FederatedHPAs, the federation of each target, metrics. Out: scales of templates, conditions, events. Each
is looked at every sync period. federation.py finds pods, proposals.py asks metrics, limits.py decides.
The scale write is an ordinary edit: detector, scheduler and members follow.
"""

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from controllers.autoscaling.federation import Federation, Federations, Trouble
from controllers.autoscaling.limits import Memory, decided
from controllers.autoscaling.proposals import Answer, Proposals
from controllers.autoscaling.scale_target import ScaleTargets
from karmada.api.conditions import with_json_condition
from karmada.api.errors import ApiError, Conflict, NotFound
from karmada.api.groups.autoscaling import (
    FEDERATED_HPAS,
    FederatedHPA,
    HorizontalPodAutoscalerStatus,
)
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, labels_of
from karmada.api.selectors import InvalidSelector, parse_label_selector
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

log = logging.getLogger(__name__)

SYNC_SECONDS: Final = 15.0
"""--horizontal-pod-autoscaler-sync-period."""
REMEMBERED: Final = timedelta(hours=1)
"""The longest window that admission allows a behavior to have."""
CANNOT_COMPUTE: Final = "the HPA was unable to compute the replica count: "


@dataclass(slots=True)
class _Draft:
    """The status while it is made."""

    status: Object
    now: str

    def tell(self, type_: str, status: str, reason: str, message: str) -> None:
        condition = {"type": type_, "status": status, "reason": reason, "message": message}
        conditions = with_json_condition(self.status.get("conditions") or [], condition, now=self.now)
        self.status = {**self.status, "conditions": conditions}


@dataclass(slots=True)
class _Known:
    """What is remembered of an autoscaler between passes."""

    memory: Memory = field(default_factory=Memory)
    selector: str = ""


class FederatedScalingController:
    """Keys are FederatedHPAs."""

    name = "federatedHPA-controller"

    def __init__(
        self,
        *,
        autoscalers: Informer[FederatedHPA],
        federations: Federations,
        proposals: Proposals,
        targets: ScaleTargets,
        client: Client,
        recorder: EventRecorder,
        clock: Clock,
    ) -> None:
        self._autoscalers = autoscalers
        self._federations = federations
        self._proposals = proposals
        self._targets = targets
        self._client = client
        self._recorder = recorder
        self._clock = clock
        self._known: dict[ObjectKey, _Known] = {}

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[FederatedHPA]) -> None:
            if change.new is None:
                self._known.pop(change.key, None)
            elif change.old is None or change.old.spec != change.new.spec:
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        self._autoscalers.add_handler(changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        autoscaler = self._autoscalers.cache.get(key)
        if autoscaler is None or autoscaler.metadata.deletion_timestamp:
            return None
        draft = _Draft(autoscaler.status.to_json(), rfc3339(self._clock.now()))
        try:
            await self._scale(key, autoscaler, draft)
        except Trouble as trouble:
            self._warn(autoscaler, trouble.event, str(trouble))
            text = f"the HPA controller was unable to get the target's current scale: {trouble}"
            draft.tell("AbleToScale", "False", trouble.reason, text)
        try:
            await self._write(autoscaler, draft.status)
        except NotFound:
            return None
        except Conflict:
            return Requeue(after=1.0)
        return Requeue(after=SYNC_SECONDS)

    async def _scale(self, key: ObjectKey, autoscaler: FederatedHPA, draft: _Draft) -> None:
        """One pass. Raises Trouble when there is nothing to scale."""
        target, namespace = autoscaler.spec.scale_target_ref, key.namespace
        federation = await self._federations.of(target, namespace)
        text = "the HPA controller was able to get the target's current scale"
        draft.tell("AbleToScale", "True", "SucceededGetScale", text)
        draft.status["currentReplicas"] = federation.replicas
        known = self._known.setdefault(key, _Known())
        known.selector = federation.selector
        wanted, reason = await self._wanted(key, autoscaler, federation, known.memory, draft)
        if wanted is None:
            return
        draft.status["desiredReplicas"] = wanted
        if wanted == federation.replicas:
            return
        try:
            await self._targets.set_replicas(target, namespace, wanted)
        except ApiError as error:
            self._warn(autoscaler, "FailedRescale", f"New size: {wanted}; reason: {reason}; error: {error}")
            text = f"the HPA controller was unable to update the target scale: {error}"
            draft.tell("AbleToScale", "False", "FailedUpdateScale", text)
            return
        if autoscaler.spec.behavior is not None:
            known.memory.scaled(federation.replicas, wanted, now=self._clock.now())
        text = f"the HPA controller was able to update the target scale to {wanted}"
        draft.tell("AbleToScale", "True", "SucceededRescale", text)
        draft.status["lastScaleTime"] = draft.now
        message = f"New size: {wanted}; reason: {reason}"
        self._recorder.event(
            FEDERATED_HPAS.encode(autoscaler), type="Normal", reason="SuccessfulRescale", message=message
        )
        log.info("scaled", extra={"autoscaler": str(key), "from": federation.replicas, "to": wanted})

    async def _wanted(
        self, key: ObjectKey, autoscaler: FederatedHPA, federation: Federation, memory: Memory, draft: _Draft
    ) -> tuple[int | None, str]:
        """The replicas to have and why; None when that cannot be told."""
        spec, current, now = autoscaler.spec, federation.replicas, self._clock.now()
        least = 1 if spec.min_replicas is None else spec.min_replicas
        if not memory.proposals:
            memory.propose(current, now=now)
        if current > spec.max_replicas:
            return spec.max_replicas, "Current number of replicas above Spec.MaxReplicas"
        if current < least:
            return least, "Current number of replicas below Spec.MinReplicas"
        if not self._can_measure(key, autoscaler, federation, draft):
            return None, ""
        answer = await self._proposals.of(spec.metrics, key.namespace, federation, now=now)
        for failure in answer.failures:
            self._warn(autoscaler, failure.reason, failure.message)
        if answer.replicas is None:
            self._inactive(autoscaler, answer, draft)
            return None, ""
        draft.tell(
            "ScalingActive",
            "True",
            "ValidMetricFound",
            f"the HPA was able to successfully calculate a replica count from {answer.metric}",
        )
        draft.status["currentMetrics"] = list(answer.readings)
        memory.forget(before=now - REMEMBERED)
        memory.propose(answer.replicas, now=now)
        verdict = decided(spec, memory, current=current, proposed=answer.replicas, now=now)
        draft.tell("AbleToScale", "True", *verdict.able)
        draft.tell("ScalingLimited", "True" if verdict.is_limited else "False", *verdict.limited)
        above = verdict.replicas > current
        return verdict.replicas, f"{answer.metric} above target" if above else "All metrics below target"

    def _can_measure(
        self, key: ObjectKey, autoscaler: FederatedHPA, federation: Federation, draft: _Draft
    ) -> bool:
        """Whether the pods of the target can be told from others."""
        reason, message = "InvalidSelector", ""
        try:
            parse_label_selector(federation.selector)
            if not federation.selector:
                message = "the HPA target's scale is missing a selector"
        except InvalidSelector as error:
            message = f"couldn't convert selector into a corresponding internal selector object: {error}"
        if not message and (others := self._sharers(key, federation)):
            reason = "AmbiguousSelector"
            names = " ".join(sorted(str(each) for each in (key, *others)))
            message = f"pods by selector {federation.selector} are controlled by multiple HPAs: [{names}]"
        if not message:
            return True
        event = "SelectorRequired" if not federation.selector else reason
        self._warn(autoscaler, event, message)
        draft.tell("ScalingActive", "False", reason, message)
        return False

    def _sharers(self, key: ObjectKey, federation: Federation) -> list[ObjectKey]:
        """Other autoscalers that count some of these pods as theirs."""
        sharers = []
        for other, known in self._known.items():
            if other == key or other.namespace != key.namespace or not known.selector:
                continue
            matcher = parse_label_selector(known.selector)
            if any(matcher.matches(labels_of(pod)) for pod in federation.pods):
                sharers.append(other)
        return sharers

    def _inactive(self, autoscaler: FederatedHPA, answer: Answer, draft: _Draft) -> None:
        if not answer.failures:
            return
        first = answer.failures[0]
        draft.tell("ScalingActive", "False", first.reason, CANNOT_COMPUTE + first.message)
        text = f"invalid metrics ({len(answer.failures)} invalid out of {len(autoscaler.spec.metrics)})"
        self._warn(
            autoscaler,
            "FailedComputeMetricsReplicas",
            f"{text}, first error is: {answer.failures[0].message}",
        )

    async def _write(self, autoscaler: FederatedHPA, status: Object) -> None:
        status.setdefault("desiredReplicas", 0)
        if status == autoscaler.status.to_json():
            return
        changed = autoscaler.model_copy(update={"status": HorizontalPodAutoscalerStatus.from_json(status)})
        await self._client.replace(FEDERATED_HPAS, changed, subresource="status")

    def _warn(self, autoscaler: FederatedHPA, reason: str, message: str) -> None:
        self._recorder.event(
            FEDERATED_HPAS.encode(autoscaler), type="Warning", reason=reason, message=message
        )
