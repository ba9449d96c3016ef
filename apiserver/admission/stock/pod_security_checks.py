"""The Pod Security Standards: what pods must not do at the levels baseline and restricted. Pure.

In: a pod's metadata and spec, a level, a version of the standards. Out: reasons in Kubernetes' words, in the
order Kubernetes names them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from karmada.api.objects import Object

LATEST: Final = 1_000_000
"""The minor version that `latest` stands for."""
_CAPABILITIES: Final = frozenset(
    {
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
        "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    }
)  # fmt: skip
_SYSCTLS: Final = {
    "kernel.shm_rmid_forced": 0,
    "net.ipv4.ip_local_port_range": 0,
    "net.ipv4.ip_unprivileged_port_start": 0,
    "net.ipv4.tcp_syncookies": 0,
    "net.ipv4.ping_group_range": 0,
    "net.ipv4.ip_local_reserved_ports": 27,
    "net.ipv4.tcp_keepalive_time": 29,
    "net.ipv4.tcp_fin_timeout": 29,
    "net.ipv4.tcp_keepalive_intvl": 29,
    "net.ipv4.tcp_keepalive_probes": 29,
    "net.ipv4.tcp_rmem": 32,
    "net.ipv4.tcp_wmem": 32,
}
"""Harmless sysctls, and the minor version since when they are."""
_SELINUX_TYPES: Final = {"": 0, "container_t": 0, "container_init_t": 0, "container_kvm_t": 0}
_SELINUX_TYPES_LATER: Final = {"container_engine_t": 31}
_VOLUMES: Final = frozenset(
    {
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim",
        "projected", "secret",
    }
)  # fmt: skip
_SECCOMP: Final = ("Localhost", "RuntimeDefault")
_APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_PARTS: Final = ("initContainers", "containers", "ephemeralContainers")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")


class Subject(NamedTuple):
    """A pod as the checks see it."""

    metadata: Object
    spec: Object
    minor: int

    @property
    def containers(self) -> Iterator[Object]:
        for part in _PARTS:
            yield from self.spec.get(part) or ()

    @property
    def security(self) -> Object:
        return self.spec.get("securityContext") or {}

    @property
    def is_windows(self) -> bool:
        """From 1.25 on, what only Linux knows is not asked of Windows pods."""
        return self.minor >= 25 and (self.spec.get("os") or {}).get("name") == "windows"


Check = Callable[[Subject], str]
"""The reason why not; "" when there is none."""


def violations(level: str, minor: int, metadata: Object, spec: Object) -> list[str]:
    """Every reason against a pod at a level."""
    subject = Subject(metadata, spec, minor)
    if level == "privileged":
        return []
    checks: Iterable[Check] = BASELINE
    if level == "restricted":
        checks = [*(check for check in BASELINE if check not in OVERRIDDEN), *RESTRICTED]
    return [reason for check in checks if (reason := check(subject))]


# -- words --------------------------------------------------------------------------------------------------


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _several(word: str, names: Sequence[str]) -> str:
    return word if len(names) == 1 else f"{word}s"


def _listed(word: str, names: Sequence[str]) -> str:
    return f"{_several(word, names)} {_quoted(names)}"


def _setters(pod: bool, containers: Sequence[str]) -> str:  # noqa: FBT001 - read as "the pod, the containers"
    parts = ["pod"] if pod else []
    if containers:
        parts.append(_listed("container", containers))
    return " and ".join(parts)


def _security(container: Object) -> Object:
    return container.get("securityContext") or {}


def _named(subject: Subject, is_bad: Callable[[Object], Any]) -> list[str]:
    return [container.get("name") or "" for container in subject.containers if is_bad(container)]


# -- baseline -----------------------------------------------------------------------------------------------


def _app_armor(subject: Subject) -> str:
    found: list[str] = []
    unconfined = (subject.security.get("appArmorProfile") or {}).get("type") == "Unconfined"
    bad = _named(
        subject, lambda each: (_security(each).get("appArmorProfile") or {}).get("type") == "Unconfined"
    )
    if setters := _setters(unconfined, bad):
        found.append(f'{setters} must not set AppArmor profile type to "Unconfined"')
    annotations = subject.metadata.get("annotations") or {}
    found += sorted(
        f'{key}="{value}"'
        for key, value in annotations.items()
        if key.startswith(_APPARMOR) and value not in ("", "runtime/default") and value[:10] != "localhost/"
    )
    return f"{_several('forbidden AppArmor profile', found)} ({', '.join(found)})" if found else ""


def _capabilities(subject: Subject) -> str:
    added: set[str] = set()

    def is_bad(container: Object) -> bool:
        given = set((_security(container).get("capabilities") or {}).get("add") or ()) - _CAPABILITIES
        added.update(given)
        return bool(given)

    if not (bad := _named(subject, is_bad)):
        return ""
    what = f"must not include {_quoted(sorted(added))} in securityContext.capabilities.add"
    return f"non-default capabilities ({_listed('container', bad)} {what})"


def _host_namespaces(subject: Subject) -> str:
    found = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if subject.spec.get(name)]
    return f"host namespaces ({', '.join(found)})" if found else ""


def _host_path(subject: Subject) -> str:
    volumes = subject.spec.get("volumes") or ()
    found = [each.get("name") or "" for each in volumes if each.get("hostPath") is not None]
    return f"hostPath volumes ({_listed('volume', found)})" if found else ""


def _host_ports(subject: Subject) -> str:
    ports: set[str] = set()

    def is_bad(container: Object) -> bool:
        given = {str(port["hostPort"]) for port in container.get("ports") or () if port.get("hostPort")}
        ports.update(given)
        return bool(given)

    if not (bad := _named(subject, is_bad)):
        return ""
    verb = "uses" if len(bad) == 1 else "use"
    shown = f"{_several('hostPort', list(ports))} {', '.join(sorted(ports))}"
    return f"hostPort ({_listed('container', bad)} {verb} {shown})"


def _probe_hosts(subject: Subject) -> str:
    if subject.minor < 34:
        return ""
    hosts: set[str] = set()

    def is_bad(container: Object) -> bool:
        lifecycle = container.get("lifecycle") or {}
        handlers = [container.get(name) for name in _PROBES]
        handlers += [lifecycle.get("postStart"), lifecycle.get("preStop")]
        given = {
            ((handler or {}).get(way) or {}).get("host") or ""
            for handler in handlers
            for way in ("httpGet", "tcpSocket")
        } - {""}
        hosts.update(given)
        return bool(given)

    if not (bad := sorted(set(_named(subject, is_bad)))):
        return ""
    word = "probe or lifecycle host"
    verb = "uses" if len(bad) == 1 else "use"
    return f"{word} ({_listed('container', bad)} {verb} {_listed(word, sorted(hosts))})"


def _privileged(subject: Subject) -> str:
    bad = _named(subject, lambda each: _security(each).get("privileged"))
    what = "must not set securityContext.privileged=true"
    return f"privileged ({_listed('container', bad)} {what})" if bad else ""


def _proc_mount(subject: Subject) -> str:
    bad = _named(subject, lambda each: _security(each).get("procMount") not in (None, "Default"))
    if not bad:
        return ""
    values = {str(_security(each).get("procMount") or "Default") for each in subject.containers} - {"Default"}
    what = f"must not set securityContext.procMount to {_quoted(sorted(values))}"
    return f"procMount ({_listed('container', bad)} {what})"


def _se_linux(subject: Subject) -> str:
    known = _SELINUX_TYPES | {n: since for n, since in _SELINUX_TYPES_LATER.items() if subject.minor >= since}
    types: set[str] = set()
    said: set[str] = set()

    def is_bad(holder: Object) -> bool:
        options = holder.get("seLinuxOptions") or {}
        type_ = options.get("type") or ""
        if type_ not in known:
            types.add(type_)
        said.update(name for name in ("user", "role") if options.get(name))
        return type_ not in known or bool(options.get("user") or options.get("role"))

    pod = is_bad(subject.security)
    bad = _named(subject, lambda each: is_bad(_security(each)))
    if not pod and not bad:
        return ""
    what = [_listed("type", sorted(types))] if types else []
    what += [f"{name} may not be set" for name in ("user", "role") if name in said]
    setters = _setters(pod, bad)
    return f"seLinuxOptions ({setters} set forbidden securityContext.seLinuxOptions: {'; '.join(what)})"


def _seccomp(subject: Subject) -> str:
    if subject.minor < 19:
        return ""
    values: set[str] = set()

    def is_bad(holder: Object) -> bool:
        profile = holder.get("seccompProfile")
        if profile is None or profile.get("type") in _SECCOMP:
            return False
        values.add(profile.get("type") or "")
        return True

    setters = _setters(is_bad(subject.security), _named(subject, lambda each: is_bad(_security(each))))
    if not setters:
        return ""
    what = f"must not set securityContext.seccompProfile.type to {_quoted(sorted(values))}"
    return f"seccompProfile ({setters} {what})"


def _sysctls(subject: Subject) -> str:
    names = [each.get("name") or "" for each in subject.security.get("sysctls") or ()]
    found = [name for name in names if _SYSCTLS.get(name, LATEST + 1) > subject.minor]
    return f"forbidden sysctls ({', '.join(found)})" if found else ""


def _host_process(subject: Subject) -> str:
    def is_bad(holder: Object) -> bool:
        return bool((holder.get("windowsOptions") or {}).get("hostProcess"))

    setters = _setters(is_bad(subject.security), _named(subject, lambda each: is_bad(_security(each))))
    what = "must not set securityContext.windowsOptions.hostProcess=true"
    return f"hostProcess ({setters} {what})" if setters else ""


# -- restricted ---------------------------------------------------------------------------------------------


def _escalation(subject: Subject) -> str:
    if subject.minor < 8 or subject.is_windows:
        return ""
    bad = _named(subject, lambda each: _security(each).get("allowPrivilegeEscalation") is not False)
    what = "must set securityContext.allowPrivilegeEscalation=false"
    return f"allowPrivilegeEscalation != false ({_listed('container', bad)} {what})" if bad else ""


def _capabilities_restricted(subject: Subject) -> str:
    if subject.minor < 22 or subject.is_windows:
        return ""
    added: set[str] = set()

    def adds(container: Object) -> bool:
        capabilities = _security(container).get("capabilities") or {}
        given = set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}
        added.update(given)
        return bool(given)

    def keeps(container: Object) -> bool:
        return "ALL" not in ((_security(container).get("capabilities") or {}).get("drop") or ())

    found = []
    if bad := _named(subject, keeps):
        found.append(f'{_listed("container", bad)} must set securityContext.capabilities.drop=["ALL"]')
    if bad := _named(subject, adds):
        what = f"must not include {_quoted(sorted(added))} in securityContext.capabilities.add"
        found.append(f"{_listed('container', bad)} {what}")
    return f"unrestricted capabilities ({'; '.join(found)})" if found else ""


def _restricted_volumes(subject: Subject) -> str:
    bad: list[str] = []
    types: set[str] = set()
    for volume in subject.spec.get("volumes") or ():
        sources = {name for name, value in volume.items() if name != "name" and value is not None}
        if sources and not sources & _VOLUMES:
            bad.append(volume.get("name") or "")
            types |= sources
    if not bad:
        return ""
    verb = "uses" if len(bad) == 1 else "use"
    shown = _listed("restricted volume type", sorted(types))
    return f"restricted volume types ({_listed('volume', bad)} {verb} {shown})"


def _run_as_non_root(subject: Subject) -> str:
    whole = subject.security.get("runAsNonRoot")
    explicit = _named(subject, lambda each: _security(each).get("runAsNonRoot") is False)
    if setters := _setters(whole is False, explicit):
        return f"runAsNonRoot != true ({setters} must not set securityContext.runAsNonRoot=false)"
    silent = _named(subject, lambda each: _security(each).get("runAsNonRoot") is None)
    if whole is True or not silent:
        return ""
    what = "must set securityContext.runAsNonRoot=true"
    return f"runAsNonRoot != true (pod or {_listed('container', silent)} {what})"


def _run_as_user(subject: Subject) -> str:
    if subject.minor < 23:
        return ""
    bad = _named(subject, lambda each: _security(each).get("runAsUser") == 0)
    setters = _setters(subject.security.get("runAsUser") == 0, bad)
    return f"runAsUser=0 ({setters} must not set runAsUser=0)" if setters else ""


def _seccomp_restricted(subject: Subject) -> str:
    if subject.minor < 19 or subject.is_windows:
        return ""
    if reason := _seccomp(subject):
        return reason
    silent = _named(subject, lambda each: _security(each).get("seccompProfile") is None)
    if subject.security.get("seccompProfile") is not None or not silent:
        return ""
    what = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return f"seccompProfile (pod or {_listed('container', silent)} {what})"


BASELINE: Final[tuple[Check, ...]] = (
    _app_armor,
    _capabilities,
    _host_namespaces,
    _host_path,
    _host_ports,
    _probe_hosts,
    _privileged,
    _proc_mount,
    _se_linux,
    _seccomp,
    _sysctls,
    _host_process,
)
OVERRIDDEN: Final[frozenset[Check]] = frozenset({_capabilities, _host_path, _seccomp})
"""Checks of baseline that a stricter one of restricted stands in for."""
RESTRICTED: Final[tuple[Check, ...]] = (
    _escalation,
    _capabilities_restricted,
    _restricted_volumes,
    _run_as_non_root,
    _run_as_user,
    _seccomp_restricted,
)
