"""The server as a whole: serve(options) is the front door, for the process and for embedding."""

from apiserver.app.options import ServerOptions
from apiserver.app.server import RunningServer, serve

__all__ = ["RunningServer", "ServerOptions", "serve"]
