"""The body of a request that registers an API becomes a registration.

Read in the process that imports: a document of 12 MB as JSON would hold the loop for a tenth of a second.
"""

from collections.abc import Iterable

import orjson

from bridge.compile.errand import Candidate
from bridge.compile.registered import WHERE, Registered, on_the_web
from bridge.config import ConfigInvalid, Problem
from bridge.model import Json

_MEMBERS = ("document", "url", "options")


def registration(candidate: Candidate, known: Iterable[Registered]) -> Registered:
    """What the body leaves out stays as it was registered before. Raises ConfigInvalid."""
    before = next((one for one in known if one.name == candidate.name and not one.gone), None)
    given = _object(b"".join(candidate.body))
    options = _options(given, before)
    url, document = _source(given, before)
    first = before.first if before is not None else candidate.changed
    return Registered.made(candidate.name, candidate.changed, url, options, document, first=first)


def _object(body: bytes) -> dict[str, Json]:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _wrong(
            "", f"the body is not JSON: {error}", "send an object with document or url, and options"
        ) from error
    if not isinstance(given, dict):
        raise _wrong("", "the body is no object", "send an object with document or url, and options")
    for unknown in sorted(given.keys() - set(_MEMBERS)):
        raise _wrong(unknown, "is no member of a registration", "options of the API belong into `options`")
    return given


def _options(given: dict[str, Json], before: Registered | None) -> Json:
    """Left out: those given before. null: none."""
    if "options" not in given:
        return before.options if before is not None else {}
    options = given["options"]
    if options is not None and not isinstance(options, dict):
        raise _wrong("options", "is no object", "give the keys of apis.<name> in an object, or null for none")
    return options or {}


def _source(given: dict[str, Json], before: Registered | None) -> tuple[str | None, bytes]:
    url, document = given.get("url"), given.get("document")
    if url is not None and document is not None:
        raise _wrong("url", "is given together with `document`", "keep one of them")
    if document is not None:
        return None, _text(document)
    if url is not None:
        if not isinstance(url, str) or not on_the_web(url):
            raise _wrong("url", "is no http or https URL", "give it whole, as in https://api.example.com/openapi.json")
        return url, b""
    if before is None:
        raise _wrong("document", "is missing", "give the OpenAPI document under `document`, or its address under `url`")
    return before.url, before.document() or b""


def _text(document: Json) -> bytes:
    """As it came where it is text, which may be YAML; an object is written as JSON."""
    if isinstance(document, str):
        return document.encode()
    if isinstance(document, dict):
        return orjson.dumps(document)
    raise _wrong("document", "is neither an object nor text", "give the OpenAPI document as JSON, or as text")


def _wrong(path: str, message: str, advice: str) -> ConfigInvalid:
    return ConfigInvalid([Problem(WHERE, 0, 0, path, message, advice)])
