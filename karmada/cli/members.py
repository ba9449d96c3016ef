"""The members a command asks: which, whether they answer, and all of them at once.

In: names a user typed, an Access to the control plane. Out: names, and by name what keeps one from answering.
One member that fails never hides the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from karmada.api.errors import ApiError
from karmada.api.groups.cluster import CLUSTERS
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError, through_proxy
from karmada.client.client import Client
from karmada.client.kubeconfig import Access

T = TypeVar("T")
MEMBER_SECONDS = 10.0


def named(text: Sequence[str] | str) -> list[str]:
    """`a,b` and repeated flags as names."""
    texts = [text] if isinstance(text, str) else text
    return [name for each in texts for name in each.split(",") if name]


async def chosen_members(plane: Client, asked: Sequence[str]) -> list[str]:
    """asked, or every registered cluster. Raises CommandError for names that do not exist."""
    known = [cluster.metadata.name for cluster in (await plane.list(CLUSTERS)).items]
    if missing := [name for name in asked if name not in known]:
        raise CommandError(f"clusters don't exist: {','.join(missing)}")
    return list(asked) or known


async def check_members(access: Access, clusters: Sequence[str]) -> dict[str, str]:
    """What keeps members from being asked, by name."""

    async def check(cluster: str) -> str:
        try:
            async with Client(through_proxy(access, cluster), user_agent="karmadactl") as member:
                await member.request("GET", "/api", timeout_seconds=MEMBER_SECONDS)
        except ApiError as error:
            return (
                f"basic connection test to cluster({cluster}) failed, please check authorization or network: "
                f"{error.message}"
            )
        return ""

    troubles = await asyncio.gather(*(check(cluster) for cluster in clusters))
    return {cluster: trouble for cluster, trouble in zip(clusters, troubles, strict=True) if trouble}


async def ask_members(
    access: Access, clusters: Sequence[str], ask: Callable[[str, Client], Awaitable[T]]
) -> tuple[dict[str, T], dict[str, str]]:
    """What ask found at each member, and by name what failed."""

    async def one(cluster: str) -> tuple[T | None, str]:
        try:
            async with Client(through_proxy(access, cluster), user_agent="karmadactl") as member:
                return await ask(cluster, member), ""
        except ApiError as error:
            return None, error.message

    results = await asyncio.gather(*(one(cluster) for cluster in clusters))
    found = {name: value for name, (value, text) in zip(clusters, results, strict=True) if value is not None}
    return found, {name: text for name, (_, text) in zip(clusters, results, strict=True) if text}


def tell_failed(failed: Mapping[str, str], console: Console) -> None:
    for cluster, text in failed.items():
        console.error(f"error: {text if text.startswith('basic') else f'cluster({cluster}): {text}'}")
