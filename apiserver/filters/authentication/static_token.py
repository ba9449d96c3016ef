"""Static tokens: a CSV file of token,user,uid,"group1,group2", read once at start.

In: a bearer token. Out: the user, or None for a token that is not in the file (another proof may know it).
"""

import csv
import hashlib
from collections.abc import Iterable, Sequence

from typing_extensions import override

from apiserver.filters.authentication import TokenIdentity, TokenSource, authenticated, common_audiences
from apiserver.request_info import UserInfo


class StaticTokens(TokenSource):
    """Tokens are kept as digests, so that looking one up does not tell how much of it was right."""

    def __init__(self, users: dict[str, UserInfo], *, audiences: Sequence[str]) -> None:
        self._users = {_digest(token): authenticated(user) for token, user in users.items()}
        self.audiences = audiences

    @override
    async def authenticate_token(self, token: str, audiences: Sequence[str]) -> TokenIdentity | None:
        user = self._users.get(_digest(token))
        return TokenIdentity(user, common_audiences(self.audiences, audiences)) if user else None


def parse_token_file(lines: Iterable[str]) -> dict[str, UserInfo]:
    """Users by token. Raises ValueError that names the line that is short of columns."""
    users: dict[str, UserInfo] = {}
    for number, row in enumerate(csv.reader(lines, skipinitialspace=True), start=1):
        if not row or row[0].startswith("#"):
            continue
        if len(row) < 3 or not row[0] or not row[1]:
            raise ValueError(f"token file line {number} must have at least token, user name and user id")
        groups = tuple(group.strip() for group in row[3].split(",") if group.strip()) if len(row) > 3 else ()
        users[row[0]] = UserInfo(row[1], groups, uid=row[2])
    return users


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
