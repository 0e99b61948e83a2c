"""Path keys as documents write them, and the templates that calls can be built from."""

import re
from dataclasses import dataclass

from bridge.importer.reading import RawParam, Reading
from bridge.importer.refs import At
from bridge.model import Style, Where

_NAME = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A path whose every `{name}` has a path parameter, and the operation's parameters with no others among them."""

    path: str
    params: tuple[RawParam, ...]


def template(reading: Reading, path: str, params: list[RawParam], at: At) -> Template:
    """Each difference between the path and its parameters is mended and noted."""
    if not path.startswith("/"):
        reading.notes.warn("path-without-slash", at, f"the path {path!r} does not begin with a slash; one is added")
        path = f"/{path}"
    plain, mark, rest = _split(path)
    others = [param for param in params if param.where is not Where.PATH]
    declared = {param.name: param for param in params if param.where is Where.PATH}
    found: dict[str, RawParam] = {}
    for name in dict.fromkeys(_NAME.findall(plain)):
        param = _declared(reading, name, declared, at)
        plain = plain.replace(f"{{{name}}}", f"{{{param.name}}}")
        found[param.name] = param
    found |= {name: declared[name] for name in _NAME.findall(rest) if name in declared}
    for name, param in declared.items():
        if name not in found and not any(name == used.name for used in found.values()):
            reading.notes.warn(
                "path-parameter-unused", param.at, f"the path {path} has no {{{name}}}", lost="this parameter",
                advice=f"write {{{name}}} into the path, or remove the parameter",
            )  # fmt: skip
    more = _in_query(rest, others, at) if mark == "?" else []
    return Template(plain + mark + rest, (*found.values(), *others, *more))


def _split(path: str) -> tuple[str, str, str]:
    """OpenAPI allows neither a query nor a fragment in a path key; real documents tell operations apart with them."""
    match = re.search(r"[?#]", path)
    return (path[: match.start()], match[0], path[match.end() :]) if match else (path, "", "")


def _declared(reading: Reading, name: str, declared: dict[str, RawParam], at: At) -> RawParam:
    if name in declared:
        return declared[name]
    # `{proxy+}` and `{name=projects/*}` are gateways' ways to write a parameter that takes several segments.
    plain = re.split(r"[+*=:]", name)[0].strip() or name
    similar = [known for known in declared if known.lower() == plain.lower()]
    if similar:
        if similar[0] != name:
            reading.notes.warn(
                "path-parameter-name", at, f"{{{name}}} in the path is read as the parameter {similar[0]!r}",
                advice="write both alike",
            )  # fmt: skip
        return declared[similar[0]]
    reading.notes.warn(
        "path-parameter-missing", at, f"{{{name}}} in the path is not described; any text is accepted",
        advice=f"add a parameter {name!r} in path",
    )  # fmt: skip
    schema = At({"type": "string"}, at.doc, at.pointer)
    return RawParam(At({}, at.doc, at.pointer), plain, Where.PATH, True, Style.SIMPLE, False, schema)


def _in_query(rest: str, others: list[RawParam], at: At) -> list[RawParam]:
    """A query parameter for each `x={y}` of the key that none is declared for."""
    known = {param.name for param in others if param.where is Where.QUERY}
    names = [pair.partition("=")[0] for pair in rest.partition("#")[0].split("&") if _NAME.search(pair)]
    schema = At({"type": "string"}, at.doc, at.pointer)
    return [
        RawParam(At({}, at.doc, at.pointer), name, Where.QUERY, True, Style.FORM, True, schema)
        for name in dict.fromkeys(names)
        if name not in known and not _NAME.search(name)
    ]
