"""Interpreter webhooks as a layer: other programs answer for their kinds, over HTTPS.

In: the configurations there are, read again after changed(); objects. Out: what the webhook answers, checked.
hooks.py chooses it, exchange.py knows its language, client/webhooks.py carries it. A webhook that does not
answer in time is asked by one caller at a time until it does: everybody else is told so soon.
"""

import asyncio
import math
import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final

import aiohttp

from karmada.api.errors import ApiError
from karmada.api.groups.config import (
    DependentObjectReference,
    ResourceInterpreterWebhookConfiguration,
    ServiceReference,
)
from karmada.api.groups.work import AggregatedStatusItem, Component, ReplicaRequirements
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.client.answers import trouble_of
from karmada.client.webhooks import AnswerTooLarge, BadAuthority, Endpoint, WebhookClient
from karmada.interpreter.answers import read_all, read_as, replicas_of, with_status_of
from karmada.interpreter.errors import InterpreterError, WebhookFailed, WebhookOverran
from karmada.interpreter.exchange import patched, read_response, request_body, required
from karmada.interpreter.hooks import (
    Hook,
    check_versions,
    first_match,
    hooks_of,
    service_endpoint,
    url_endpoint,
)
from karmada.interpreter.operations import Operation
from karmada.interpreter.probation import OnProbation, Probation

TRIALS: Final = 2
"""Webhooks on probation that are tried at the same time."""
PATIENCE_SECONDS: Final = 0.2
"""How long to wait for somebody else's trial of the same webhook."""
FindService = Callable[[ServiceReference], Awaitable[Object | None]]


class WebhookLayer:
    """An async context manager. Answers for the kinds and operations that some webhook's rules name."""

    def __init__(
        self,
        *,
        configurations: Callable[[], Iterable[ResourceInterpreterWebhookConfiguration]],
        find_service: FindService,
    ) -> None:
        self._configurations = configurations
        self._find_service = find_service
        self._hooks: tuple[Hook, ...] | None = None
        self._chosen: dict[tuple[GroupVersionKind, Operation], Hook | None] = {}
        self._probation: Probation[str] = Probation(trials=TRIALS, patience_seconds=PATIENCE_SECONDS)
        self._client = WebhookClient(user_agent="karmada")

    async def __aenter__(self) -> "WebhookLayer":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    def changed(self) -> None:
        """The configurations are not what they were: read them again before the next answer."""
        self._hooks = None
        self._chosen.clear()
        self._client.forget()
        self._probation.clear()

    def handles(self, gvk: GroupVersionKind, operation: Operation) -> bool:
        return self._hook(gvk, operation) is not None

    async def get_replicas(self, obj: Object) -> tuple[int, ReplicaRequirements | None]:
        response = await self._ask(Operation.REPLICA, obj)
        replicas = replicas_of(required(response, "replicas"))
        requirements = response.get("replicaRequirements")
        if requirements is None:
            return replicas, None
        return replicas, read_as(ReplicaRequirements, requirements, "replicaRequirements")

    async def get_components(self, obj: Object) -> list[Component]:
        response = await self._ask(Operation.COMPONENT, obj)
        return read_all(Component, _listed(response, "components"), "components")

    async def revise_replica(self, obj: Object, replicas: int) -> Object:
        return patched(obj, await self._ask(Operation.REVISE_REPLICA, obj, replicas=replicas))

    async def retain(self, desired: Object, observed: Object) -> Object:
        return patched(desired, await self._ask(Operation.RETAIN, desired, observed=observed))

    async def aggregate_status(self, obj: Object, items: Sequence[AggregatedStatusItem]) -> Object:
        response = await self._ask(Operation.AGGREGATE_STATUS, obj, items=items)
        return with_status_of(obj, patched(obj, response))

    async def get_dependencies(self, obj: Object) -> list[DependentObjectReference]:
        response = await self._ask(Operation.DEPENDENCY, obj)
        return read_all(DependentObjectReference, _listed(response, "dependencies"), "dependencies")

    async def reflect_status(self, obj: Object) -> Object | None:
        status = required(await self._ask(Operation.STATUS, obj), "rawStatus")
        if not isinstance(status, dict):
            raise WebhookFailed("rawStatus is not an object")
        return status

    async def interpret_health(self, obj: Object) -> bool:
        healthy = required(await self._ask(Operation.HEALTH, obj), "healthy")
        if not isinstance(healthy, bool):
            raise WebhookFailed("healthy is neither true nor false")
        return healthy

    def _hook(self, gvk: GroupVersionKind, operation: Operation) -> Hook | None:
        if self._hooks is None:
            self._hooks = hooks_of(self._configurations())
        if not self._hooks:
            return None
        if (gvk, operation) not in self._chosen:
            self._chosen[gvk, operation] = first_match(self._hooks, gvk, operation)
        return self._chosen[gvk, operation]

    async def _ask(self, operation: Operation, obj: Object, **details: Any) -> Object:
        """The successful response of the webhook for obj."""
        gvk = GroupVersionKind.of(obj)
        hook = self._hook(gvk, operation)
        if hook is None:  # it was there when the chain asked
            raise InterpreterError(f"no webhook answers {operation} of {gvk} any more")
        uid = str(uuid.uuid4())
        try:
            body = request_body(uid, operation, obj, **details)
            return read_response(await self._measured(hook, body), uid)
        except WebhookFailed as error:
            raise type(error)(f"{operation} by webhook {hook.uid}: {error}") from error

    async def _measured(self, hook: Hook, body: bytes) -> bytes:
        while hook.uid in self._probation:
            try:
                async with self._probation.trial(hook.uid) as trying:
                    if trying:
                        return await self._call(hook, body)
            except OnProbation:
                raise WebhookOverran("it did not answer in time; it is being tried again") from None
        return await self._call(hook, body)

    async def _call(self, hook: Hook, body: bytes) -> bytes:
        """The body of its answer, in the time it has."""
        check_versions(hook.webhook)
        try:
            async with asyncio.timeout(hook.timeout_seconds) as scope:
                endpoint = await self._endpoint(hook)
                left = (scope.when() or 0.0) - asyncio.get_running_loop().time()
                answer = await self._post(hook, endpoint, body, left)
        except TimeoutError as error:
            self._probation.overran(hook.uid)
            raise WebhookOverran(f"no answer within {hook.timeout_seconds} s") from error
        except (ApiError, aiohttp.ClientError, OSError, ValueError) as error:
            raise WebhookFailed(f"it cannot be called: {trouble_of(error)}") from error
        self._probation.passed(hook.uid)
        return answer

    async def _endpoint(self, hook: Hook) -> Endpoint:
        config = hook.webhook.client_config
        if config.service is None:
            return url_endpoint(config)
        return service_endpoint(config.service, await self._find_service(config.service))

    async def _post(self, hook: Hook, endpoint: Endpoint, body: bytes, left_seconds: float) -> bytes:
        try:
            answer = await self._client.post(
                endpoint,
                body,
                ca_bundle=hook.webhook.client_config.ca_bundle,
                timeout_seconds=max(1, math.ceil(left_seconds)),
            )
        except (BadAuthority, AnswerTooLarge) as error:
            raise WebhookFailed(str(error)) from error
        if answer.status != 200:
            raise WebhookFailed(f"it answered {answer.status} {phrase_of(answer.status)}")
        return answer.body


def phrase_of(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _listed(response: Object, field: str) -> list[Any]:
    values = response.get(field) or []
    if not isinstance(values, list):
        raise WebhookFailed(f"{field} is not a list")
    return values
