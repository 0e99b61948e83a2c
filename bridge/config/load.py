"""A file becomes settings; so does a command line without a file.

Flags win over the environment, the environment over the file, the file over the defaults. The environment's values
are taken as they are; those of the file and of flags may refer to it (`${VAR}`).
"""

from collections.abc import Mapping
from pathlib import Path

from bridge.config.interpolate import interpolate
from bridge.config.problems import KeyPath, Place
from bridge.config.reader import read
from bridge.config.reference import LISTED, NAMED, keys
from bridge.config.schema import Settings
from bridge.config.settle import settle
from bridge.config.tree import Tree
from bridge.model import Json

ENVIRONMENT_PREFIX = "DUALBRIDGE_"
COMMAND_LINE = "command line"

_NOTHING: Mapping[str, Json] = {}


def load(path: Path, env: Mapping[str, str], overrides: Mapping[str, Json] = _NOTHING) -> Settings:
    """`overrides` are flags, by dotted key (`log.level`). Raises ConfigInvalid with every problem there is."""
    return resolve(read(path), path.absolute().parent, env, overrides)


def resolve(tree: Tree, folder: Path, env: Mapping[str, str], overrides: Mapping[str, Json]) -> Settings:
    flags: dict[KeyPath, Json] = {tuple(key.split(".")): value for key, value in overrides.items() if value is not None}
    for path, value in flags.items():
        tree.put(path, value, Place(COMMAND_LINE))
    interpolate(tree, env, folder)
    _apply_environment(tree, env, flags)
    return settle(tree, folder)


def environment() -> dict[str, str]:
    """Variable → dotted key, for every key that one text can set. `admin.listen` is DUALBRIDGE_ADMIN_LISTEN."""
    paths = [key.path for key in keys() if key.leaf and NAMED not in key.path and LISTED not in key.path]
    return {ENVIRONMENT_PREFIX + path.replace(".", "_").upper(): path for path in paths}


def _apply_environment(tree: Tree, env: Mapping[str, str], flags: Mapping[KeyPath, Json]) -> None:
    """An empty variable counts as unset: that is how an orchestrator's templates say “nothing”.

    Other variables of the prefix are no mistake: Kubernetes sets DUALBRIDGE_PORT and the like for a service's name.
    """
    for variable, key in environment().items():
        path: KeyPath = tuple(key.split("."))
        value = env.get(variable)
        if value and not any(path[: len(flag)] == flag or flag[: len(path)] == path for flag in flags):
            tree.put(path, value, Place(f"${variable}"))
            tree.sealed.add(path)
