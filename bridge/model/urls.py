"""URLs as they may be told: in messages, findings and logs."""

import re

_USERINFO = re.compile(r"//[^/?#]*@")


def shown(url: str) -> str:
    """`url` as it may stand in a message: no password, no query (tokens live there), nothing a terminal would obey."""
    plain, query, _ = _USERINFO.sub("//", url).partition("?")
    safe = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in plain.partition("#")[0])
    return (safe if len(safe) <= 300 else safe[:300] + "…") + ("?…" if query else "")
