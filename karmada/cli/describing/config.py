"""ConfigMaps, Secrets, Namespaces and Services in detail. Lines for layout.tabulated."""

import base64
import binascii
from collections.abc import Iterator, Sequence

from karmada.api.objects import Object, name_of
from karmada.cli.describing.layout import NONE, heading, pairs

MAX_ENDPOINTS = 3


def config_map(obj: Object) -> Iterator[str]:
    yield from heading(obj)
    yield ""
    yield "Data"
    yield "===="
    for key, value in sorted((obj.get("data") or {}).items()):
        yield f"{key}:"
        yield "----"
        yield from str(value).split("\n")
        yield ""
    yield ""
    yield "BinaryData"
    yield "===="
    for key, value in sorted((obj.get("binaryData") or {}).items()):
        yield f"{key}: {_length(value)} bytes"
    yield ""


def secret(obj: Object) -> Iterator[str]:
    """Never a value, only how long it is."""
    yield from heading(obj)
    yield ""
    yield f"Type:\t{obj.get('type', '')}"
    yield ""
    yield "Data"
    yield "===="
    for key, value in sorted((obj.get("data") or {}).items()):
        yield f"{key}:\t{_length(value)} bytes"


def namespace(obj: Object, quotas: Sequence[Object], limits: Sequence[Object]) -> Iterator[str]:
    yield from heading(obj, namespaced=False)
    yield f"Status:\t{(obj.get('status') or {}).get('phase', '')}"
    yield ""
    yield "Resource Quotas" if quotas else "No resource quota."
    for quota in quotas:
        yield f"  Name:\t{name_of(quota)}"
        yield "  Resource\tUsed\tHard"
        yield "  --------\t---\t---"
        status = quota.get("status") or {}
        for resource, hard in sorted((status.get("hard") or {}).items()):
            yield f"  {resource}\t{(status.get('used') or {}).get(resource, '0')}\t{hard}"
    yield ""
    yield "Resource Limits" if limits else "No LimitRange resource."
    for each in limits:
        for item in (each.get("spec") or {}).get("limits") or ():
            names = ", ".join(
                sorted({name for field in item.values() if isinstance(field, dict) for name in field})
            )
            yield f"  {name_of(each)}\t{item.get('type')}\t{names}"


def service(obj: Object, slices: Sequence[Object]) -> Iterator[str]:
    """slices: the EndpointSlices of the service."""
    spec = obj.get("spec") or {}
    yield from heading(obj)
    yield from pairs("Selector", spec.get("selector") or {})
    yield f"Type:\t{spec.get('type', '')}"
    if spec.get("ipFamilyPolicy"):
        yield f"IP Family Policy:\t{spec['ipFamilyPolicy']}"
    yield f"IP Families:\t{','.join(spec.get('ipFamilies') or ()) or NONE}"
    yield f"IP:\t{spec.get('clusterIP') or NONE}"
    yield f"IPs:\t{','.join(spec.get('clusterIPs') or ()) or NONE}"
    if spec.get("externalName"):
        yield f"External Name:\t{spec['externalName']}"
    for entry in ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
        yield f"LoadBalancer Ingress:\t{entry.get('ip') or entry.get('hostname')}"
    for port in spec.get("ports") or ():
        name = port.get("name") or "<unset>"
        protocol = port.get("protocol") or "TCP"
        yield f"Port:\t{name}\t{port.get('port')}/{protocol}"
        yield f"TargetPort:\t{port.get('targetPort')}/{protocol}"
        if port.get("nodePort"):
            yield f"NodePort:\t{name}\t{port['nodePort']}/{protocol}"
        yield f"Endpoints:\t{endpoints_text(slices, port.get('name') or '')}"
    yield f"Session Affinity:\t{spec.get('sessionAffinity') or 'None'}"
    if spec.get("externalTrafficPolicy"):
        yield f"External Traffic Policy:\t{spec['externalTrafficPolicy']}"
    if spec.get("internalTrafficPolicy"):
        yield f"Internal Traffic Policy:\t{spec['internalTrafficPolicy']}"


def endpoints_text(slices: Sequence[Object], port_name: str) -> str:
    """`10.1.2.3:80,10.1.2.4:80 + 2 more...`: ready addresses of one port."""
    found = [
        f"{address}:{port.get('port')}"
        for each in slices
        for port in each.get("ports") or ()
        if (port.get("name") or "") == port_name
        for endpoint in each.get("endpoints") or ()
        if (endpoint.get("conditions") or {}).get("ready", True)
        for address in endpoint.get("addresses") or ()
    ]
    more = f" + {len(found) - MAX_ENDPOINTS} more..." if len(found) > MAX_ENDPOINTS else ""
    return ",".join(sorted(found)[:MAX_ENDPOINTS]) + more


def _length(value: object) -> int:
    try:
        return len(base64.b64decode(str(value)))
    except (binascii.Error, ValueError):
        return 0
