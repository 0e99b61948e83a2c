"""Why there is nothing to serve."""


class StartFailed(Exception):
    """The gateway cannot start; the message says why and what would help."""
