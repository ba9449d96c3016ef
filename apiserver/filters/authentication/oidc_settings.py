"""Issuers whose tokens are believed: from the --oidc-* flags, or an AuthenticationConfiguration file. Pure.

In: flags, or the file's object. Out: one Issuer per entry of `jwt`, or a ValueError that says what is wrong
with which field. oidc.py checks tokens with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from apiserver.filters.authentication.key_sets import ALGORITHMS
from karmada.api.objects import Object

GROUP: Final = "apiserver.config.k8s.io"
KIND: Final = "AuthenticationConfiguration"
EMAIL: Final = "email"
_NO_PREFIX: Final = "-"


@dataclass(frozen=True, slots=True)
class Mapping:
    """A claim that becomes part of the user, with what is put before it. claim "" is none."""

    claim: str = ""
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Issuer:
    """One issuer. required are claims that must have exactly that text."""

    url: str
    audiences: tuple[str, ...]
    username: Mapping
    groups: Mapping = Mapping()
    uid_claim: str = ""
    required: tuple[tuple[str, str], ...] = ()
    algorithms: frozenset[str] = ALGORITHMS
    discovery_url: str = ""
    ca: bytes = b""


@dataclass(frozen=True, slots=True)
class OidcOptions:
    """One issuer as flags say it."""

    issuer_url: str = ""
    """--oidc-issuer-url: issuer of OpenID Connect tokens that are believed; it starts with https://."""
    client_id: str = ""
    """--oidc-client-id: client id that tokens must be meant for."""
    username_claim: str = "sub"
    """--oidc-username-claim: claim that holds the user's name."""
    username_prefix: str = ""
    """--oidc-username-prefix: put before names; without it, the issuer's URL and # before what is no e-mail
    address; - for nothing."""
    groups_claim: str = ""
    """--oidc-groups-claim: claim that holds the user's groups."""
    groups_prefix: str = ""
    """--oidc-groups-prefix: put before groups."""
    required_claims: tuple[str, ...] = ()
    """--oidc-required-claim: claims that tokens must have, as name=value."""
    signing_algorithms: tuple[str, ...] = ("RS256",)
    """--oidc-signing-algs: algorithms that tokens may be signed with."""
    ca_file: str = ""
    """--oidc-ca-file: CA of the issuer's server; without it, those the machine trusts."""


def issuer_of_flags(options: OidcOptions, *, ca: bytes) -> Issuer:
    """Raises ValueError."""
    if not options.client_id:
        raise ValueError("--oidc-client-id is required with --oidc-issuer-url")
    _check_url(options.issuer_url, "--oidc-issuer-url")
    if unknown := [name for name in options.signing_algorithms if name not in ALGORITHMS]:
        raise ValueError(f"--oidc-signing-algs: {unknown[0]} is not supported")
    required: list[tuple[str, str]] = []
    for text in options.required_claims:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--oidc-required-claim: {text} is not name=value")
        required.append((name, value))
    prefix = options.username_prefix
    if not prefix and options.username_claim != EMAIL:
        prefix = f"{options.issuer_url}#"
    return Issuer(
        options.issuer_url,
        (options.client_id,),
        Mapping(options.username_claim, "" if prefix == _NO_PREFIX else prefix),
        Mapping(options.groups_claim, options.groups_prefix),
        required=tuple(required),
        algorithms=frozenset(options.signing_algorithms),
        ca=ca,
    )


@dataclass(frozen=True, slots=True)
class AnonymousSetting:
    """paths empty: everywhere."""

    enabled: bool
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthenticationSettings:
    """What the file says. anonymous None: it says nothing of that."""

    issuers: tuple[Issuer, ...] = ()
    anonymous: AnonymousSetting | None = None


def settings_of(document: Any) -> AuthenticationSettings:
    """Raises ValueError with the field that is wrong."""
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise ValueError(f"it is no {KIND}")
    if str(document.get("apiVersion") or "").partition("/")[0] != GROUP:
        raise ValueError(f"apiVersion must be of {GROUP}")
    entries = document.get("jwt") or []
    if not isinstance(entries, list):
        raise ValueError("jwt must be a list")
    issuers = tuple(_issuer(_dict(entry, f"jwt[{at}]"), f"jwt[{at}]") for at, entry in enumerate(entries))
    _check_unique([one.url for one in issuers], "issuer.url")
    return AuthenticationSettings(issuers, _anonymous(document.get("anonymous")))


