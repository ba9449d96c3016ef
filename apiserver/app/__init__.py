"""The server as a whole: serve(options) is the front door, for the process and for embedding.

Who embeds a server that runs pods gives serve() a ContainerRuntime.
"""

from apiserver.app.options import ServerOptions
from apiserver.app.server import RunningServer, serve
from apiserver.handlers.streams.runtime import ContainerIO, ContainerRuntime, LogWish

__all__ = ["ContainerIO", "ContainerRuntime", "LogWish", "RunningServer", "ServerOptions", "serve"]
