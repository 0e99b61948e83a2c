"""Prose out of a document, made fit for a model: no markup, no blank space, cut at a sentence where it must be cut."""

import re

from bridge.model import Json

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
# No repetition runs past the next beginning, or far, so that text of nothing but beginnings is read in linear time.
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\((?:[^()\s]|\([^()\s]{0,200}\)){0,1000}(?:\s{1,9}\"[^\"]{0,500}\")?\)")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&nbsp;": " ", "&amp;": "&"}
# Characters that steer a terminal, reverse text or cannot be seen: data to hide things in, never prose.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)


def clean(text: str) -> str:
    """Without HTML tags, link targets, invisible characters and runs of blank space."""
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "](" in text:
        text = _LINK.sub(r"\1", text)
    if "&" in text:
        for entity, character in _ENTITIES.items():
            text = text.replace(entity, character)
    if not text.isascii() or not text.isprintable():
        text = _UNSEEN.sub("", text)
    return " ".join(text.split())


def hides(value: Json) -> bool:
    """Whether any text in it, names of members included, holds a character that is not seen or steers what shows it."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if not (one.isascii() and one.isprintable()) and _UNSEEN.search(one):
                return True
        elif isinstance(one, dict):
            waiting += one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return False


def shorten(text: str, most: int) -> str:
    """At most `most` characters: whole sentences if that keeps half of it, else cut at a word, with an ellipsis."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    stop = max(cut.rfind(". "), cut.rfind("; "))
    if stop >= most // 2:
        return cut[: stop + 1]
    word = cut.rfind(" ")
    return (cut[:word] if word >= most // 2 else cut).rstrip(" ,;:") + "…"
