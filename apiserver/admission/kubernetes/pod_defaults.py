"""Defaults of pod specs, in pods and in the templates of workloads.

In: a spec in its type's shape. Out: the same dict, completed in place. The hot path of every workload write:
nothing is built that is not stored.
"""

from typing import Any, Final

from karmada.api.objects import Object

DEFAULT_MODE: Final = 420
TOKEN_SECONDS: Final = 3600
_SCALARS: Final = (
    ("restartPolicy", "Always"),
    ("terminationGracePeriodSeconds", 30),
    ("dnsPolicy", "ClusterFirst"),
    ("schedulerName", "default-scheduler"),
)
_CONTAINER_LISTS: Final = ("containers", "initContainers", "ephemeralContainers")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS: Final = ("postStart", "preStop")


def default_template(template: Object) -> None:
    """A pod template: what pods made from it will have, except what only pods get."""
    spec = template.get("spec")
    if spec:
        default_pod_spec(spec)


def default_pod_spec(spec: Object) -> None:
    for name, value in _SCALARS:
        if name not in spec:
            spec[name] = value
    if "securityContext" not in spec:
        spec["securityContext"] = {}
    if spec["terminationGracePeriodSeconds"] < 0:
        spec["terminationGracePeriodSeconds"] = 1
    if account := spec.get("serviceAccountName") or spec.get("serviceAccount"):
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    _default_parts(spec)


def _default_parts(spec: Object) -> None:
    for name in _CONTAINER_LISTS:
        if name in spec:
            for container in spec[name] or ():
                _default_container(container)
    if "volumes" in spec:
        for volume in spec["volumes"] or ():
            _default_volume(volume)


def _default_container(container: Object) -> None:
    if "terminationMessagePath" not in container:
        container["terminationMessagePath"] = "/dev/termination-log"
    if "terminationMessagePolicy" not in container:
        container["terminationMessagePolicy"] = "File"
    if "imagePullPolicy" not in container:
        container["imagePullPolicy"] = pull_policy(container.get("image") or "")
    for name in _PROBES:
        if (probe := container.get(name)) is not None:
            _default_probe(probe)
    if lifecycle := container.get("lifecycle"):
        for name in _HOOKS:
            if request := (lifecycle.get(name) or {}).get("httpGet"):
                _default_http_get(request)
    for variable in container.get("env") or ():
        _default_field_reference((variable.get("valueFrom") or {}).get("fieldRef"))


def pull_policy(image: str) -> str:
    """Always for the moving tag `latest`, said or not."""
    if "@" in image:
        return "IfNotPresent"
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return "Always" if not colon or tag in ("", "latest") else "IfNotPresent"


def _default_probe(probe: Object) -> None:
    if not probe.get("timeoutSeconds"):
        probe["timeoutSeconds"] = 1
    if not probe.get("periodSeconds"):
        probe["periodSeconds"] = 10
    if not probe.get("successThreshold"):
        probe["successThreshold"] = 1
    if not probe.get("failureThreshold"):
        probe["failureThreshold"] = 3
    if (request := probe.get("httpGet")) is not None:
        _default_http_get(request)
    if (call := probe.get("grpc")) is not None:
        call.setdefault("service", "")


def _default_http_get(request: Object) -> None:
    if not request.get("path"):
        request["path"] = "/"
    if not request.get("scheme"):
        request["scheme"] = "HTTP"


def _default_field_reference(reference: Object | None) -> None:
    if reference is not None and not reference.get("apiVersion"):
        reference["apiVersion"] = "v1"


# -- volumes ------------------------------------------------------------------------------------------------


def _default_volume(volume: Object) -> None:
    if len(volume) == 1:
        volume["emptyDir"] = {}
        return
    for name, rule in _VOLUMES.items():
        if (source := volume.get(name)) is not None:
            rule(source)
            return


def _default_file_mode(source: Object) -> None:
    source.setdefault("defaultMode", DEFAULT_MODE)


def _default_downward(source: Object) -> None:
    _default_file_mode(source)
    for item in source.get("items") or ():
        _default_field_reference(item.get("fieldRef"))


def _default_projected(source: Object) -> None:
    _default_file_mode(source)
    for part in source.get("sources") or ():
        if (token := part.get("serviceAccountToken")) is not None:
            token.setdefault("expirationSeconds", TOKEN_SECONDS)
        for item in (part.get("downwardAPI") or {}).get("items") or ():
            _default_field_reference(item.get("fieldRef"))


def default_host_path(source: Object) -> None:
    source.setdefault("type", "")


def _default_ephemeral(source: Object) -> None:
    if claim := (source.get("volumeClaimTemplate") or {}).get("spec"):
        claim.setdefault("volumeMode", "Filesystem")


def _default_azure_disk(source: Object) -> None:
    source.setdefault("readOnly", False)


_VOLUMES: Final[dict[str, Any]] = {
    "configMap": _default_file_mode,
    "secret": _default_file_mode,
    "downwardAPI": _default_downward,
    "projected": _default_projected,
    "hostPath": default_host_path,
    "ephemeral": _default_ephemeral,
    "azureDisk": _default_azure_disk,
}
"""Other sources get what their schema says."""


# -- pods only ----------------------------------------------------------------------------------------------


def default_pod_only(spec: Object) -> None:
    """What pods get and templates do not: requests from limits, ports of the host, service variables."""
    if "enableServiceLinks" not in spec:
        spec["enableServiceLinks"] = True
    host_network = spec.get("hostNetwork")
    for name in ("containers", "initContainers"):
        for container in spec.get(name) or ():
            resources = container.get("resources")
            if resources and (limits := resources.get("limits")):
                resources["requests"] = {**limits, **(resources.get("requests") or {})}
            if host_network:
                for port in container.get("ports") or ():
                    if not port.get("hostPort"):
                        port["hostPort"] = port.get("containerPort") or 0
