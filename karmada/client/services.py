"""Where a Service of a control plane is reached from one of its servers. Pure.

In: the Service, its EndpointSlices, the port that is wanted. Out: host and port to connect to. On a control
plane nothing carries cluster IPs, so an address behind the Service is preferred where one is known. Used for
webhooks and for API servers that register themselves.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from karmada.api.objects import Object, name_of

SERVICE_NAME_LABEL: Final = "kubernetes.io/service-name"
_WITH_ADDRESS: Final = ("ClusterIP", "LoadBalancer", "NodePort")


class NoRoute(Exception):
    """A Service that leads nowhere, in Kubernetes' words."""


class Route(NamedTuple):
    host: str
    port: int


def routes_to(service: Object, slices: Iterable[Object], port: int) -> Sequence[Route]:
    """Every way to port of service, the likeliest first. Raises NoRoute when there is none."""
    spec, name = service.get("spec") or {}, name_of(service)
    kind = spec.get("type") or "ClusterIP"
    if kind == "ExternalName":
        return (Route(spec.get("externalName") or "", port),)
    if kind not in _WITH_ADDRESS:
        raise NoRoute(f'unsupported service type "{kind}"')
    wanted = next((each for each in spec.get("ports") or () if each.get("port") == port), None)
    if wanted is None:
        raise NoRoute(f'no service port {port} found for service "{name}"')
    own = list(slices)
    found = list(dict.fromkeys(_addresses(own, wanted.get("name") or "")))
    if found:
        return found
    if own:
        raise NoRoute(f'no endpoints available for service "{name}"')
    address = spec.get("clusterIP") or ""
    if address in ("", "None"):
        raise NoRoute(f'cannot route to service with ClusterIP "{address}"')
    return (Route(address, port),)


def is_slice_of(candidate: Object, service: str) -> bool:
    labels = (candidate.get("metadata") or {}).get("labels") or {}
    return bool(labels.get(SERVICE_NAME_LABEL) == service)


def _addresses(slices: Iterable[Object], port_name: str) -> Iterator[Route]:
    for each in slices:
        numbers = [
            given["port"]
            for given in each.get("ports") or ()
            if (given.get("name") or "") == port_name and given.get("port")
        ]
        for endpoint in each.get("endpoints") or ():
            if _is_ready(endpoint):
                for address in endpoint.get("addresses") or ():
                    yield from (Route(address, number) for number in numbers)


def _is_ready(endpoint: Any) -> bool:
    return (endpoint.get("conditions") or {}).get("ready") is not False


__all__ = ["SERVICE_NAME_LABEL", "NoRoute", "Route", "is_slice_of", "routes_to"]
