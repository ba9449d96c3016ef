"""The stages that serve members: look at them, bring Works to them, read them back.

In: a Manager. Out: the three controllers on it. The control plane's manager runs them for push members, the
agent for the one it is in; nothing else differs.
"""

from collections.abc import Callable

from controllers.cluster.heartbeat import Heartbeat
from controllers.cluster.member_capacity import MemberCapacity
from controllers.cluster.status import ClusterStatusController, ClusterStatusOptions, is_push
from controllers.cluster.status import shard_of as cluster_shard
from controllers.execution.controller import ExecutionController
from controllers.execution.controller import shard_of as work_shard
from controllers.manager import Manager
from controllers.status.work_status import WorkStatusController
from controllers.status.work_status import shard_of as member_object_shard
from karmada.api.groups.cluster import CLUSTERS, PUSH, Cluster


async def cluster_status(
    manager: Manager,
    options: ClusterStatusOptions,
    *,
    serves: Callable[[Cluster], bool] = is_push,
    heartbeat: Heartbeat | None = None,
) -> None:
    capacity = None
    if options.resource_modeling:
        capacity = await manager.stack.enter_async_context(
            MemberCapacity(members=manager.members, sync_seconds=options.sync_seconds, clock=manager.clock)
        )
    controller = ClusterStatusController(
        clusters=manager.informers.ensure(CLUSTERS),
        members=manager.members,
        capacity=capacity,
        client=manager.client,
        options=options,
        clock=manager.clock,
        serves=serves,
        graded=manager.gate("CustomizedClusterResourceModeling"),
        heartbeat=heartbeat,
    )
    manager.add_sharded(controller, shard_of=cluster_shard, workers=1)


async def execution(manager: Manager, *, workers: int, sync_mode: str = PUSH) -> None:
    controller = ExecutionController(
        works=manager.work_informer,
        clusters=manager.informers.ensure(CLUSTERS),
        members=manager.members,
        mapper=manager.mapper,
        interpreter=manager.interpreter,
        client=manager.client,
        recorder=manager.recorder(ExecutionController.name),
        clock=manager.clock,
        sync_mode=sync_mode,
    )
    manager.add_sharded(controller, shard_of=work_shard, workers=workers)


async def work_status(manager: Manager, *, workers: int) -> None:
    controller = WorkStatusController(
        works=manager.work_informer,
        members=manager.members,
        interpreter=manager.interpreter,
        client=manager.client,
        recorder=manager.recorder(WorkStatusController.name),
    )
    manager.add_sharded(controller, shard_of=member_object_shard, workers=workers)
