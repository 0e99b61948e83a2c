"""Bytes become a Document.

The content decides the format, not the name: what begins like JSON is read as JSON, and a `.json` file that holds YAML
is read as YAML.
"""

import hashlib
import re
from itertools import islice

import orjson

from bridge.importer import yaml
from bridge.importer.budget import BudgetExceeded, Budgets, ImportFailed
from bridge.importer.document import MOST_REPEATED, Census, Document, census, repeated_key
from bridge.importer.json_text import deeper_than, has_more_values_than, line_and_column, repeated_keys
from bridge.model import Finding, Json

_HTML = re.compile(r"(?i)<(?:!doctype\s+html|html|head|body|script)\b")
_JSON_TYPE = re.compile(r"(?i)(?:application|text)/(?:[\w.+-]+\+)?json\b")
_KEY_END = re.compile(r'"\s*:')
_QUOTED_KEY_END = re.compile(r'\\"\s*:')
_WIDE_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",  # before UTF-16, whose mark it begins with
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}

_Read = tuple[Json, Census, tuple[Finding, ...]]


def parse(data: bytes, uri: str, name: str, media_type: str | None, budgets: Budgets) -> Document:
    """Raises ImportFailed with the place of whatever is wrong."""
    if len(data) > budgets.bytes:
        raise BudgetExceeded(name, "bytes", budgets.bytes)
    text = _decode(data, name)
    _refuse_other_kinds(text.lstrip(), name)
    (root, counted, findings), is_yaml = _read(text, name, media_type, budgets)
    if root is None:
        raise ImportFailed(name, "empty document")
    if not isinstance(root, dict | list):
        raise ImportFailed(name, "the document is a single value, not an object", 1, 1)
    return Document(
        uri=uri,
        name=name,
        root=root,
        text=text,
        digest=hashlib.sha256(data).hexdigest(),
        findings=findings,
        is_yaml=is_yaml,
        has_anchors=counted.has_anchors,
        references=counted.references,
        nodes=counted.nodes,
    )


def _decode(data: bytes, name: str) -> str:
    """RFC 8259 section 8.1 and YAML 1.2.2 section 5.2: UTF-8, of which a byte order mark is no part."""
    wide = next((kind for mark, kind in _WIDE_MARKS.items() if data.startswith(mark)), None)
    if wide is None and b"\x00" in data[:2]:
        wide = "UTF-16"
    if wide:
        raise ImportFailed(name, f"is encoded in {wide}: save it as UTF-8", 1, 1)
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        message = f"the byte 0x{data[error.start]:02X} is not UTF-8: save the document as UTF-8"
        raise ImportFailed(name, message, *line_and_column(before, len(before))) from error


def _refuse_other_kinds(start: str, name: str) -> None:
    if not start:
        raise ImportFailed(name, "empty document")
    if _HTML.match(start):
        raise ImportFailed(name, "this is an HTML page, not OpenAPI: is a login or an error page in the way?", 1, 1)
    if start[0] == "<":
        raise ImportFailed(name, "this is XML, not OpenAPI", 1, 1)


def _read(text: str, name: str, media_type: str | None, budgets: Budgets) -> tuple[_Read, bool]:
    """What was read, and whether it is YAML."""
    if text.lstrip()[0] not in "{[":
        return _read_yaml(text, name, budgets), True
    try:
        return _read_json(text, name, budgets), False
    except BudgetExceeded:
        raise
    except ImportFailed as broken_json:
        if name.lower().endswith(".json") or _JSON_TYPE.match(media_type or ""):
            raise
        try:
            return _read_yaml(text, name, budgets), True
        except ImportFailed:
            if name.lower().endswith((".yaml", ".yml")):
                raise
            raise broken_json from None


def _read_yaml(text: str, name: str, budgets: Budgets) -> _Read:
    root, findings = yaml.read(text, name, budgets)
    counted = census(root, budgets)
    if counted.depth > budgets.depth:
        raise BudgetExceeded(name, "depth", budgets.depth)
    if counted.nodes > budgets.nodes:
        raise BudgetExceeded(name, "nodes", budgets.nodes)
    return root, counted, findings


def _read_json(text: str, name: str, budgets: Budgets) -> _Read:
    # Each value but the first follows one of these; only a text with too many of them is counted exactly.
    if sum(map(text.count, ",[{")) >= budgets.nodes and has_more_values_than(text, budgets.nodes):
        raise BudgetExceeded(name, "nodes", budgets.nodes)
    try:
        root = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _broken_json(error, text, name, budgets) from error
    counted = census(root, budgets)
    if counted.depth > budgets.depth:
        raise _too_deep(text, name, budgets)
    return root, counted, _repeated(text, name, counted.keys)


def _broken_json(error: orjson.JSONDecodeError, text: str, name: str, budgets: Budgets) -> ImportFailed:
    if "depth" in error.msg or "recursion" in error.msg.lower():
        return _too_deep(text, name, budgets)
    return ImportFailed(name, f"not JSON: {error.msg}", *line_and_column(text, error.pos))


def _too_deep(text: str, name: str, budgets: Budgets) -> BudgetExceeded:
    position = deeper_than(text, budgets.depth)
    return BudgetExceeded(name, "depth", budgets.depth, *line_and_column(text, position or 0))


def _repeated(text: str, name: str, keys: int) -> tuple[Finding, ...]:
    """RFC 8259 section 4: "names within an object SHOULD be unique"; orjson keeps the last without a word.

    Every member of the text ends its key with a quote and a colon, so that no difference means no repetition. Strings
    can hold the same two characters, which only leads to the exact reading in vain.
    """
    claimed = len(_KEY_END.findall(text))
    if claimed != keys:
        claimed -= sum(_is_escaped(text, match.start()) for match in _QUOTED_KEY_END.finditer(text))
    if claimed == keys:
        return ()
    return tuple(
        repeated_key(
            name, again.pointer, line_and_column(text, again.position)[0], line_and_column(text, again.before)[0]
        )
        for again in islice(repeated_keys(text), MOST_REPEATED)
    )


def _is_escaped(text: str, backslash: int) -> bool:
    """Whether this backslash escapes what follows: whether an even number of others stands before it."""
    first = backslash
    while first and text[first - 1] == "\\":
        first -= 1
    return (backslash - first) % 2 == 0
