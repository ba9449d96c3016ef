"""CronFederatedHPA: scale a template, or move the bounds of a FederatedHPA, by the clock.

In: CronFederatedHPAs and the time. Out: scales of templates, spec of FederatedHPAs, the history of each rule.
cron_rules.py decides what is due. A rule that fails is told in its history and runs again at its next time.
"""

import logging
from datetime import tzinfo
from typing import Final

from controllers.autoscaling.cron_rules import DueRule, Outcome, Plan, after, plan
from controllers.autoscaling.scale_target import ScaleTargets
from karmada.api.errors import ApiError, Conflict, NotFound
from karmada.api.groups import autoscaling
from karmada.api.groups.autoscaling import (
    CRON_FEDERATED_HPAS,
    FEDERATED_HPAS,
    CronFederatedHPA,
    CronFederatedHPARule,
    CronFederatedHPAStatus,
    ExecutionHistory,
    FederatedHPA,
)
from karmada.api.gvk import ObjectKey
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

log = logging.getLogger(__name__)

FEDERATED_HPA_API: Final = f"{autoscaling.GROUP}/{autoscaling.VERSION}"


class CronScalingController:
    """Keys are CronFederatedHPAs. home: the zone of rules that name none."""

    name = "cronfederatedhpa-controller"

    def __init__(
        self,
        *,
        autoscalers: Informer[CronFederatedHPA],
        targets: ScaleTargets,
        client: Client,
        recorder: EventRecorder,
        clock: Clock,
        home: tzinfo,
    ) -> None:
        self._autoscalers = autoscalers
        self._targets = targets
        self._client = client
        self._recorder = recorder
        self._clock = clock
        self._home = home

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[CronFederatedHPA]) -> None:
            if change.new is not None and (change.old is None or change.old.spec != change.new.spec):
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        self._autoscalers.add_handler(changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        autoscaler = self._autoscalers.cache.get(key)
        if autoscaler is None or autoscaler.metadata.deletion_timestamp:
            return None
        planned = plan(autoscaler, now=self._clock.now(), home=self._home)
        for name, reason in planned.broken.items():
            self._warn(autoscaler, "StartRuleFailed", f"Fail to start rule({name}): {reason}")
        histories = await self._execute(autoscaler, planned)
        try:
            await self._write(autoscaler, histories)
        except (Conflict, NotFound):
            raise
        except ApiError as error:
            self._warn(autoscaler, "UpdateStatusFailed", str(error))
            raise
        return self._until_next(planned)

    async def _execute(self, autoscaler: CronFederatedHPA, planned: Plan) -> list[ExecutionHistory]:
        due = {item.rule.name: item for item in planned.due}
        histories = []
        for history in planned.histories:
            item = due.get(history.rule_name)
            if item is None:
                histories.append(history)
                continue
            outcome = await self._scale(autoscaler, item)
            histories.append(after(history, item, outcome, now=self._clock.now()))
        return histories

    async def _scale(self, autoscaler: CronFederatedHPA, due: DueRule) -> Outcome:
        target, rule = autoscaler.spec.scale_target_ref, due.rule
        namespace = autoscaler.metadata.namespace
        try:
            if target.api_version == FEDERATED_HPA_API:
                return await self._move_bounds(FEDERATED_HPAS.key(namespace, target.name), rule)
            replicas = rule.target_replicas or 0
            await self._targets.set_replicas(target, namespace, replicas)
        except ApiError as error:
            self._warn(autoscaler, "ScaleFailed", str(error))
            return Outcome(error=str(error))
        log.info(
            "scaled", extra={"autoscaler": autoscaler.metadata.name, "rule": rule.name, "replicas": replicas}
        )
        return Outcome(replicas=replicas)

    async def _move_bounds(self, key: ObjectKey, rule: CronFederatedHPARule) -> Outcome:
        def change(stored: FederatedHPA) -> FederatedHPA:
            wanted = {"min_replicas": rule.target_min_replicas, "max_replicas": rule.target_max_replicas}
            given = {name: value for name, value in wanted.items() if value is not None}
            return stored.model_copy(update={"spec": stored.spec.model_copy(update=given)})

        await self._client.update(FEDERATED_HPAS, key, change)
        return Outcome(min_replicas=rule.target_min_replicas, max_replicas=rule.target_max_replicas)

    async def _write(self, autoscaler: CronFederatedHPA, histories: list[ExecutionHistory]) -> None:
        if autoscaler.status.execution_histories == histories:
            return
        status = CronFederatedHPAStatus(execution_histories=histories)
        # Only onto what was read: else an execution that a stale cache repeats would be told twice.
        changed = autoscaler.model_copy(update={"status": status})
        await self._client.replace(CRON_FEDERATED_HPAS, changed, subresource="status")

    def _until_next(self, planned: Plan) -> Requeue | None:
        """A rule executed now is looked at again when it is next due, like all others."""
        times = [time for time in (planned.wake, *(item.then for item in planned.due)) if time is not None]
        if not times:
            return None
        return Requeue(after=max(0.0, (min(times) - self._clock.now()).total_seconds()))

    def _warn(self, autoscaler: CronFederatedHPA, reason: str, message: str) -> None:
        self._recorder.event(
            CRON_FEDERATED_HPAS.encode(autoscaler), type="Warning", reason=reason, message=message
        )
