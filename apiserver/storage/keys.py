"""Object to key and back: `/registry/<resource>/...` for the core group, `/registry/<group>/<resource>/...`
else.

Used by store.py and watch_cache.py. After the collection's prefix comes `<namespace>/<name>`, or `<name>` for
cluster-scoped kinds: the path. A path's order is the order lists are in.
"""

from typing import Final, NamedTuple

ROOT: Final = b"/registry/"
_GROUPS_WITHOUT_DOT: Final = frozenset({"apps", "autoscaling", "batch", "policy"})


class Collection(NamedTuple):
    """What is stored together: one resource of one group, in whatever versions it is served."""

    group: str
    resource: str

    @property
    def prefix(self) -> str:
        return f"/registry/{self.group}/{self.resource}/" if self.group else f"/registry/{self.resource}/"

    @property
    def group_resource(self) -> str:
        """As messages write it: `deployments.apps`, `pods`."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    def key(self, path: str) -> bytes:
        return (self.prefix + path).encode()


def path_of(namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name


def split_path(path: str) -> tuple[str, str]:
    """(namespace, name); namespace is "" for cluster-scoped objects."""
    namespace, slash, name = path.rpartition("/")
    return (namespace, name) if slash else ("", path)


def split_key(key: bytes) -> tuple[Collection, str] | None:
    """The collection and path of a key under ROOT; None for a key that is no object's.

    No core resource is called like a group, and a group without a dot is one of Kubernetes' own few.
    """
    segments = key.decode(errors="replace").split("/", 4)
    if len(segments) < 4 or segments[1] != "registry":
        return None
    if "." in segments[2] or segments[2] in _GROUPS_WITHOUT_DOT:
        if len(segments) < 5 or not segments[4]:
            return None
        return Collection(segments[2], segments[3]), segments[4]
    return Collection("", segments[2]), "/".join(segments[3:])
