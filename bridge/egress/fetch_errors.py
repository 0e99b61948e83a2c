"""What can go wrong with a fetch, each named by what happened, each with a message that its reader can act on.

A message shows URLs without passwords and queries, and never the value of a header.
"""

from http import HTTPStatus

from bridge.model.urls import shown

REDIRECTS = frozenset({301, 302, 303, 307, 308})


class FetchError(Exception):
    """Nothing was fetched. `url` is the hop that failed, `first` the URL asked for if a redirect led away from it."""

    def __init__(self, url: str, message: str) -> None:
        super().__init__(url, message)
        self.url = url
        self.message = message
        self.first: str | None = None

    def __str__(self) -> str:
        origin = f" (redirected from {shown(self.first)})" if self.first else ""
        return f"{shown(self.url)}: {self.message}{origin}"


class UrlRefused(FetchError):
    """Not a URL that can be fetched, or one with a user name or password in it."""


class SchemeRefused(FetchError): ...


class HeaderRefused(FetchError): ...


class AddressRefused(FetchError): ...


class Unreachable(FetchError): ...


class FetchTimeout(FetchError): ...


class TooManyRedirects(FetchError): ...


class TooLarge(FetchError): ...


class BadAnswer(FetchError):
    """What came back is not HTTP, or not in the encoding it claims."""


class BadStatus(FetchError):
    def __init__(self, url: str, status: int) -> None:
        super().__init__(url, f"the server answered {_phrase(status)}{_ADVICE.get(status, '')}")
        self.status = status


_ADVICE = {
    **dict.fromkeys(REDIRECTS, " without saying where to"),
    304: " although nothing was known of the document yet",
    401: "; send the credential that it asks for",
    403: "; the credential, or the lack of one, does not open it",
    404: "; check the path",
    410: "; the document was removed for good",
    429: "; wait before trying again",
}


def _phrase(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}" if status in HTTPStatus._value2member_map_ else str(status)
