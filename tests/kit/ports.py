"""Loopback ports."""

import socket


def free_port() -> int:
    """One that nobody listens on, for a process that has to be told its port before it starts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