def _anonymous(entry: Any) -> AnonymousSetting | None:
    if entry is None:
        return None
    found = _dict(entry, "anonymous")
    conditions = found.get("conditions") or []
    paths = tuple(str(_dict(one, "anonymous.conditions").get("path") or "") for one in conditions)
    return AnonymousSetting(bool(found.get("enabled")), paths)


def _issuer(entry: Object, at: str) -> Issuer:
    issuer = _dict(entry.get("issuer"), f"{at}.issuer")
    url = str(issuer.get("url") or "")
    _check_url(url, f"{at}.issuer.url")
    audiences = tuple(map(str, issuer.get("audiences") or ()))
    if not audiences:
        raise ValueError(f"{at}.issuer.audiences: Required value")
    if len(audiences) > 1 and issuer.get("audienceMatchPolicy") != "MatchAny":
        raise ValueError(f"{at}.issuer.audienceMatchPolicy: must be MatchAny for multiple audiences")
    if discovery := str(issuer.get("discoveryURL") or ""):
        _check_url(discovery, f"{at}.issuer.discoveryURL")
    mappings = _dict(entry.get("claimMappings"), f"{at}.claimMappings")
    _refuse_expressions(entry, at)
    username = _mapping(mappings.get("username"), f"{at}.claimMappings.username")
    if not username.claim:
        raise ValueError(f"{at}.claimMappings.username.claim: Required value")
    required = tuple(
        (str(rule.get("claim") or ""), str(rule.get("requiredValue") or ""))
        for rule in entry.get("claimValidationRules") or ()
    )
    return Issuer(
        url,
        audiences,
        username,
        _mapping(mappings.get("groups"), f"{at}.claimMappings.groups"),
        uid_claim=str(_dict(mappings.get("uid") or {}, f"{at}.claimMappings.uid").get("claim") or ""),
        required=required,
        discovery_url=discovery,
        ca=str(issuer.get("certificateAuthority") or "").encode(),
    )


def _refuse_expressions(entry: Object, at: str) -> None:
    """A rule that is left out would let in whom it keeps out: what is not understood is refused."""
    mappings = entry.get("claimMappings") or {}
    for name in ("username", "groups", "uid"):
        if (mappings.get(name) or {}).get("expression"):
            raise ValueError(
                f"{at}.claimMappings.{name}.expression: expressions are not supported, use claim"
            )
    if mappings.get("extra"):
        raise ValueError(f"{at}.claimMappings.extra: expressions are not supported")
    if any(rule.get("expression") for rule in entry.get("claimValidationRules") or ()):
        raise ValueError(f"{at}.claimValidationRules: expressions are not supported, use claim")
    if entry.get("userValidationRules"):
        raise ValueError(f"{at}.userValidationRules: expressions are not supported")


def _mapping(entry: Any, at: str) -> Mapping:
    found = _dict(entry or {}, at)
    claim, prefix = str(found.get("claim") or ""), found.get("prefix")
    if claim and prefix is None:
        raise ValueError(f"{at}.prefix: Required value: prefix is required when claim is set")
    return Mapping(claim, str(prefix or ""))


def _dict(value: Any, at: str) -> Object:
    if not isinstance(value, dict):
        raise ValueError(f"{at}: Required value" if value is None else f"{at}: must be an object")
    return value


def _check_url(url: str, at: str) -> None:
    if not url.startswith("https://"):
        raise ValueError(f'{at}: Invalid value: "{url}": URL scheme must be https')


def _check_unique(values: Sequence[str], at: str) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f'{at}: Duplicate value: "{value}"')
        seen.add(value)


__all__ = [
    "AnonymousSetting",
    "AuthenticationSettings",
    "Issuer",
    "Mapping",
    "OidcOptions",
    "issuer_of_flags",
    "settings_of",
]
