"""Others who say who somebody is and what they may do: OpenID issuers, webhooks, an API server in front.

In: flags. Out: token sources and authorizers of them, with their connections, which close() ends. security.py
puts them behind our own.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from apiserver.filters.authentication import TokenSource
from apiserver.filters.authentication.oidc import OidcTokens
from apiserver.filters.authentication.oidc_settings import (
    AuthenticationSettings,
    Issuer,
    OidcOptions,
    issuer_of_flags,
    settings_of,
)
from apiserver.filters.authentication.webhook import TOKEN_REVIEWS, WebhookTokens
from apiserver.filters.webhook_authorizer import ACCESS_REVIEWS, Keeping, WebhookAuthorizer
from apiserver.rbac import Authorizer
from karmada.api.codec import loads_yaml
from karmada.client.client import Client
from karmada.client.kubeconfig import load_kubeconfig
from karmada.client.kubeconfig_file import KubeconfigError
from karmada.runtime.clock import Clock
from karmada.runtime.observe import StartError


@dataclass(frozen=True, slots=True)
class OutsideOptions:
    """Where others are asked."""

    authentication_config: str = ""
    """--authentication-config: AuthenticationConfiguration file: OpenID issuers and anonymous requests."""
    authentication_kubeconfig: str = ""
    """--authentication-kubeconfig: kubeconfig of an API server that is asked about tokens, with TokenReviews;
    for a server that stands behind it."""
    authorization_kubeconfig: str = ""
    """--authorization-kubeconfig: kubeconfig of an API server that is asked about rights, with
    SubjectAccessReviews; for a server that stands behind it."""
    token_webhook_file: str = ""
    """--authentication-token-webhook-config-file: kubeconfig whose server is a webhook that is asked about
    tokens."""
    token_webhook_version: str = "v1"
    """--authentication-token-webhook-version: version of the TokenReviews it is sent."""
    token_webhook_seconds: float = 120.0
    """--authentication-token-webhook-cache-ttl: how long its answers are kept."""
    access_webhook_file: str = ""
    """--authorization-webhook-config-file: kubeconfig whose server is a webhook that is asked about rights,
    with --authorization-mode=Webhook."""
    access_webhook_version: str = "v1"
    """--authorization-webhook-version: version of the SubjectAccessReviews it is sent."""
    access_webhook_allowed_seconds: float = 300.0
    """--authorization-webhook-cache-authorized-ttl: how long its yes is kept."""
    access_webhook_refused_seconds: float = 30.0
    """--authorization-webhook-cache-unauthorized-ttl: how long its no is kept."""
    oidc: OidcOptions = field(default_factory=OidcOptions)


class OutsideTrust:
    """Made within the running loop: connections belong to it."""

    def __init__(self, options: OutsideOptions, *, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._closers: list[Callable[[], Awaitable[None]]] = []

    def token_sources(self, settings: AuthenticationSettings) -> list[TokenSource]:
        """In the order they are tried. Raises StartError."""
        options = self._options
        sources: list[TokenSource] = []
        for issuer in self._issuers(settings):
            tokens = OidcTokens(issuer, clock=self._clock)
            self._closers.append(tokens.close)
            sources.append(tokens)
        if file := options.token_webhook_file:
            client = self._client(file, "authentication-token-webhook-config-file")
            sources.append(self._tokens(client, "", options.token_webhook_version, tells_audiences=True))
        if file := options.authentication_kubeconfig:
            client = self._client(file, "authentication-kubeconfig")
            sources.append(self._tokens(client, TOKEN_REVIEWS, "v1", tells_audiences=False))
        return sources

    def _tokens(self, client: Client, path: str, version: str, *, tells_audiences: bool) -> WebhookTokens:
        return WebhookTokens(
            client,
            path=path,
            cache_seconds=self._options.token_webhook_seconds,
            version=version,
            tells_audiences=tells_audiences,
            clock=self._clock,
        )

    def webhook(self) -> Authorizer:
        """What --authorization-mode=Webhook names. Raises StartError."""
        options = self._options
        if not options.access_webhook_file:
            raise StartError("--authorization-mode=Webhook needs --authorization-webhook-config-file")
        client = self._client(options.access_webhook_file, "authorization-webhook-config-file")
        return self._authorizer(client, "", options.access_webhook_version)

    def delegate(self) -> Authorizer | None:
        """The API server in front. Raises StartError."""
        if not self._options.authorization_kubeconfig:
            return None
        client = self._client(self._options.authorization_kubeconfig, "authorization-kubeconfig")
        return self._authorizer(client, ACCESS_REVIEWS, "v1")

    async def close(self) -> None:
        while self._closers:
            await self._closers.pop()()

    def _authorizer(self, client: Client, path: str, version: str) -> Authorizer:
        options = self._options
        keeping = Keeping(options.access_webhook_allowed_seconds, options.access_webhook_refused_seconds)
        return WebhookAuthorizer(client, path=path, keeping=keeping, version=version, clock=self._clock)

    def _issuers(self, settings: AuthenticationSettings) -> tuple[Issuer, ...]:
        oidc = self._options.oidc
        if not oidc.issuer_url:
            return settings.issuers
        if settings.issuers:
            raise StartError("--oidc-issuer-url and jwt in --authentication-config exclude each other")
        try:
            ca = Path(oidc.ca_file).read_bytes() if oidc.ca_file else b""
            return (issuer_of_flags(oidc, ca=ca),)
        except OSError as error:
            raise StartError(f"--oidc-ca-file: {oidc.ca_file} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise StartError(str(error)) from error

    def _client(self, file: str, flag: str) -> Client:
        try:
            access = load_kubeconfig(file)
        except KubeconfigError as error:
            raise StartError(f"--{flag}: {error}") from error
        client = Client(access, user_agent="kube-apiserver", clock=self._clock)
        self._closers.append(client.close)
        return client


def authentication_settings(file: str) -> AuthenticationSettings:
    """What --authentication-config says. Raises StartError."""
    if not file:
        return AuthenticationSettings()
    try:
        return settings_of(loads_yaml(Path(file).read_bytes()))
    except OSError as error:
        raise StartError(f"--authentication-config: {file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise StartError(f"--authentication-config: {file}: {error}") from error
