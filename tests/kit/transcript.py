"""What a client and a server said to each other, so that each answer is held against what it was an answer to."""

import json
from contextlib import suppress
from dataclasses import dataclass, field

import orjson

from bridge.model import Json
from tests.kit.mcp_schema import MODERN, check

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"


@dataclass(slots=True)
class Transcript:
    """Both directions of one client's conversation, which says what each answer is an answer to.

    `methods` are those of the requests by the JSON text of their ids, of which a bad client uses one twice. Written by
    the client that keeps it, alone.
    """

    revision: str
    methods: dict[str, list[str]] = field(default_factory=dict)

    def sent(self, body: bytes) -> None:
        """What the client sends, which may be anything."""
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError:
            return
        # What has batches is one revision, whatever their messages say.
        self.revision = spoken(value, self.revision)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict) and isinstance(one.get("method"), str) and "id" in one:
                self.methods.setdefault(_key(one["id"]), []).append(one["method"])

    def heard(self, message: Json) -> None:
        """What the server says: a message, or a batch of answers. Raises AssertionError."""
        if isinstance(message, list):
            assert self.revision == "2025-03-26", f"{self.revision} has no batches"
            assert message, "a batch holds a message at least"
            for one in message:
                self.heard(one)
            return
        assert isinstance(message, dict), f"no JSON-RPC message: {message!r}"
        if "result" in message:
            self._result(message, self.methods.get(_key(message.get("id")), []))
        else:
            check(message, self.revision)

    def _result(self, message: Json, methods: list[str]) -> None:
        assert methods, f"a result that nobody asked for: {message}"
        if methods == ["initialize"]:
            self.revision = str(message["result"]["protocolVersion"])
        for method in methods[:-1]:
            with suppress(AssertionError):
                return check(message, self.revision, method)
        return check(message, self.revision, methods[-1])

    def answered(self, media_type: str, body: bytes) -> None:
        """What an HTTP answer holds, whatever its status. Raises AssertionError."""
        if media_type.startswith("text/event-stream"):
            for data in frames(body.decode()):
                self.heard(orjson.loads(data))
        elif body:
            assert media_type == "application/json", f"an answer of the type {media_type!r}"
            self.heard(orjson.loads(body))


def spoken(value: Json, otherwise: str) -> str:
    """The revision that a request itself names, if it does."""
    params = value.get("params") if isinstance(value, dict) else None
    meta = params.get("_meta") if isinstance(params, dict) else None
    return MODERN if isinstance(meta, dict) and VERSION_KEY in meta else otherwise


def _key(identity: Json) -> str:
    return json.dumps(identity)


def frames(text: str) -> list[str]:
    """The messages of an event stream, as far as it came. Raises AssertionError for what is no event of ours."""
    assert "\r" not in text
    found: list[str] = []
    for block in text.split("\n\n")[:-1]:
        fields: dict[str, str] = {}
        for line in block.split("\n"):
            name, colon, value = line.partition(":")
            assert colon, f"a line without a colon: {line!r}"
            assert name in {"", "id", "event", "data", "retry"}, f"an unknown field: {line!r}"
            assert not name or name not in fields, f"a field twice: {block!r}"
            fields[name] = value.removeprefix(" ")
        assert fields.get("retry", "1").isdecimal()
        # Older than Streamable HTTP: the first event of its stream says where to post. An event without data primes.
        if fields.get("event") != "endpoint" and fields.get("data"):
            assert fields.get("event", "message") == "message", block
            found.append(fields["data"])
    return found
