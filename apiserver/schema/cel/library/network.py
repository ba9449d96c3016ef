"""Kubernetes' url(), ip() and cidr()."""

import ipaddress
from functools import lru_cache
from typing import Any, Final
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from typing_extensions import override

from apiserver.schema.cel.terms import Overload, function, member
from apiserver.schema.cel.types import BOOL, INT, STRING, list_of, map_of, opaque
from apiserver.schema.cel.values import EvaluationError, Opaque

URL: Final = opaque("kubernetes.URL")
IP: Final = opaque("net.IP")
CIDR: Final = opaque("net.CIDR")


class Url(Opaque):
    __slots__ = ("parts", "text")
    type_name = "kubernetes.URL"

    def __init__(self, text: str, parts: SplitResult) -> None:
        self.text, self.parts = text, parts

    @override
    def __eq__(self, other: object) -> bool:
        return type(other) is Url and other.text == self.text

    @override
    def __hash__(self) -> int:
        return hash(self.text)


@lru_cache(maxsize=512)
def _url(text: str) -> Url:
    """An absolute URI or an absolute path, as a request line may have it."""
    problem = f'URL parse error during conversion from string: parse "{text}": invalid URI for request'
    if any(ord(letter) < 33 or ord(letter) == 127 for letter in text):
        raise EvaluationError(problem)
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise EvaluationError(problem) from error
    if not parts.scheme and not text.startswith("/"):
        raise EvaluationError(problem)
    return Url(text, parts)


def _host(url: Url) -> str:
    return url.parts.netloc.rpartition("@")[2]


def _hostname(url: Url) -> str:
    host = _host(url)
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _port(url: Url) -> str:
    return "" if url.parts.port is None else str(url.parts.port)


def _escaped_path(url: Url) -> str:
    return quote(unquote(url.parts.path), safe="/:@!$&'()*+,;=~-._") if url.parts.path else ""


