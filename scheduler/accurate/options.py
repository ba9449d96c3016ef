"""How scheduler and descheduler reach the estimators of members: their flags in common.

In: flags. Out: EstimatorClientOptions. connections.py connects by them.
"""

from dataclasses import dataclass
from pathlib import Path

from karmada.runtime.observe import StartError


@dataclass(frozen=True, slots=True)
class EstimatorClientOptions:
    """How to reach the estimators; the flags of scheduler and descheduler."""

    timeout_seconds: float = 3.0
    """--scheduler-estimator-timeout: how long all estimators together may take to answer."""

    port: int = 10352
    """--scheduler-estimator-port: port of the estimators' Services."""

    service_namespace: str = "karmada-system"
    """--scheduler-estimator-service-namespace: where their Services are."""

    service_prefix: str = "karmada-scheduler-estimator"
    """--scheduler-estimator-service-prefix: name of a Service, before the dash and the cluster's name."""

    cert_file: str = ""
    """--scheduler-estimator-cert-file: client certificate for the estimators."""

    key_file: str = ""
    """--scheduler-estimator-key-file: key of the client certificate."""

    ca_file: str = ""
    """--scheduler-estimator-ca-file: CA that signed their serving certificates; without it plain text."""

    insecure_skip_verify: bool = False
    """--insecure-skip-estimator-verify: TLS, whoever signed the certificate."""

    def check(self) -> None:
        """Raises StartError for what cannot work."""
        if self.timeout_seconds < 0:
            raise StartError("--scheduler-estimator-timeout must not be negative")
        if not 0 <= self.port <= 65535:
            raise StartError(f"--scheduler-estimator-port {self.port}: must be between 0 and 65535")
        for path in (self.cert_file, self.key_file, self.ca_file):
            if path and not Path(path).is_file():
                raise StartError(f"{path}: no such file")
        if self.insecure_skip_verify and not self.ca_file:
            raise StartError(
                "--insecure-skip-estimator-verify needs --scheduler-estimator-ca-file: this client cannot "
                "speak TLS with whom it does not know"
            )

    def service_name(self, cluster: str) -> str:
        return f"{self.service_prefix}-{cluster}"
