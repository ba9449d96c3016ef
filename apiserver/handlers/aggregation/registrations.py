"""Registration: what an APIService says, and where its server is. Pure.

In: APIService, Service and EndpointSlice objects. Out: registrations by group version, the ways to their
servers, and the condition Available of those that lead nowhere.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from typing_extensions import override

from apiserver.request_info import RequestInfo
from karmada.api.conditions import find_json_condition, with_json_condition
from karmada.api.objects import Object, name_of
from karmada.client.kubeconfig import Access
from karmada.client.services import NoRoute, Route, is_slice_of, routes_to

GROUP: Final = "apiregistration.k8s.io"
RESOURCE: Final = "apiservices"
AVAILABLE: Final = "Available"
_OPENAPI: Final = "/openapi/v3"


@dataclass(frozen=True, slots=True)
class ServiceReference:
    namespace: str
    name: str
    port: int

    @override
    def __str__(self) -> str:
        return f'service/{self.name} in "{self.namespace}"'


@dataclass(frozen=True, slots=True)
class Registration:
    """One group version. service None: this server answers itself."""

    name: str
    group: str
    version: str
    group_priority: int
    version_priority: int
    service: ServiceReference | None
    ca: bytes
    insecure: bool

    @classmethod
    def of(cls, obj: Object) -> "Registration":
        spec = obj.get("spec") or {}
        service = spec.get("service")
        reference = None
        if service:
            reference = ServiceReference(
                service.get("namespace") or "", service.get("name") or "", service.get("port") or 443
            )
        return cls(
            name_of(obj),
            spec.get("group") or "",
            spec.get("version") or "",
            spec.get("groupPriorityMinimum") or 0,
            spec.get("versionPriority") or 0,
            reference,
            _bytes(spec.get("caBundle")),
            bool(spec.get("insecureSkipTLSVerify")),
        )

    @property
    def path(self) -> str:
        return f"/apis/{self.group}/{self.version}"

    def access(self, route: Route, *, certificate: bytes, key: bytes) -> Access:
        """How to reach its server by one way: as the front proxy, whom it must know."""
        assert self.service is not None
        host = f"[{route.host}]" if ":" in route.host else route.host
        return Access(
            server=f"https://{host}:{route.port}",
            ca_data=self.ca or None,
            insecure=self.insecure,
            client_certificate=certificate,
            client_key=key,
            tls_server_name=f"{self.service.name}.{self.service.namespace}.svc",
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The condition Available without its time."""

    status: str
    reason: str
    message: str


LOCAL: Final = Verdict("True", "Local", "Local APIServices are always available")
PASSED: Final = Verdict("True", "Passed", "all checks passed")


class Unreachable(Exception):
    """There is no way to the server, and what the condition says about it."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.message)
        self.verdict = verdict


def ways_to(reference: ServiceReference, service: Object | None, slices: Iterable[Object]) -> Sequence[Route]:
    """Every way to the server behind a Service, in an order that stays. Raises Unreachable."""
    if service is None:
        raise Unreachable(Verdict("False", "ServiceNotFound", f"{reference} is not present"))
    spec = service.get("spec") or {}
    own = [one for one in slices if is_slice_of(one, reference.name)]
    port = next((one for one in spec.get("ports") or () if one.get("port") == reference.port), None)
    if spec.get("type") != "ExternalName":
        if port is None:
            text = f"{reference} is not listening on port {reference.port}"
            raise Unreachable(Verdict("False", "ServicePortError", text))
        if not own:
            text = f"cannot find endpointslices for {reference}"
            raise Unreachable(Verdict("False", "EndpointsNotFound", text))
    try:
        return sorted(routes_to(service, own, reference.port))
    except NoRoute as error:
        name = (port or {}).get("name") or ""
        text = f'endpointslices for {reference} have no addresses with port name "{name}"'
        raise Unreachable(Verdict("False", "MissingEndpoints", text)) from error


def with_verdict(obj: Object, verdict: Verdict, *, now: str) -> Object:
    """obj with the condition; obj itself when it says so already."""
    status = obj.get("status") or {}
    before = status.get("conditions") or []
    condition = {
        "type": AVAILABLE,
        "status": verdict.status,
        "reason": verdict.reason,
        "message": verdict.message,
    }
    conditions = with_json_condition(before, condition, now=now)
    return obj if conditions is before else {**obj, "status": {**status, "conditions": conditions}}


def is_available(obj: Object) -> bool:
    found = find_json_condition((obj.get("status") or {}).get("conditions") or (), AVAILABLE)
    return found is not None and found.get("status") == "True"


@dataclass(slots=True)
class Registrations:
    """All of them, as the APIService objects change."""

    on_change: Callable[[], None] = lambda: None
    by_name: dict[str, Registration] = field(default_factory=dict)
    said: dict[str, bool] = field(default_factory=dict)
    """What the stored condition says, for as long as nobody has looked here."""
    _remote: dict[tuple[str, str], Registration] = field(default_factory=dict)

    def apply(self, old: Object | None, new: Object | None) -> None:
        name = name_of(new or old or {})
        before = self.by_name.pop(name, None)
        self.said.pop(name, None)
        if new is not None:
            self.by_name[name] = Registration.of(new)
            self.said[name] = is_available(new)
        if before == self.by_name.get(name):
            return
        remote = (one for one in self.by_name.values() if one.service is not None)
        self._remote = {(one.group, one.version): one for one in remote}
        self.on_change()

    @property
    def remote(self) -> list[Registration]:
        return list(self._remote.values())

    def of(self, info: RequestInfo) -> Registration | None:
        """The other server's registration that a request is for; None for what is answered here."""
        if not self._remote:
            return None
        if info.is_resource:
            return self._remote.get((info.group, info.version))
        parts = info.path.removeprefix(_OPENAPI).split("/", 4)
        if len(parts) < 4 or parts[1] != "apis":
            return None
        return self._remote.get((parts[2], parts[3]))


def _bytes(text: str | None) -> bytes:
    try:
        return base64.b64decode(text or "")
    except (binascii.Error, ValueError):
        return b""
