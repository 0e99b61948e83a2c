"""Names that every client and model provider takes, and that stay what they are.

A tool's name depends on its own operation and on which others want the same name, never on their order in a document;
a lock keeps the names that were given before, and an API that came later takes none away from those before it.
Rules: `[a-z0-9_]`, a letter first, at most 48 characters (clients put `mcp__server__` before it and providers stop at
64). Property keys: `^[a-zA-Z0-9_.-]{1,64}$` (Anthropic).
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

LONGEST = 48
LONGEST_KEY = 64
TOOL_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
_KEY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Wish:
    """One operation that wants a tool name. `given` is what the operator or document asks for, "" if nothing."""

    api: str
    key: str
    """`METHOD /path`: identifies the operation across versions of the document."""
    operation_id: str
    given: str = ""


def tool_names(
    wishes: Sequence[Wish], lock: Mapping[str, str] | None = None, later: Sequence[str] = ()
) -> dict[tuple[str, str], str]:
    """(api, key) → name. `lock` maps `api METHOD /path` to the name it had. The APIs of `later` have their turns after
    all others, in this order: each takes what those before it have left."""
    names: dict[tuple[str, str], str] = {}
    used: set[str] = set()
    for wish in wishes:
        locked = (lock or {}).get(lock_key(wish.api, wish.key))
        if locked and not wish.given and locked not in used:
            names[wish.api, wish.key] = locked
            used.add(locked)
    rest = [wish for wish in wishes if (wish.api, wish.key) not in names]
    taken = used | set((lock or {}).values())
    for turn in _turns(rest, later):
        _name(turn, names, taken)
    return names


def _turns(wishes: Sequence[Wish], later: Sequence[str]) -> Iterator[list[Wish]]:
    yield [wish for wish in wishes if wish.api not in later]
    for api in later:
        yield [wish for wish in wishes if wish.api == api]


def _name(wishes: list[Wish], names: dict[tuple[str, str], str], taken: set[str]) -> None:
    rest = wishes
    for level in (plain_name, _with_api, _with_hash):
        rest = _settle(rest, level, names, taken)
    for wish in sorted(rest, key=lambda wish: (wish.api, wish.key)):  # somebody else asked for the very hash
        names[wish.api, wish.key] = name = next(name for name in _numbered(_with_hash(wish)) if name not in taken)
        taken.add(name)


def _numbered(name: str) -> Iterator[str]:
    return (f"{name[: LONGEST - 4]}_{number}" for number in range(2, 1000))


def lock_key(api: str, key: str) -> str:
    return f"{api} {key}"


def _settle(wishes: Sequence[Wish], level: Callable[[Wish], str], names: dict[tuple[str, str], str],
            taken: set[str]) -> list[Wish]:  # fmt: skip
    """Gives each name that only one operation wants; returns the operations that are still without."""
    wanted: dict[str, list[Wish]] = defaultdict(list)
    for wish in wishes:
        wanted[level(wish)].append(wish)
    left: list[Wish] = []
    for name, rivals in wanted.items():
        if len(rivals) == 1 and name not in taken:
            names[rivals[0].api, rivals[0].key] = name
        else:
            left += rivals
    taken.update(names.values())
    return left


def plain_name(wish: Wish) -> str:
    """The name that an operation has when nobody else wants it."""
    source = wish.given or wish.operation_id
    return fit(snake(source)) if snake(source) else fit(snake(wish.key) or _with_hash(wish))


def _with_api(wish: Wish) -> str:
    return fit(f"{snake(wish.api) or 'api'}_{plain_name(wish)}")


def _with_hash(wish: Wish) -> str:
    digest = _hash(f"{wish.api} {wish.key}")
    base = snake(wish.given or wish.operation_id) or snake(wish.key) or "operation"
    return f"{base[: LONGEST - 9].rstrip('_')}_{digest}"


def snake(text: str) -> str:
    """Words in lower case joined by single underscores, a letter first; "" when no letter or digit is left."""
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text)
    text = re.sub(r"([A-Z])([A-Z][a-z])", r"\1_\2", text)
    text = re.sub(r"[^a-zA-Z0-9]+", "_", text).strip("_").lower()
    return f"n{text}" if text and text[0].isdigit() else text


def fit(name: str) -> str:
    """At most 48 characters; a longer name is cut and told from others by a hash of the whole."""
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 9].rstrip('_')}_{_hash(name)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


@dataclass(slots=True)
class Arguments:
    """The argument names of one tool: who comes first keeps the plain name, so parameters ask before the body.

    Names that differ only in case are told apart too, because models and providers confuse them.
    """

    taken: set[str] = field(default_factory=set)
    _folded: Counter[str] = field(default_factory=Counter)

    def take_all(self, where: str, names: Iterable[str]) -> dict[str, str]:
        """A key for each name, whatever their order: legal names keep themselves before others are changed."""
        wanted = list(names)
        given = {name: self.take(where, name) for name in sorted(wanted, key=lambda name: (not _is_key(name), name))}
        return {name: given[name] for name in wanted}

    def take(self, where: str, name: str) -> str:
        """A key for the parameter or property `name` that is legal, unique, and the same on every import."""
        base = argument_key(name)
        candidates = (base, _cut(f"{base}_{where}"), _cut(f"{base}_{_hash(f'{where} {name}')}"))
        chosen = next((key for key in candidates if not self._folded[key.casefold()]), None)
        number = 2
        while chosen is None or self._folded[chosen.casefold()]:
            chosen, number = _cut(f"{base}_{where}_{number}"), number + 1
        self.taken.add(chosen)
        self._folded[chosen.casefold()] += 1
        return chosen


def argument_key(name: str) -> str:
    if _is_key(name):
        return name
    plain = re.sub(r"_+", "_", re.sub(r"[^a-zA-Z0-9_.-]", "_", name)).strip("_")
    return _cut(plain) if plain else f"arg_{_hash(name)}"


def _is_key(name: str) -> bool:
    """`__proto__` is a legal key, but in JavaScript an assignment to it sets something else."""
    return bool(_KEY.fullmatch(name)) and name != "__proto__"


def _cut(key: str) -> str:
    return key if len(key) <= LONGEST_KEY else f"{key[: LONGEST_KEY - 9]}_{_hash(key)}"
