"""Image references taken apart and put together again. Pure.

[registry/]repository[:tag | @digest]
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from typing_extensions import override

_DOMAIN_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PATH_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_TAG = r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}"
_REFERENCE: Final = re.compile(
    rf"(?P<name>(?:{_DOMAIN}/)?{_PATH_PART}(?:/{_PATH_PART})*)(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?"
)
_TAG_ONLY: Final = re.compile(_TAG)
_DIGEST_ONLY: Final = re.compile(_DIGEST)
LONGEST_NAME: Final = 255


class InvalidImage(Exception):
    """Text that is no image reference."""


@dataclass(frozen=True, slots=True)
class Image:
    """The parts of a reference; absent parts are "". A tag wins over a digest."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> "Image":
        """Raises InvalidImage."""
        found = _REFERENCE.fullmatch(text)
        if found is None or len(found["name"]) > LONGEST_NAME:
            raise InvalidImage(f'failed to parse image "{text}": invalid reference format')
        first, slash, rest = found["name"].partition("/")
        if slash and ("." in first or ":" in first or first == "localhost"):
            registry, repository = first, rest
        else:
            registry, repository = "", found["name"]
        tag = found["tag"] or ""
        return cls(registry, repository, tag, "" if tag else found["digest"] or "")

    @override
    def __str__(self) -> str:
        name = f"{self.registry}/{self.repository}" if self.registry else self.repository
        if self.tag:
            return f"{name}:{self.tag}"
        return f"{name}@{self.digest}" if self.digest else name

    def changed(self, component: str, operator: str, value: str) -> "Image":
        """With one component (Registry, Repository, Tag) added to, replaced or removed."""
        match component:
            case "Registry":
                return replace(self, registry=_changed(self.registry, operator, value))
            case "Repository":
                return replace(self, repository=_changed(self.repository, operator, value))
            case "Tag" if operator == "remove":
                return replace(self, tag="") if self.tag else replace(self, digest="")
            case "Tag":
                return self._with_version(_changed(self.tag or self.digest, operator, value))
            case _:
                raise InvalidImage(f"unsupported image component({component})")

    def _with_version(self, version: str) -> "Image":
        if _TAG_ONLY.fullmatch(version):
            return replace(self, tag=version, digest="")
        if _DIGEST_ONLY.fullmatch(version):
            return replace(self, tag="", digest=version)
        return self  # Karmada ignores what is neither, "@sha256:..." included


def _changed(part: str, operator: str, value: str) -> str:
    match operator:
        case "add":
            return part + value
        case "replace":
            return value
        case "remove":
            return ""
        case _:
            raise InvalidImage(f"unsupported image operator({operator})")
