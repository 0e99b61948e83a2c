"""Texts that must follow a grammar: names, paths, URLs, origins, selectors of operations."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, ValidationInfo, WithJsonSchema

from bridge.config.addresses import parse_host
from bridge.config.problems import Unfit
from bridge.config.values import Text, parse_text
from bridge.model import Effect, Json

METHODS = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "QUERY")

API_NAME = r"[a-z][a-z0-9_-]{0,31}"
TOOLSET_NAME = r"[a-z0-9][a-z0-9_-]{0,31}"
TOOL_NAME = r"[a-z][a-z0-9_]{0,47}"
PROMPT_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
ARGUMENT_NAME = r"[A-Za-z_][A-Za-z0-9_-]{0,63}"
FORM_NAME = r"[^\x00-\x1f]{1,64}"

# RFC 3986 section 3.3, pchar without percent-encoding: one spelling per path.
_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*/?")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_BLANK = re.compile(r"[\x00-\x20\x7f]")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_EFFECTS = tuple(f"effect:{effect}" for effect in Effect)
_METHOD_AND_PATH = re.compile(r"(\S+)\s+(/.*)", re.DOTALL)


def _named(pattern: str, what: str) -> AfterValidator:
    def check(name: str) -> str:
        if not re.fullmatch(pattern, name):
            raise Unfit("is not a name that can be used here", f"write {what}")
        return name

    return AfterValidator(check)


def split_url(value: str) -> SplitResult:
    """An absolute http or https URL without credentials."""
    parts = split_or_nothing(value)
    if parts.scheme not in _DEFAULT_PORTS or not parts.netloc:
        raise Unfit("is not an absolute http or https URL", "write it whole, as in https://api.example.com/v1")
    if "@" in parts.netloc:
        raise Unfit("holds a user name or password", "send the credential as a header instead")
    _check_authority(parts)
    return parts


def split_or_nothing(value: str) -> SplitResult:
    """Nothing of what the library cannot split, or would silently strip."""
    try:
        return urlsplit("" if _BLANK.search(value) else value)
    except ValueError:
        return urlsplit("")


def _check_authority(parts: SplitResult) -> None:
    try:
        port = parts.port
    except ValueError as error:
        raise Unfit("has no valid port", "write a port from 1 to 65535") from error
    if port == 0:
        raise Unfit("has no valid port", "write a port from 1 to 65535")
    host = parts.hostname or ""
    parse_host(f"[{host}]" if ":" in host else host)


def upstream_url(value: str) -> str:
    """Without a trailing slash: operation paths begin with one."""
    parts = split_url(value)
    if "?" in value or "#" in value:
        raise Unfit("has a query or a fragment", "end the URL with its path; operations add their own query")
    return parts._replace(path=parts.path.rstrip("/")).geturl()


def public_url(value: str) -> str:
    split_url(value)
    if "?" in value or "#" in value:
        raise Unfit("has a query or a fragment", "end the URL with its host or path")
    if value.endswith("/"):
        raise Unfit("ends with a slash", "leave the last slash out")
    return value


def origin(value: str) -> str:
    """RFC 6454 section 6.2: scheme, host and port, the port only where it is not the scheme's own."""
    scheme, _, authority = value.partition("://")
    if not _SCHEME.match(value) or _BLANK.search(value) or not authority or re.search(r"[/?#@]", authority):
        raise Unfit("is not an origin", "write scheme and host alone, as in https://app.example.com")
    host(authority)
    own = f":{_DEFAULT_PORTS.get(scheme.lower())}"
    return f"{scheme}://{authority.removesuffix(own)}".lower()


def origin_or_any(value: str) -> str:
    return value if value == "*" else origin(value)


def host(value: str) -> str:
    """A Host field: a host, with a port where one must match."""
    name, port = re.fullmatch(r"(.*?)((?::[0-9]{1,5})?)", value, re.DOTALL).groups()  # type: ignore[union-attr]
    plain = parse_host(name)
    return f"[{plain}]{port}" if ":" in plain else plain + port


def host_name(value: str) -> str:
    if re.search(r":[0-9]*\Z", value) and not value.endswith("]"):
        raise Unfit("has a port", "write the host alone, as in api.example.com")
    return host(value)


def path(value: str) -> str:
    """A path of the gateway, without a trailing slash."""
    if not value.startswith("/") or not _PATH.fullmatch(value) or {".", ".."} & set(value.split("/")):
        raise Unfit(
            "is not a path", "begin with a slash, use plain URL characters, no empty or dot segments, as in /orders"
        )
    if value != "/" and value.endswith("/"):
        raise Unfit("ends with a slash", "leave the last slash out")
    return value


def prefix(value: str) -> str:
    """The root is the empty prefix."""
    return path(value) if value != "/" else ""


