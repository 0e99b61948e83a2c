"""Text for a person's eyes: every character of it is seen, and none changes how the others are shown.

What prints nothing, breaks a line, reorders or overprints is written out, as `\\u{3164}`. In text whose own backslashes
are doubled, as JSON's are, that stands for nothing else: two different texts are never shown as the same.
"""

import hashlib
from functools import lru_cache
from itertools import chain
from unicodedata import category

MOST_MARKS = 4
"""Combining marks on one character: no script needs more, and a pile of them covers its neighbours."""

# Unicode 15.1, DerivedCoreProperties.txt, Default_Ignorable_Code_Point: those that `str.isprintable` takes for visible.
# The others (controls, formats, separators, surrogates, private and unassigned ones) go by their category.
_IGNORABLE = (
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian variation selectors
    (0x3164, 0x3164),  # Hangul filler
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFFA0, 0xFFA0),  # halfwidth Hangul filler
    (0xE0100, 0xE01EF),  # variation selectors supplement
)
# Not ignorable by that property, and blank all the same.
_BLANK = (
    (0x2800, 0x2800),  # Braille pattern blank
    (0x16FE4, 0x16FE4),  # Khitan small script filler
    (0x1D159, 0x1D159),  # musical symbol null notehead
)
_HIDDEN = frozenset(chr(one) for first, last in chain(_IGNORABLE, _BLANK) for one in range(first, last + 1))


def visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    told: list[str] = []
    marks = MOST_MARKS  # at the beginning there is nothing that a mark could stand on
    for char in text:
        kind = _kind(char)
        if kind == "base":
            marks = 0
        elif kind == "mark" and marks < MOST_MARKS:
            marks += 1
        elif kind == "plain":
            marks = MOST_MARKS
        else:
            marks, char = MOST_MARKS, f"\\u{{{ord(char):x}}}"  # noqa: PLW2901 (the same character, written out)
        told.append(char)
    return "".join(told)


@lru_cache(maxsize=4096)
def _kind(char: str) -> str:
    """hidden; mark, which is drawn onto what stands before it; base, which may carry marks; plain, which may not."""
    if char in _HIDDEN or not char.isprintable():
        return "hidden"
    found = category(char)
    if found in {"Mn", "Me"}:
        return "mark"
    return "base" if found[0] in "LMNS" else "plain"


def cut(text: str, most: int) -> str:
    """Of what is visible already, both ends: at most that many characters, and what tells it from all others."""
    if len(text) <= most:
        return text
    head = most - most // 3
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{text[:head]}… [{len(text):,} characters, SHA-256 {digest}] …{text[len(text) - most // 3 :]}"
