"""What a media type may look like."""

import re

# RFC 9110 sections 5.6.2 to 5.6.4 and 8.3.1. Nothing gives back what it took, so the time is that of one reading.
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:[ !#-\[\]-~]|\\[ -~])*+"'
_MEDIA_TYPE = re.compile(rf"{_WORD}/{_WORD}(?:[ \t]*+;[ \t]*+{_WORD}=(?:{_WORD}|{_QUOTED}))*+").fullmatch
_LONGEST = 255


def valid(media_type: str) -> bool:
    """Whether it can stand in a Content-Type or Accept header; ranges such as `image/*` can."""
    return len(media_type) <= _LONGEST and _MEDIA_TYPE(media_type.strip(" \t")) is not None