def endpoint_path(value: str) -> str:
    if value == "/":
        raise Unfit("would hide every API", "write a path below the root, as in /mcp")
    return path(value)


def operation_key(value: str) -> str:
    match = _METHOD_AND_PATH.fullmatch(value)
    return value if match is None else f"{_method(match[1])} {match[2]}"


def selector(value: str) -> str:
    """`tag:NAME`, `effect:reads`, `METHOD /path/**` (`*` for any method), `/path/**`, or an operationId."""
    if not value.strip() or value == "tag:":
        raise Unfit("selects nothing", "write tag:NAME, METHOD /path or an operationId")
    if value.startswith("effect:") and value not in _EFFECTS:
        raise Unfit("names no effect", f"write {', '.join(_EFFECTS)}")
    match = _METHOD_AND_PATH.fullmatch(value)
    if match is None or match[1] == "*":
        return value
    return f"{_method(match[1])} {match[2]}"


def _method(word: str) -> str:
    if word not in METHODS:
        close = difflib.get_close_matches(word.upper(), METHODS, 1)
        raise Unfit(
            f"begins with {word}, which is no method",
            f"did you mean {close[0]}?" if close else f"use {', '.join(METHODS)}",
        )
    return word


def located(value: str, info: ValidationInfo) -> str:
    """A document's URL, or its path from the folder of the configuration file."""
    match = _SCHEME.match(value)
    if match is None:
        return str(_below(value, info))
    if match[1].lower() not in _DEFAULT_PORTS:
        raise Unfit(f"has the scheme {match[1]}, which is not fetched", "write a path or an http or https URL")
    split_url(value)
    return value


def is_url(location: str) -> bool:
    return bool(_SCHEME.match(location))


def hide_query(location: str) -> str:
    """A document's URL may carry a token in its query."""
    head, mark, _ = location.partition("?")
    return f"{head}?***" if mark and is_url(location) else location


def _below(value: Json, info: ValidationInfo) -> Path:
    text = str(value) if isinstance(value, Path) else parse_text(value)
    if not text or "\0" in text:
        raise Unfit("is not a path", "write the path of a file or folder")
    folder = info.context.get("folder") if isinstance(info.context, Mapping) else None
    return Path(folder or "", text)


def _grammar(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


SHORT_NAME = "a lower-case letter, then up to 31 lower-case letters, digits, hyphens or underscores"

ApiName: TypeAlias = Annotated[Text, _named(API_NAME, SHORT_NAME), _grammar(API_NAME)]
ToolsetName: TypeAlias = Annotated[
    Text, _named(TOOLSET_NAME, SHORT_NAME.replace("letter,", "letter or digit,", 1)), _grammar(TOOLSET_NAME)
]
ToolName: TypeAlias = Annotated[
    Text,
    _named(TOOL_NAME, "a lower-case letter, then up to 47 lower-case letters, digits or underscores"),
    _grammar(TOOL_NAME),
]
PromptName: TypeAlias = Annotated[
    Text,
    _named(PROMPT_NAME, "a letter or digit, then up to 63 letters, digits, underscores, dots or hyphens"),
    _grammar(PROMPT_NAME),
]
ArgumentName: TypeAlias = Annotated[
    Text,
    _named(ARGUMENT_NAME, "a letter or underscore, then up to 63 letters, digits, underscores or hyphens"),
    _grammar(ARGUMENT_NAME),
]
FormName: TypeAlias = Annotated[Text, _named(FORM_NAME, "1 to 64 characters"), _grammar(FORM_NAME)]
UpstreamUrl: TypeAlias = Annotated[Text, AfterValidator(upstream_url)]
PublicUrl: TypeAlias = Annotated[Text, AfterValidator(public_url)]
Origin: TypeAlias = Annotated[Text, AfterValidator(origin)]
OriginOrAny: TypeAlias = Annotated[Text, AfterValidator(origin_or_any)]
Host: TypeAlias = Annotated[Text, AfterValidator(host)]
HostName: TypeAlias = Annotated[Text, AfterValidator(host_name)]
Prefix: TypeAlias = Annotated[
    Text, AfterValidator(prefix), PlainSerializer(lambda value: value or "/", return_type=str)
]
EndpointPath: TypeAlias = Annotated[Text, AfterValidator(endpoint_path)]
OperationKey: TypeAlias = Annotated[Text, AfterValidator(operation_key)]
Selector: TypeAlias = Annotated[Text, AfterValidator(selector)]
Location: TypeAlias = Annotated[Text, AfterValidator(located), PlainSerializer(hide_query)]
LocalPath: TypeAlias = Annotated[
    Path, BeforeValidator(_below), PlainSerializer(str), WithJsonSchema({"type": "string"})
]
