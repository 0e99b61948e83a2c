"""Texts that a regular expression matches, by walking the parser's own tree: fast, seeded, and good enough to try."""

import random
import re
import string
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias

codes, parser = import_module("re._constants"), import_module("re._parser")

Node: TypeAlias = Any
"""What `re`'s parser makes: an opcode with its operands."""
Tree: TypeAlias = Sequence[tuple[Node, Node]]

PRINTABLE = [char for char in string.printable if char.isprintable()]
_CLASSES = {
    codes.CATEGORY_DIGIT: string.digits, codes.CATEGORY_WORD: string.ascii_letters + string.digits + "_",
    codes.CATEGORY_SPACE: " ",
}  # fmt: skip
_NEGATED = {
    codes.CATEGORY_NOT_DIGIT: codes.CATEGORY_DIGIT, codes.CATEGORY_NOT_WORD: codes.CATEGORY_WORD,
    codes.CATEGORY_NOT_SPACE: codes.CATEGORY_SPACE,
}  # fmt: skip
_UNICODE = re.compile(r"\\p\{(L|Letter|Lu|Ll|N|Nd)\}")


def sample(pattern: str, chance: random.Random, least: int = 0, most: int = 1 << 20) -> str:
    """A text that probably matches; "" where the pattern is not one that Python reads."""
    try:
        tree = _parsed(pattern)
    except (re.error, OverflowError, RecursionError):
        return ""
    text = _written(tree, chance, max(least, min(most, 8)))
    if pattern.startswith("^") and pattern.endswith("$") and not pattern.endswith("\\$"):
        return text
    # An open pattern matches anywhere, so that more text may stand around what it asks for.
    return text.ljust(least, "a") if not pattern.endswith("$") else text.rjust(least, "a")


@cache
def _parsed(pattern: str) -> Tree:
    ascii_only = _UNICODE.sub(lambda match: "0-9" if match[1].startswith("N") else "A-Za-z", pattern)
    tree: Tree = parser.parse(ascii_only.replace("\\/", "/").replace("\\-", "\\-"))
    return tree


def _written(tree: Tree, chance: random.Random, wanted: int) -> str:
    return "".join(_WRITERS.get(code, _nothing)(operand, chance, wanted) for code, operand in tree)


def _nothing(operand: Node, chance: random.Random, wanted: int) -> str:
    return ""


def _one_of(operand: Node, chance: random.Random, wanted: int) -> str:
    negated = operand[0][0] is codes.NEGATE
    allowed = {char for code, value in operand for char in _members(code, value)}
    found = [char for char in PRINTABLE if char not in allowed] if negated else sorted(allowed)
    # Letters and digits first: what else a class allows is seldom what the document had in mind.
    plain = [char for char in found if char.isalnum() and char.isascii()]
    return chance.choice(plain or found) if found else ""


def _members(code: Node, value: Node) -> str:
    if code is codes.LITERAL:
        return chr(value)
    if code is codes.RANGE:
        return "".join(map(chr, range(value[0], min(value[1], value[0] + 200) + 1)))
    if code is codes.CATEGORY:
        if value in _NEGATED:
            return "".join(char for char in PRINTABLE if char not in _CLASSES[_NEGATED[value]])
        return _CLASSES.get(value, "")
    return ""


def _repeated(operand: Node, chance: random.Random, wanted: int) -> str:
    least, most, inner = operand
    most = min(int(most), max(int(least), wanted))
    return "".join(_written(inner, chance, wanted) for _ in range(chance.randint(int(least), most)))


def _excluded(operand: Node, chance: random.Random, wanted: int) -> str:
    return chance.choice([char for char in string.ascii_letters if ord(char) != operand])


_WRITERS: Mapping[Node, Callable[[Node, random.Random, int], str]] = {
    codes.LITERAL: lambda operand, chance, wanted: chr(operand),
    codes.NOT_LITERAL: _excluded,
    codes.ANY: lambda operand, chance, wanted: chance.choice(string.ascii_letters),
    codes.IN: _one_of,
    codes.BRANCH: lambda operand, chance, wanted: _written(chance.choice(operand[1]), chance, wanted),
    codes.SUBPATTERN: lambda operand, chance, wanted: _written(operand[3], chance, wanted),
    codes.ATOMIC_GROUP: _written,
    codes.MAX_REPEAT: _repeated,
    codes.MIN_REPEAT: _repeated,
    codes.POSSESSIVE_REPEAT: _repeated,
}
