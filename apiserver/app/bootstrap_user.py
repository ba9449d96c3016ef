"""Who the server itself is when it writes."""

from typing import Final

from apiserver.request_info import UserInfo

USER: Final = UserInfo("system:apiserver", ("system:masters",))
