"""Front proxy: an aggregator that authenticated the user says who it is in headers.

In: X-Remote-* headers on a connection whose client certificate the request-header CA issued. Out: the user.
The headers mean nothing on any other connection.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from typing_extensions import override

from apiserver.filters.authentication import Authenticator
from apiserver.filters.authentication.certificate import (
    CERTIFICATES_REMEMBERED,
    common_name,
    for_client_authentication,
    issued_by_any,
)
from apiserver.request_info import Request, UserInfo
from karmada.runtime.clock import SYSTEM_CLOCK, Clock


@dataclass(frozen=True, slots=True)
class RequestHeaderOptions:
    """Where the front proxy writes the user. Header names are matched in lower case."""

    ca: bytes
    """--requestheader-client-ca-file: PEM of the CA that issues the proxy's client certificate."""
    allowed_names: Collection[str] = ()
    """--requestheader-allowed-names: common names the proxy may have; none given means any."""
    username_headers: Sequence[str] = ("X-Remote-User",)
    """--requestheader-username-headers"""
    uid_headers: Sequence[str] = ("X-Remote-Uid",)
    """--requestheader-uid-headers"""
    group_headers: Sequence[str] = ("X-Remote-Group",)
    """--requestheader-group-headers"""
    extra_header_prefixes: Sequence[str] = ("X-Remote-Extra-",)
    """--requestheader-extra-headers-prefix"""


class RequestHeaderAuthenticator(Authenticator):
    def __init__(self, options: RequestHeaderOptions, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.options = options
        self.authorities = x509.load_pem_x509_certificates(options.ca)
        self.clock = clock
        self._trusted: dict[bytes, x509.Certificate | None] = {}

    @override
    async def authenticate(self, request: Request) -> UserInfo | None:
        if request.peer_certificate is None or not self._is_proxy(request.peer_certificate):
            return None
        return user_from_headers(request, self.options)

    def _is_proxy(self, der: bytes) -> bool:
        if der not in self._trusted:
            if len(self._trusted) >= CERTIFICATES_REMEMBERED:
                self._trusted.clear()
            self._trusted[der] = self._trusted_certificate(der)
        trusted = self._trusted[der]
        return (
            trusted is not None
            and trusted.not_valid_before_utc <= self.clock.now() <= trusted.not_valid_after_utc
        )

    def _trusted_certificate(self, der: bytes) -> x509.Certificate | None:
        """der is whatever a client sent."""
        try:
            certificate = x509.load_der_x509_certificate(der)
            return certificate if self._trusts(certificate) else None
        except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension):
            return None

    def _trusts(self, certificate: x509.Certificate) -> bool:
        allowed = self.options.allowed_names
        return (
            issued_by_any(certificate, self.authorities)
            and for_client_authentication(certificate)
            and (not allowed or common_name(certificate) in allowed)
        )


def user_from_headers(request: Request, options: RequestHeaderOptions) -> UserInfo | None:
    """The user the proxy names; None when it names none."""
    name = _first(request, options.username_headers)
    if not name:
        return None
    groups = [value for header in options.group_headers for value in header_values(request, header) if value]
    extra: dict[str, tuple[str, ...]] = {}
    for prefix in options.extra_header_prefixes:
        lower = prefix.lower()
        for header in request.headers:
            if header.startswith(lower):
                key = unquote(header.removeprefix(lower)).lower()
                extra[key] = (*extra.get(key, ()), *header_values(request, header))
    return UserInfo(name, tuple(groups), uid=_first(request, options.uid_headers), extra=extra)


def header_values(request: Request, header: str) -> list[str]:
    """Every value of a header that may be repeated. headers is a multi-mapping when it has getall."""
    getall = getattr(request.headers, "getall", None)
    lower = header.lower()
    if getall is not None:
        return list(getall(lower, ()))
    return [request.headers[lower]] if lower in request.headers else []


def _first(request: Request, headers: Sequence[str]) -> str:
    return next((value for header in headers if (value := request.headers.get(header.lower(), ""))), "")
