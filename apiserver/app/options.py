"""ServerOptions: everything that can be set about an API server, as flags and for embedding."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from apiserver.app.auditing import AuditOptions
from apiserver.app.outside_trust import OutsideOptions
from apiserver.filters.limits import LimitOptions
from karmada.runtime.gates import default_gates


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """One API server."""

    storage: str = "memory://"
    """--storage: where objects are kept: memory://, sqlite:///path/to/file, or
    etcd://host:2379,host2:2379."""
    etcd_cafile: str = ""
    """--etcd-cafile: CA that signed etcd's serving certificate."""
    etcd_certfile: str = ""
    """--etcd-certfile: client certificate for etcd."""
    etcd_keyfile: str = ""
    """--etcd-keyfile: key of the client certificate for etcd."""
    host: str = "127.0.0.1"
    """--bind-address: address to listen on."""
    port: int = 0
    """--secure-port: port to listen on with TLS; 0 takes a free one."""
    certificate_directory: str = ""
    """--cert-dir: folder of the CA, serving and client certificates; made when missing. Empty: a temporary
    one."""
    advertise_hosts: tuple[str, ...] = ()
    """--advertise-hosts: further names and addresses clients reach this server by; they go into its
    certificate."""
    tls_cert_file: str = ""
    """--tls-cert-file: serving certificate to use instead of the one in the certificate directory."""
    tls_private_key_file: str = ""
    """--tls-private-key-file: key of the serving certificate."""
    client_ca_file: str = ""
    """--client-ca-file: CA whose client certificates are believed, besides the one in the certificate
    directory."""
    token_auth_file: str = ""
    """--token-auth-file: CSV of static tokens: token,user,uid,"group1,group2"."""
    requestheader_client_ca_file: str = ""
    """--requestheader-client-ca-file: CA of a front proxy that says in headers who the user is."""
    requestheader_allowed_names: tuple[str, ...] = ()
    """--requestheader-allowed-names: common names the front proxy may have; none means any."""
    proxy_client_cert_file: str = ""
    """--proxy-client-cert-file: client certificate shown to servers behind APIServices, instead of the one in
    the certificate directory."""
    proxy_client_key_file: str = ""
    """--proxy-client-key-file: key of that certificate."""
    service_account_issuer: str = "https://kubernetes.default.svc.cluster.local"
    """--service-account-issuer: issuer of service account tokens."""
    api_audiences: tuple[str, ...] = ()
    """--api-audiences: what tokens must be meant for; the issuer when none is given."""
    anonymous: bool = False
    """--anonymous-auth: let requests without credentials in as system:anonymous. Health and version are
    always open."""
    authorization: tuple[str, ...] = ("RBAC",)
    """--authorization-mode: who is asked what a user may do, in this order, until one allows or denies: RBAC,
    Webhook, AlwaysAllow, AlwaysDeny; Node is accepted and asks nobody."""
    outside: OutsideOptions = field(default_factory=OutsideOptions)
    karmada: bool = True
    """--karmada: serve Karmada's kinds; false makes a plain cluster, as members are."""
    search: bool = False
    """--enable-search: serve search.karmada.io, which Karmada has where its search component is installed."""
    allow_no_execute_taint_policy: bool = False
    """--allow-no-execute-taint-policy: let ClusterTaintPolicies add taints that evict what runs."""
    feature_gates: Mapping[str, bool] = field(default_factory=default_gates)
    """--feature-gates: features to turn on or off, as name=true,name=false."""
    admission_control_config_file: str = ""
    """--admission-control-config-file: AdmissionConfiguration; its kubeconfigs say who the server is to
    admission webhooks."""
    limits: LimitOptions = field(default_factory=LimitOptions)
    compaction_seconds: float = 300.0
    """--etcd-compaction-interval: how long history is kept for paged lists and watches; 0 leaves it to the
    store."""
    audit: AuditOptions = field(default_factory=AuditOptions)
    shutdown_seconds: float = 10.0
    """--shutdown-timeout: how long requests may take to finish when the server stops."""

    @property
    def public_host(self) -> str:
        """A name or address clients reach this server by; "" when that is not known."""
        if self.advertise_hosts:
            return self.advertise_hosts[0]
        return "" if self.host in ("", "0.0.0.0", "::") else self.host
