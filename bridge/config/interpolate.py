"""`${VAR}`, `${VAR:-default}` and `${file:PATH}` inside values, `$$` for a dollar sign.

Values only, after parsing: what comes in is text in one place, never a key and never YAML.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.config.problems import KeyPath, Unfit
from bridge.config.tree import Tree
from bridge.model import Json

MOST_SECRET_BYTES = 64 << 10

_REFERENCE = re.compile(r"\$(?:(?P<escaped>\$)|\{(?P<body>[^{}]*)\}|(?P<open>\{))")
_VARIABLE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)


def interpolate(tree: Tree, env: Mapping[str, str], folder: Path) -> None:
    """Relative files are those of `folder`. What cannot be filled in is reported and stays as it is."""
    tree.root = _Filler(tree, env, folder).fill(tree.root, ())


def references(text: str) -> bool:
    return any(match["body"] is not None for match in _REFERENCE.finditer(text))


@dataclass(frozen=True, slots=True)
class _Filler:
    tree: Tree
    env: Mapping[str, str]
    folder: Path

    def fill(self, value: Json, path: KeyPath) -> Json:
        if isinstance(value, Mapping):
            return {key: self.fill(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item, (*path, index)) for index, item in enumerate(value)]
        return self._text(value, path) if isinstance(value, str) and "$" in value else value

    def _text(self, text: str, path: KeyPath) -> str:
        if references(text):
            self.tree.sealed.add(path)
        try:
            return _REFERENCE.sub(self._replace, text)
        except Unfit as unfit:
            self.tree.report(path, unfit.what, unfit.advice)
            self.tree.spoiled.add(path)
            return text

    def _replace(self, match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        if match["open"]:
            raise Unfit("has a ${ without its }", "close it, or write $${ for the characters themselves")
        body = match["body"]
        return self._file(body.removeprefix("file:")) if body.startswith("file:") else self._variable(body)

    def _variable(self, body: str) -> str:
        """As in a shell, the default also stands in for an empty variable."""
        match = _VARIABLE.fullmatch(body)
        if match is None:
            raise Unfit(f"has the unknown reference ${{{body}}}", "write ${NAME}, ${NAME:-default} or ${file:/path}")
        name, default = match["name"], match["default"]
        if default is not None:
            return self.env.get(name) or default
        if name not in self.env:
            raise Unfit(
                f"needs the environment variable {name}, which is not set", f"set it, or write ${{{name}:-default}}"
            )
        return self.env[name]

    def _file(self, name: str) -> str:
        path = Path(self.folder, name)
        self.tree.files.add(str(path))
        try:
            with path.open("rb") as stream:
                content = stream.read(MOST_SECRET_BYTES + 1)
            if len(content) > MOST_SECRET_BYTES:
                raise Unfit(f"needs the file {name}, which is larger than 64 KiB", "name a file that holds one value")
            return content.decode().removesuffix("\n").removesuffix("\r")
        except (OSError, ValueError) as error:
            if isinstance(error, Unfit):
                raise
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise Unfit(f"needs the file {name}, which cannot be read: {why}", "create it, or mend its path") from error
