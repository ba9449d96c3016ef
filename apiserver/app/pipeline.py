"""The filters in front of the dispatcher, in their order, and the numbers they leave.

In: the parts and the trust of a server. Out: one handler; the last filter applied here sees a request first.
"""

from functools import partial

from prometheus_client import CollectorRegistry

from apiserver.app.auditing import Auditing
from apiserver.app.options import ServerOptions
from apiserver.app.parts import Parts
from apiserver.app.security import Security
from apiserver.app.token_use import TokenUse
from apiserver.filters.audit import with_audit
from apiserver.filters.authentication import with_authentication
from apiserver.filters.authorization import with_authorization
from apiserver.filters.errors import with_errors
from apiserver.filters.fair_queuing import Seats
from apiserver.filters.flow import FlowControl, FlowIndex, with_priority_and_fairness
from apiserver.filters.flow_metrics import FlowMetrics
from apiserver.filters.headers import with_headers
from apiserver.filters.impersonation import with_impersonation
from apiserver.filters.limits import Lanes, with_deadline, with_in_flight_limit
from apiserver.filters.metrics import RequestMetrics, with_metrics
from apiserver.request_info import Handler
from apiserver.storage.keys import Collection
from karmada.runtime.clock import Clock

FLOW_GROUP = "flowcontrol.apiserver.k8s.io"
_FLOW_KINDS = {
    "prioritylevelconfigurations": "PriorityLevelConfiguration",
    "flowschemas": "FlowSchema",
}


def pipeline(
    parts: Parts,
    security: Security,
    options: ServerOptions,
    *,
    registry: CollectorRegistry,
    audit: Auditing,
    clock: Clock,
) -> Handler:
    authorizer = security.authorizer(parts.rules)
    metrics, lanes = RequestMetrics(registry, clock=clock), Lanes(options.limits)
    metrics.watch_lanes(lanes)
    handler: Handler = parts.dispatcher.handle
    handler = with_authorization(handler, authorizer)
    if options.limits.fairness:
        handler = with_priority_and_fairness(handler, flow_control(parts, options, lanes, registry, clock))
    else:
        handler = with_in_flight_limit(handler, lanes)
    handler = with_impersonation(handler, authorizer)
    handler = with_audit(handler, audit.sink, audit.policy, clock=clock)
    handler = with_authentication(
        handler,
        security.authenticators(
            parts.reader.lookup, TokenUse(parts.store, parts.resources, clock=clock).note
        ),
        anonymous=security.anonymous,
        public_paths=security.public_paths,
    )
    handler = with_deadline(handler, options.limits)
    handler = with_metrics(handler, metrics)
    handler = with_errors(handler)
    return with_headers(handler)


def flow_control(
    parts: Parts, options: ServerOptions, lanes: Lanes, registry: CollectorRegistry, clock: Clock
) -> FlowControl:
    """Priority and fairness, following its two kinds."""
    limits, cache = options.limits, parts.store.cache
    bounded = limits.max_requests_in_flight and limits.max_mutating_requests_in_flight
    total = limits.max_requests_in_flight + limits.max_mutating_requests_in_flight if bounded else 0
    seats = Seats(total)
    index = FlowIndex(on_levels=seats.use)
    for resource, kind in _FLOW_KINDS.items():
        parts.reader.follow(FLOW_GROUP, resource, partial(index.apply, kind))
    return FlowControl(
        index=index,
        seats=seats,
        metrics=FlowMetrics(seats, registry),
        lanes=lanes,
        patience_seconds=limits.max_wait_seconds,
        objects_of=lambda group, resource: cache.size_of(Collection(group, resource)),
        clock=clock,
    )
