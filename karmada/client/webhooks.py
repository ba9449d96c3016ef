"""WebhookClient: bodies posted to webhooks over HTTPS, on connections that are kept open.

In: an endpoint, a body, the authority its certificate is verified with. Out: the answer as it came, or the
trouble there was. Who is asked, in which words and for how long is the caller's business: interpreter
webhooks, admission webhooks and conversion webhooks share this exchange.
"""

import base64
import binascii
import ssl
from dataclasses import dataclass
from typing import Final

import aiohttp
from yarl import URL

from karmada.client.answers import RawResponse
from karmada.client.tls import load_certificate

MAX_ANSWER_BYTES: Final = 16 * 2**20
MAX_CONNECTIONS_PER_HOST: Final = 32
MAX_CONTEXTS: Final = 1000
"""Authorities whose TLS context is kept; with more, all are read anew."""


class BadAuthority(ValueError):
    """A caBundle that is no certificate authority in PEM."""


class AnswerTooLarge(ValueError):
    """More than anybody wants to read."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to send a request. server_name is what the certificate must say when it is not the host."""

    url: str
    server_name: str = ""
    host: str = ""
    """The Host header when it is not that of the URL."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are to a webhook: a client certificate with its key, a token, or nobody."""

    certificate: bytes = b""
    key: bytes = b""
    token: str = ""


NOBODY: Final = Identity()


class WebhookClient:
    """An async context manager. The time a call may take is the caller's: nothing here times out."""

    def __init__(self, *, user_agent: str, connections_per_host: int = MAX_CONNECTIONS_PER_HOST) -> None:
        self._user_agent = user_agent
        self._connections_per_host = connections_per_host
        self._contexts: dict[tuple[str, Identity], ssl.SSLContext] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "WebhookClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def forget(self) -> None:
        """Authorities are not what they were."""
        self._contexts.clear()

    async def post(
        self,
        endpoint: Endpoint,
        body: bytes,
        *,
        ca_bundle: str,
        timeout_seconds: int | None = None,
        accept: str = "application/json",
        identity: Identity = NOBODY,
    ) -> RawResponse:
        """timeout_seconds is what the other side is told. Raises BadAuthority, AnswerTooLarge,
        aiohttp.ClientError, OSError."""
        url = URL(endpoint.url)
        if timeout_seconds is not None:
            url = url.update_query(timeout=f"{timeout_seconds}s")
        headers = {"Content-Type": "application/json", "Accept": accept}
        if endpoint.host:
            headers["Host"] = endpoint.host
        if identity.token:
            headers["Authorization"] = f"Bearer {identity.token}"
        async with self._connected().post(
            url,
            data=body,
            headers=headers,
            ssl=self._context(ca_bundle, identity),
            server_hostname=endpoint.server_name or None,
            allow_redirects=False,
        ) as response:
            answer = bytearray()
            async for chunk in response.content.iter_any():
                answer += chunk
                if len(answer) > MAX_ANSWER_BYTES:
                    raise AnswerTooLarge(f"its answer is larger than {MAX_ANSWER_BYTES // 2**20} MiB")
            return RawResponse(response.status, response.headers, bytes(answer))

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # Those who wait for a connection do so within their own deadline.
                connector=aiohttp.TCPConnector(limit=0, limit_per_host=self._connections_per_host),
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self._user_agent},
            )
        return self._session

    def _context(self, ca_bundle: str, identity: Identity) -> ssl.SSLContext:
        """What the webhook's certificate is verified with: its bundle, else the roots of the machine."""
        known = (ca_bundle, identity)
        if known not in self._contexts:
            if len(self._contexts) >= MAX_CONTEXTS:
                self._contexts.clear()
            try:
                roots = base64.b64decode(ca_bundle, validate=True).decode("ascii") or None
                context = ssl.create_default_context(cadata=roots)
                if identity.certificate:
                    load_certificate(context, identity.certificate, identity.key)
            except (binascii.Error, UnicodeDecodeError, ssl.SSLError) as error:
                raise BadAuthority(f"caBundle is no certificate authority in PEM: {error}") from error
            self._contexts[known] = context
        return self._contexts[known]
