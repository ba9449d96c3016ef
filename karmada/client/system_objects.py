"""Objects that Karmada makes for itself: marked as such, made once.

In: what an object is to hold. Out: the object with the label karmada.io/system; whether it had to be made.
Registration, the agent's rights and its deployment are made of them.
"""

from typing import Any, Final

from karmada.api.errors import AlreadyExists, Forbidden, NotFound
from karmada.api.gvk import Resource
from karmada.api.objects import Object
from karmada.api.wellknown import KARMADA_SYSTEM_LABEL, KARMADA_SYSTEM_VALUE
from karmada.client.client import Client

RBAC_GROUP: Final = "rbac.authorization.k8s.io"


def system_object(resource: Resource[Object], *, name: str, namespace: str = "", **content: Any) -> Object:
    metadata: Object = {"name": name, "labels": {KARMADA_SYSTEM_LABEL: KARMADA_SYSTEM_VALUE}}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **content}


def role_ref(kind: str, name: str) -> Object:
    return {"apiGroup": RBAC_GROUP, "kind": kind, "name": name}


async def ensure(client: Client, resource: Resource[Object], obj: Object) -> bool:
    """Create it unless it is there; whether it was created. Who may not create it needs not to, if it is
    there.
    """
    try:
        await client.create(resource, obj)
    except AlreadyExists:
        return False
    except Forbidden as forbidden:
        try:
            await client.get(resource, resource.key_of(obj))
        except NotFound:
            raise forbidden from None
        return False
    return True
