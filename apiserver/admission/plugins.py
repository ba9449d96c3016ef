"""The admission steps that a server of ours always has, besides the rules of each kind."""

from apiserver.admission.chain import Plugin
from apiserver.admission.karmada.deletion_protection import DeletionProtection


def stock_plugins(*, karmada: bool) -> tuple[Plugin, ...]:
    """In the order they run; registered webhooks come after them."""
    return (DeletionProtection(),) if karmada else ()
