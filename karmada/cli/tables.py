"""Ask a server for its own Table form of a list or an object."""

from urllib.parse import urlencode

from karmada.api.codec import loads_json
from karmada.api.objects import Object
from karmada.client.client import Client

ACCEPT_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


async def fetch_table(client: Client, path: str, *, query: dict[str, str] | None = None) -> Object:
    """The Table of a path; an answer that is no Table (a server that has none) is raised as ValueError."""
    suffix = "?" + urlencode(query) if query else ""
    answer = await client.request("GET", path + suffix, headers={"Accept": ACCEPT_TABLE})
    table = loads_json(answer.body)
    if table.get("kind") != "Table":
        raise ValueError(f"{path} has no table form")
    return table
