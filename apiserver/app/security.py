"""Who may come in and what they may do: certificates, authenticators, the authorizer and the TLS context
of a server."""

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

from apiserver.app.client_certificates import take_any_client_certificate
from apiserver.app.options import ServerOptions
from apiserver.app.outside_trust import OutsideTrust, authentication_settings
from apiserver.filters.authentication import (
    PUBLIC_PATHS,
    Authenticator,
    BearerAuthenticator,
    Lookup,
    TokenSource,
)
from apiserver.filters.authentication.bootstrap_token import BootstrapTokens
from apiserver.filters.authentication.certificate import CertificateAuthenticator
from apiserver.filters.authentication.jwt import TokenKeys
from apiserver.filters.authentication.pki import Pki, PkiError, ensure_pki
from apiserver.filters.authentication.request_header import RequestHeaderAuthenticator, RequestHeaderOptions
from apiserver.filters.authentication.service_account import ServiceAccountTokens
from apiserver.filters.authentication.static_token import StaticTokens, parse_token_file
from apiserver.rbac import AlwaysAllow, AlwaysDeny, Authorizer, RbacAuthorizer, RuleIndex, Union
from karmada.api.objects import Object
from karmada.runtime.clock import Clock
from karmada.runtime.observe import StartError

DEFAULT_HOSTS = (
    "localhost",
    "127.0.0.1",
    "::1",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "10.96.0.1",
)


class Security:
    """Everything about trust that one server needs, made from its options and its PKI."""

    def __init__(self, options: ServerOptions, directory: Path, *, clock: Clock) -> None:
        """Reads and makes files. Raises StartError."""
        self.options = options
        self.clock = clock
        hosts = dict.fromkeys(
            (
                *DEFAULT_HOSTS,
                *([] if options.host in ("", "0.0.0.0", "::") else [options.host]),
                *options.advertise_hosts,
            )
        )
        try:
            self.pki: Pki = ensure_pki(directory, hosts=list(hosts), clock=clock)
            self.keys = TokenKeys(self.pki.service_account_key)
        except PkiError as error:
            raise StartError(str(error)) from error
        self.audiences = options.api_audiences or (options.service_account_issuer,)
        self.client_ca = self.pki.authority.certificate + _read(options.client_ca_file, "client-ca-file")
        self.bearer: BearerAuthenticator | None = None
        self.settings = authentication_settings(options.outside.authentication_config)
        self.outside = OutsideTrust(options.outside, clock=clock)
        self._authorizer: Authorizer | None = None

    def tls(self) -> ssl.SSLContext:
        """The listener's context: client certificates are asked for, not demanded."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        certificate = self.options.tls_cert_file or str(self.pki.serving.certificate_path)
        key = self.options.tls_private_key_file or str(self.pki.serving.key_path)
        try:
            context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            raise StartError(f"serving certificate {certificate} cannot be used: {error}") from error
        trusted = self.client_ca + self.pki.front_proxy_authority.certificate
        trusted += _read(self.options.requestheader_client_ca_file, "requestheader-client-ca-file")
        context.load_verify_locations(cadata=trusted.decode())
        context.verify_mode = ssl.CERT_OPTIONAL
        take_any_client_certificate(context)
        context.num_tickets = 0
        return context

    def authenticators(
        self, lookup: Lookup, note_use: Callable[[Object], Awaitable[None]] | None = None
    ) -> list[Authenticator]:
        """In the order they are tried. note_use hears of Secrets whose token was believed."""
        options = self.options
        front_proxy = self.pki.front_proxy_authority.certificate
        front_proxy += _read(options.requestheader_client_ca_file, "requestheader-client-ca-file")
        header = RequestHeaderOptions(front_proxy, options.requestheader_allowed_names)
        sources: list[TokenSource] = []
        if options.token_auth_file:
            lines = _read(options.token_auth_file, "token-auth-file").decode().splitlines()
            sources.append(StaticTokens(parse_token_file(lines), audiences=self.audiences))
        sources.append(
            ServiceAccountTokens(
                self.keys,
                lookup,
                issuer=options.service_account_issuer,
                audiences=self.audiences,
                note_use=note_use,
                clock=self.clock,
            )
        )
        sources.append(BootstrapTokens(lookup, audiences=self.audiences, clock=self.clock))
        sources += self.outside.token_sources(self.settings)
        self.bearer = BearerAuthenticator(sources, audiences=self.audiences)
        return [
            RequestHeaderAuthenticator(header, clock=self.clock),
            CertificateAuthenticator(self.client_ca, clock=self.clock),
            self.bearer,
        ]

    def proxy_client(self) -> tuple[bytes, bytes]:
        """(certificate, key) in PEM: who we are to servers behind this one."""
        options = self.options
        if not options.proxy_client_cert_file:
            return self.pki.front_proxy_client.certificate, self.pki.front_proxy_client.key
        return (
            _read(options.proxy_client_cert_file, "proxy-client-cert-file"),
            _read(options.proxy_client_key_file, "proxy-client-key-file"),
        )

    def authorizer(self, rules: RuleIndex) -> Authorizer:
        """The same one each time. Raises StartError."""
        if self._authorizer is None:
            self._authorizer = self._asked(rules)
        return self._authorizer

    def _asked(self, rules: RuleIndex) -> Authorizer:
        makers: dict[str, Callable[[], Authorizer]] = {
            "RBAC": lambda: RbacAuthorizer(rules),
            "Webhook": self.outside.webhook,
            "AlwaysAllow": AlwaysAllow,
            "AlwaysDeny": AlwaysDeny,
        }
        modes = [mode for mode in self.options.authorization if mode != "Node"]
        if unknown := [mode for mode in modes if mode not in makers]:
            raise StartError(f"--authorization-mode: {unknown[0]} is not a mode: use {', '.join(makers)}")
        asked = [makers[mode]() for mode in modes]
        if (delegate := self.outside.delegate()) is not None:
            asked.append(delegate)
        if not asked:
            raise StartError("--authorization-mode: at least one mode is needed")
        return asked[0] if len(asked) == 1 else Union(asked)

    @property
    def anonymous(self) -> bool:
        """Whether requests without credentials are let in everywhere."""
        setting = self.settings.anonymous
        return self.options.anonymous if setting is None else setting.enabled and not setting.paths

    @property
    def public_paths(self) -> frozenset[str]:
        """Paths open to requests without credentials in any case."""
        setting = self.settings.anonymous
        return PUBLIC_PATHS | frozenset(setting.paths if setting is not None and setting.enabled else ())

    async def close(self) -> None:
        await self.outside.close()


def _read(path: str, flag: str) -> bytes:
    if not path:
        return b""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise StartError(f"--{flag}: {path} cannot be read: {error.strerror}") from error
