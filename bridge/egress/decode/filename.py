"""The file name of a download: RFC 6266, read as leniently as it is written, and made harmless.

It is shown and offered as a name, never used as a path here; “recipients MUST NOT be able to write into any location
other than one to which they are specifically entitled” (section 4.3) is said to those who save it, and made easy.
"""

import re
from urllib.parse import unquote_to_bytes

LONGEST = 120
_LONGEST_FIELD = 4096

# Section 4.1. A quoted string is taken whole, so that nothing in it looks like a parameter; nothing is given back.
_PARAMETER = re.compile(r";\s*+([!#$%&'*+.^_`|~0-9A-Za-z-]++)\s*+=\s*+(?:\"((?:[^\"\\]|\\.)*+)\"|([^;]*+))", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CHARSETS = {"utf-8": "utf-8", "iso-8859-1": "latin-1"}


def file_name(disposition: bytes) -> str:
    """Of a Content-Disposition field; empty where there is none that could be a name."""
    if not disposition or len(disposition) > _LONGEST_FIELD:
        return ""
    found: dict[str, str] = {}
    for name, quoted, token in _PARAMETER.findall(_text(disposition)):
        found.setdefault(name.lower(), _ESCAPED.sub(r"\1", quoted) or token.strip())
    # Section 4.3: “When both "filename" and "filename*" are present [...], recipients SHOULD pick "filename*"”.
    return _harmless(_extended(found.get("filename*", ""))) or _harmless(found.get("filename", ""))


def _text(field: bytes) -> str:
    """Names that are not ASCII are widely sent as they are, in UTF-8 or in what HTTP once meant, ISO 8859-1."""
    try:
        return field.decode()
    except UnicodeDecodeError:
        return field.decode("latin-1")


def _extended(value: str) -> str:
    """RFC 8187 section 3.2.1: charset "'" [ language ] "'" value-chars."""
    charset, _, rest = value.partition("'")
    _, _, encoded = rest.partition("'")
    codec = _CHARSETS.get(charset.lower())
    return unquote_to_bytes(encoded).decode(codec, "replace") if codec is not None else ""


def _harmless(name: str) -> str:
    """Its last segment, without what no file system or terminal should see, cut where nobody reads on."""
    segment = re.split(r"[/\\]", name)[-1]
    clean = "".join(char for char in segment if char.isprintable() and char not in '<>:"|?*').strip(" .")
    if len(clean) <= LONGEST:
        return clean
    stem, dot, ending = clean.rpartition(".")
    ending = f"{dot}{ending}" if stem and len(ending) <= 10 else ""
    return clean[: LONGEST - len(ending)] + ending
