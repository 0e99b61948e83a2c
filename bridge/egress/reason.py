"""Why a connection failed, in a few words for an operator: what the libraries in between wrap is looked for inside."""

import os
import socket
import ssl
from collections.abc import Iterator

import httpcore

MOST = 200
_DEEPEST = 10


def reason_of(error: BaseException) -> str:
    """The innermost thing that says something; "" where nothing does."""
    if isinstance(error, httpcore.LocalProtocolError):
        return ""  # it quotes what cannot be sent, credentials too
    told = [text for text in map(_told, _chain(error)) if text]
    return told[-1][:MOST] if told else ""


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(_DEEPEST):
        if error is None:
            return
        yield error
        # Several addresses were tried: the last one speaks for all.
        group = error.exceptions[-1:] if isinstance(error, BaseExceptionGroup) else ()
        error = group[0] if group else error.__cause__ or error.__context__


def _told(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its TLS certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    if isinstance(error, socket.gaierror):
        return f"the name does not resolve: {error.strerror}"
    if isinstance(error, OSError):
        return os.strerror(error.errno) if error.errno else str(error)
    return "" if isinstance(error, BaseExceptionGroup) else str(error)
