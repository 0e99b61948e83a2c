"""A tree becomes settings, or every problem it has."""

from pathlib import Path

from pydantic import ValidationError

from bridge.config.clashes import report_clashes
from bridge.config.problems import ConfigInvalid
from bridge.config.schema import Settings
from bridge.config.tree import Tree
from bridge.config.wording import say, subject


def settle(tree: Tree, folder: Path) -> Settings:
    """Relative paths are those of `folder`. Raises ConfigInvalid."""
    settings = _validated(tree, folder)
    if settings is not None:
        report_clashes(settings, tree)
    if tree.problems:
        raise ConfigInvalid(tree.problems)
    assert settings is not None  # whatever could not be validated has been reported
    return settings.reading(tree.files)


def _validated(tree: Tree, folder: Path) -> Settings | None:
    """Takes wrong values out until the rest is right, so that what is wrong between keys is found in the same run."""
    first = True
    while True:
        try:
            return Settings.model_validate(tree.root, context={"folder": folder})
        except ValidationError as error:
            if not _take_out(error, tree, report=first):
                return None
        first = False


def _take_out(error: ValidationError, tree: Tree, *, report: bool) -> bool:
    """False if there was nothing left to take out.

    Later rounds meet only what the first one left behind: a section without the key it cannot do without."""
    said = [(subject(each), say(each, tree)) for each in error.errors(include_url=False)]
    new = [each for about, each in said if report and not tree.in_spoiled(about)]
    for each in new:
        tree.report(each.path, each.message, each.advice, key=each.key)
    spoiled = [tree.spoil(each.path) for _, each in said]
    return any(spoiled)
