"""WebhookCaller: one review sent to a webhook that an object of the API registers, and its answer as JSON.

In: a clientConfig (url or service, caBundle), the body. Out: the decoded answer, or CallFailed in
Kubernetes' words. Admission webhooks and conversion webhooks are both called through here; client/webhooks.py
carries the bytes. A webhook that hangs costs its caller its timeout, and nobody else anything.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import aiohttp
import orjson
from yarl import URL

from karmada.api.objects import Object
from karmada.client.answers import error_of, trouble_of
from karmada.client.services import NoRoute, Route, is_slice_of, routes_to
from karmada.client.webhooks import NOBODY, AnswerTooLarge, BadAuthority, Endpoint, Identity, WebhookClient

DEFAULT_PORT: Final = 443
CONNECT_TRIES: Final = 3
"""Addresses of one Service that are tried, where the first ones do not even answer the door."""
_ACCEPT: Final = "application/json, */*"


class CallFailed(Exception):
    """No usable answer came, and why."""


class Objects(Protocol):
    """Services and EndpointSlices of this control plane."""

    def get(self, group: str, resource: str, namespace: str, name: str) -> Object | None: ...

    def list(self, group: str, resource: str, namespace: str = "") -> list[Object]: ...


class WebhookCaller:
    """identify says who we are to a host name; nobody in particular by default."""

    def __init__(
        self,
        objects: Objects,
        client: WebhookClient,
        *,
        identify: Callable[[str], Identity] = lambda host: NOBODY,
    ) -> None:
        self._objects = objects
        self._client = client
        self._identify = identify
        self._turns = 0

    def forget(self) -> None:
        """The authorities of webhooks may have changed."""
        self._client.forget()

    async def close(self) -> None:
        await self._client.close()

    async def call(
        self,
        config: Mapping[str, Any],
        body: bytes,
        *,
        timeout_seconds: float,
        told_seconds: int | None = None,
    ) -> Any:
        """The answer's JSON. told_seconds: the timeout as the webhook is told it. Raises CallFailed."""
        endpoints = self._endpoints(config)
        shown = _shown(endpoints[0], told_seconds)
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._first_answer(endpoints, config, body, told_seconds)
        except TimeoutError as error:
            raise CallFailed(f'Post "{shown}": context deadline exceeded') from error

    async def _first_answer(
        self,
        endpoints: Sequence[Endpoint],
        config: Mapping[str, Any],
        body: bytes,
        told_seconds: int | None,
    ) -> Any:
        for endpoint in endpoints[:-1]:
            try:
                return await self._answer(endpoint, config, body, told_seconds)
            except _NotConnected:
                continue
        return await self._answer(endpoints[-1], config, body, told_seconds)

    async def _answer(
        self, endpoint: Endpoint, config: Mapping[str, Any], body: bytes, told_seconds: int | None
    ) -> Any:
        shown = _shown(endpoint, told_seconds)
        try:
            answer = await self._client.post(
                endpoint,
                body,
                ca_bundle=config.get("caBundle") or "",
                timeout_seconds=told_seconds,
                accept=_ACCEPT,
                identity=self._identify(endpoint.server_name or URL(endpoint.url).host or ""),
            )
        except aiohttp.ClientConnectorError as error:
            raise _NotConnected(f'Post "{shown}": {_words(error)}') from error
        except (BadAuthority, AnswerTooLarge) as error:
            raise CallFailed(str(error)) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise CallFailed(f'Post "{shown}": {_words(error)}') from error
        if not 200 <= answer.status < 300:
            raise CallFailed(error_of("POST", answer).message)
        try:
            return orjson.loads(answer.body)
        except orjson.JSONDecodeError as error:
            raise CallFailed(f"couldn't get version/kind; json parse error: {error}") from error

    def _endpoints(self, config: Mapping[str, Any]) -> Sequence[Endpoint]:
        """Where the webhook may be, in the order to try. Raises CallFailed."""
        reference = config.get("service")
        if not reference:
            url = config.get("url") or ""
            if not url:
                raise CallFailed("webhook configuration must have either service or URL")
            return (Endpoint(url),)
        namespace, name = reference.get("namespace") or "", reference.get("name") or ""
        port = reference.get("port") or DEFAULT_PORT
        service = self._objects.get("", "services", namespace, name)
        if service is None:
            raise CallFailed(f'service "{name}" not found')
        slices = [
            each
            for each in self._objects.list("discovery.k8s.io", "endpointslices", namespace)
            if is_slice_of(each, name)
        ]
        try:
            routes = routes_to(service, slices, port)
        except NoRoute as error:
            raise CallFailed(str(error)) from error
        self._turns += 1
        turn = self._turns % len(routes)
        order = [*routes[turn:], *routes[:turn]][:CONNECT_TRIES]
        known_as = f"{name}.{namespace}.svc"
        path = "/" + (reference.get("path") or "").lstrip("/")
        return tuple(Endpoint(_url(route, path), known_as, f"{known_as}:{port}") for route in order)


class _NotConnected(CallFailed):
    """Nothing was sent: another address may be tried."""


def _url(route: Route, path: str) -> str:
    host = f"[{route.host}]" if ":" in route.host else route.host
    return f"https://{host}:{route.port}{path}"


def _shown(endpoint: Endpoint, told_seconds: int | None) -> str:
    """The URL as errors show it: a Service by its name."""
    try:
        url = URL(endpoint.url)
        if told_seconds is not None:
            url = url.update_query(timeout=f"{told_seconds}s")
    except ValueError:
        return endpoint.url
    return f"https://{endpoint.host}{url.raw_path_qs}" if endpoint.host else str(url)


def _words(error: BaseException) -> str:
    """What went wrong with a connection, as Go's client says it."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"tls: failed to verify certificate: x509: {_verdict(error.certificate_error)}"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"dial tcp: lookup {error.host}: no such host"
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, ConnectionRefusedError):
        return f"dial tcp {error.host}:{error.port}: connect: connection refused"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "EOF"
    return trouble_of(error)


def _verdict(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in _UNKNOWN_AUTHORITY:
            return "certificate signed by unknown authority"
        return error.verify_message
    return str(error)


_UNKNOWN_AUTHORITY: Final = frozenset({18, 19, 20, 21})
"""OpenSSL: self-signed, self-signed in the chain, issuer not found, first certificate not verifiable."""
