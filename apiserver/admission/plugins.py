"""The admission steps that a server of ours always has, besides the rules of each kind."""

from apiserver.admission.chain import Plugin
from apiserver.admission.karmada.deletion_protection import DeletionProtection
from apiserver.admission.kubernetes.service_account_tokens import ServiceAccountTokenSecrets, Signer


def stock_plugins(*, karmada: bool, signer: Signer, ca: bytes) -> tuple[Plugin, ...]:
    """In the order they run; registered webhooks come after them."""
    plugins: list[Plugin] = [ServiceAccountTokenSecrets(signer, ca=ca)]
    if karmada:
        plugins.append(DeletionProtection())
    return tuple(plugins)
