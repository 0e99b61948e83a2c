"""libyaml's complaints in plain words, each at the place where its author has to look."""

import re

import yaml

from bridge.importer.budget import ImportFailed
from bridge.importer.json_text import line_and_column

_OPENING = "opening"
_FOUND = "found"

# What libyaml calls the problem; the place to show (where it was found, or where the thing began that went wrong); and
# the sentence. `{char}` is the character found there, `{line}` the line at which it was found.
_SENTENCES: tuple[tuple[str, str, str], ...] = (
    ("found unexpected end of stream", _OPENING, "this quote is never closed"),
    ("did not find expected ',' or ']'", _OPENING, "this `[` is not closed or lacks a comma before line {line}"),
    (
        "did not find expected ',' or '}'",
        _OPENING,
        "this `{{` is not closed or lacks a comma before line {line}",
    ),
    ("could not find expected ':'", _OPENING, "this is not `key: value`: add the colon, or indent or quote the text"),
    (
        "mapping values are not allowed",
        _FOUND,
        "a colon is not allowed here: put a value with `: ` in it into quotes, and indent keys like their neighbours",
    ),
    (
        "block sequence entries are not allowed",
        _FOUND,
        "a list item needs a line of its own",
    ),
    ("did not find expected key", _FOUND, "expected a key: mind the indentation, and quotes in the value before this"),
    ("did not find expected '-' indicator", _FOUND, "expected a list item (`- `) or less indentation"),
    ("did not find expected node content", _FOUND, "expected a value, found {char}"),
    (
        "did not find expected comment or line break",
        _FOUND,
        "text begins on the line after its `|` or `>`",
    ),
    ("did not find expected <document start>", _FOUND, "expected the end of the document, found {char}"),
    (
        "found unknown escape character",
        _FOUND,
        "unknown escape: in single quotes a backslash is itself",
    ),
    ("found undefined tag handle", _FOUND, "this tag is not declared: remove it, or quote the value if it is text"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def explain(error: yaml.YAMLError, text: str, name: str) -> ImportFailed:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return _unreadable(error, text, name)
    problem = error.problem or "not YAML"
    where, sentence = next(
        ((where, sentence) for known, where, sentence in _SENTENCES if problem.startswith(known)), (_FOUND, problem)
    )
    found = error.problem_mark
    mark = (error.context_mark or found) if where == _OPENING else found
    char = _char_at(text, found.line, found.column)
    if problem.startswith("found character that cannot start any token"):
        sentence = _bad_start(char)
    message = sentence.format(char=repr(char) if char else "the end", line=found.line + 1)
    return ImportFailed(name, message, mark.line + 1, mark.column + 1)


def _bad_start(char: str) -> str:
    if char == "\t":
        return "a tab begins this: YAML is indented with spaces"
    return "a value cannot begin with {char}: put it into quotes"


def _char_at(text: str, line: int, column: int) -> str:
    lines = text.split("\n", line + 1)
    return lines[line][column : column + 1] if line < len(lines) else ""


def _unreadable(error: yaml.YAMLError, text: str, name: str) -> ImportFailed:
    """A character that YAML forbids anywhere: libyaml gives no place, so it is looked for."""
    match = _CONTROL.search(text)
    if not match:
        return ImportFailed(name, str(error).partition("\n")[0])
    message = f"the control character U+{ord(match.group()):04X} is not allowed: remove it"
    return ImportFailed(name, message, *line_and_column(text, match.start()))
