"""uvicorn's HTTP/1.1 protocol, less what the doors cannot mend after it: serve with `http=bridge.ingress.server.Http1`.

uvicorn appends the trailer fields of a chunked request to the very list that the application sees as its headers.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Http1(HttpToolsProtocol):
    def on_headers_complete(self) -> None:
        """RFC 9112 section 7.1.2: “A recipient MUST NOT merge a received trailer field into the header section unless
        its corresponding header field definition explicitly permits [...]”: what comes later goes into another list.
        """
        super().on_headers_complete()
        self.headers = []
