"""Interpreter webhooks as a layer: other programs answer for their kinds, over HTTPS.

In: the configurations there are, read again after changed(); objects. Out: what the webhook answers, checked.
hooks.py chooses it, exchange.py knows its language. A webhook that does not answer in time is asked by one
caller at a time until it does: everybody else is told so soon.
"""

import asyncio
import base64
import binascii
import math
import ssl
import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Final

import aiohttp
from yarl import URL

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
from karmada.interpreter.answers import read_all, read_as, replicas_of, with_status_of
from karmada.interpreter.errors import InterpreterError, WebhookFailed, WebhookOverran
from karmada.interpreter.exchange import patched, read_response, request_body, required
from karmada.interpreter.hooks import (
    Endpoint,
    Hook,
    check_versions,
    first_match,
    hooks_of,
    service_endpoint,
    url_endpoint,
)
from karmada.interpreter.operations import Operation
from karmada.interpreter.probation import OnProbation, Probation

MAX_ANSWER_BYTES: Final = 16 * 2**20
MAX_CONNECTIONS_PER_HOST: Final = 32
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
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._probation: Probation[str] = Probation(trials=TRIALS, patience_seconds=PATIENCE_SECONDS)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "WebhookLayer":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    def changed(self) -> None:
        """The configurations are not what they were: read them again before the next answer."""
        self._hooks = None
        self._chosen.clear()
        self._contexts.clear()
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
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if endpoint.host:
            headers["Host"] = endpoint.host
        async with self._connected().post(
            URL(endpoint.url).update_query(timeout=f"{max(1, math.ceil(left_seconds))}s"),
            data=body,
            headers=headers,
            ssl=self._context(hook.webhook.client_config.ca_bundle),
            server_hostname=endpoint.server_name or None,
            allow_redirects=False,
        ) as response:
            if response.status != 200:
                raise WebhookFailed(f"it answered {response.status} {response.reason}")
            answer = bytearray()
            async for chunk in response.content.iter_any():
                answer += chunk
                if len(answer) > MAX_ANSWER_BYTES:
                    raise WebhookFailed(f"its answer is larger than {MAX_ANSWER_BYTES // 2**20} MiB")
            return bytes(answer)

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # Those who wait for a connection do so within their own deadline, see _call.
                connector=aiohttp.TCPConnector(limit=0, limit_per_host=MAX_CONNECTIONS_PER_HOST),
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "karmada"},
            )
        return self._session

    def _context(self, ca_bundle: str) -> ssl.SSLContext:
        """What the webhook's certificate is verified with: its bundle, else the roots of the machine."""
        if ca_bundle not in self._contexts:
            try:
                roots = base64.b64decode(ca_bundle, validate=True).decode("ascii") or None
                self._contexts[ca_bundle] = ssl.create_default_context(cadata=roots)
            except (binascii.Error, UnicodeDecodeError, ssl.SSLError) as error:
                raise WebhookFailed(f"caBundle is no certificate authority in PEM: {error}") from error
        return self._contexts[ca_bundle]


def _listed(response: Object, field: str) -> list[Any]:
    values = response.get(field) or []
    if not isinstance(values, list):
        raise WebhookFailed(f"{field} is not a list")
    return values