class Address(Opaque):
    __slots__ = ("address",)
    type_name = "net.IP"

    def __init__(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
        self.address = address

    @override
    def __eq__(self, other: object) -> bool:
        return type(other) is Address and other.address == self.address

    @override
    def __hash__(self) -> int:
        return hash(self.address)


class Network(Opaque):
    __slots__ = ("address", "network")
    type_name = "net.CIDR"

    def __init__(self, interface: ipaddress.IPv4Interface | ipaddress.IPv6Interface) -> None:
        self.address, self.network = interface.ip, interface.network

    @override
    def __eq__(self, other: object) -> bool:
        return type(other) is Network and (other.address, other.network) == (self.address, self.network)

    @override
    def __hash__(self) -> int:
        return hash((self.address, self.network))

    @property
    def text(self) -> str:
        return f"{self.address}/{self.network.prefixlen}"


@lru_cache(maxsize=512)
def _ip(text: str) -> Address:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise EvaluationError(
            f'IP Address "{text}" parse error during conversion from string: '
            f'ParseAddr("{text}"): unable to parse IP'
        ) from error
    if "%" in text:
        raise EvaluationError(f'IP address "{text}" with zone value is not allowed')
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        raise EvaluationError(f'IPv4-mapped IPv6 address "{text}" is not allowed')
    return Address(address)


_CIDR_PROBLEM: Final = "network address parse error during conversion from string"


@lru_cache(maxsize=512)
def _cidr(text: str) -> Network:
    problem = f'{_CIDR_PROBLEM}: {_CIDR_PROBLEM}: netip.ParsePrefix("{text}")'
    address, _, length = text.partition("/")
    if not length.isdigit() or (length.startswith("0") and length != "0"):
        raise EvaluationError(f"{problem}: no '/'" if not length else f"{problem}: bad bits after slash")
    try:
        interface = ipaddress.ip_interface(text)
    except ValueError as error:
        raise EvaluationError(f"{problem}: unable to parse IP") from error
    _ip(address)
    return Network(interface)


def _is(parse: Any) -> Any:
    def call(text: str) -> bool:
        try:
            parse(text)
        except EvaluationError:
            return False
        return True

    return call


def _is_canonical(text: str) -> bool:
    return str(_ip(text).address) == text


def _contains_ip(network: Network, given: "Address | str") -> bool:
    address = _ip(given).address if isinstance(given, str) else given.address
    return address.version == network.network.version and address in network.network


def _contains_cidr(network: Network, given: "Network | str") -> bool:
    other = (_cidr(given) if isinstance(given, str) else given).network
    outer: Any = network.network
    return other.version == outer.version and bool(other.subnet_of(outer))


def _masked(network: Network) -> Network:
    return Network(ipaddress.ip_interface(str(network.network)))


def _urls() -> list[Overload]:
    return [
        function("url", [STRING], URL, _url, sized=True),
        function("isURL", [STRING], BOOL, _is(_url), sized=True),
        function("string", [URL], STRING, lambda url: url.text),
        member("getScheme", [URL], STRING, lambda url: url.parts.scheme),
        member("getHost", [URL], STRING, _host),
        member("getHostname", [URL], STRING, _hostname),
        member("getPort", [URL], STRING, _port),
        member("getEscapedPath", [URL], STRING, _escaped_path),
        member(
            "getQuery",
            [URL],
            map_of(STRING, list_of(STRING)),
            lambda url: parse_qs(url.parts.query, keep_blank_values=True),
        ),
    ]


def _addresses() -> list[Overload]:
    tests = {
        "isUnspecified": "is_unspecified",
        "isLoopback": "is_loopback",
        "isLinkLocalUnicast": "is_link_local",
    }
    found = [
        function("ip", [STRING], IP, _ip, sized=True),
        function("isIP", [STRING], BOOL, _is(_ip), sized=True),
        function("ip.isCanonical", [STRING], BOOL, _is_canonical, sized=True),
        function("string", [IP], STRING, lambda ip: str(ip.address)),
        member("family", [IP], INT, lambda ip: ip.address.version),
        member("isLinkLocalMulticast", [IP], BOOL, _is_link_local_multicast),
        member("isGlobalUnicast", [IP], BOOL, _is_global_unicast),
    ]
    for name, attribute in tests.items():
        found.append(member(name, [IP], BOOL, _attribute(attribute)))
    return found


def _attribute(name: str) -> Any:
    return lambda ip: bool(getattr(ip.address, name))


def _is_link_local_multicast(ip: Address) -> bool:
    if ip.address.version == 4:
        return ip.address in ipaddress.ip_network("224.0.0.0/24")
    return ip.address in ipaddress.ip_network("ff02::/16")


def _is_global_unicast(ip: Address) -> bool:
    address = ip.address
    is_broadcast = str(address) == "255.255.255.255"
    return not (
        is_broadcast
        or address.is_unspecified
        or address.is_loopback
        or address.is_multicast
        or address.is_link_local
    )


def _networks() -> list[Overload]:
    return [
        function("cidr", [STRING], CIDR, _cidr, sized=True),
        function("isCIDR", [STRING], BOOL, _is(_cidr), sized=True),
        function("string", [CIDR], STRING, lambda network: network.text),
        member("containsIP", [CIDR, IP], BOOL, _contains_ip),
        member("containsIP", [CIDR, STRING], BOOL, _contains_ip),
        member("containsCIDR", [CIDR, CIDR], BOOL, _contains_cidr),
        member("containsCIDR", [CIDR, STRING], BOOL, _contains_cidr),
        member("ip", [CIDR], IP, lambda network: Address(network.address)),
        member("prefixLength", [CIDR], INT, lambda network: network.network.prefixlen),
        member("masked", [CIDR], CIDR, _masked),
    ]


NETWORK: Final = [*_urls(), *_addresses(), *_networks()]
