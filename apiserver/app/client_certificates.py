"""Client certificates of anybody are let through the handshake, so that a foreign one gets an answer.

In: the listener's TLS context. Out: the same context, which asks for a client certificate and takes any whose
owner holds its key. Whose certificate it is is decided per request, by filters/authentication: what nobody
vouches for is 401 Unauthorized. Python's ssl can only demand or break off, so OpenSSL is told directly,
through the library that ssl itself uses.
"""

import _ssl
import ctypes
import logging
import ssl
import sys
from typing import Any, Final

log = logging.getLogger(__name__)

_CALLBACK: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


def _take_any(store: int | None, argument: int | None) -> int:
    return 1


_TAKE_ANY: Final = _CALLBACK(_take_any)
"""OpenSSL keeps its address: it must live as long as the process."""


def take_any_client_certificate(context: ssl.SSLContext) -> bool:
    """False where OpenSSL cannot be reached: then a foreign certificate ends the connection, as ssl does."""
    setter = _setter()
    if setter is None:
        log.info("foreign client certificates end the connection", extra={"python": sys.version})
        return False
    setter(_address(context), _TAKE_ANY, None)
    context.verify_mode = ssl.CERT_OPTIONAL
    return True


def _setter() -> Any:
    """OpenSSL's function that replaces the verification of the peer's chain; None where it is out of reach.

    The address of a context is known for CPython alone.
    """
    library = getattr(_ssl, "__file__", None)
    if sys.implementation.name != "cpython" or library is None:
        return None
    try:
        opened = ctypes.CDLL(library)
        setter = opened.SSL_CTX_set_cert_verify_callback
        opened.SSL_CTX_get_verify_mode.argtypes = [ctypes.c_void_p]
        if not _is_understood(opened.SSL_CTX_get_verify_mode):
            return None
    except (OSError, AttributeError):
        return None
    setter.argtypes = [ctypes.c_void_p, _CALLBACK, ctypes.c_void_p]
    setter.restype = None
    return setter


def _is_understood(get_verify_mode: Any) -> bool:
    """Whether OpenSSL sees in our addresses what Python wrote there."""
    probe = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    seen = []
    for mode in (ssl.CERT_NONE, ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED):
        probe.verify_mode = mode
        seen.append(get_verify_mode(_address(probe)))
    return seen == [0, 1, 3]


def _address(context: ssl.SSLContext) -> int:
    """Of the SSL_CTX: the first thing in the object, behind what every Python object has."""
    return int(ctypes.c_void_p.from_address(id(context) + object.__basicsize__).value or 0)
