"""What somebody who uses prompts would notice between two sets of them."""

from collections.abc import Iterator, Mapping

from bridge.model.catalog import Altered, Differing
from bridge.model.resource import Prompt, PromptArgument


def prompts(old: Mapping[str, Prompt], new: Mapping[str, Prompt]) -> Differing:
    """By name; one that takes and says the same under another name is renamed."""
    names = {name: name for name in old.keys() & new.keys()} | _renamed(old, new)
    return Differing(
        added=tuple(sorted(new.keys() - names.values())),
        removed=tuple(sorted(old.keys() - names.keys())),
        changed=tuple(change for was, now in sorted(names.items()) for change in _changes(old[was], new[now])),
    )


def _renamed(old: Mapping[str, Prompt], new: Mapping[str, Prompt]) -> dict[str, str]:
    came = {(new[name].arguments, new[name].messages): name for name in sorted(new.keys() - old.keys())}
    found: dict[str, str] = {}
    for name in sorted(old.keys() - new.keys()):
        same = came.pop((old[name].arguments, old[name].messages), None)
        if same is not None:
            found[name] = same
    return found


def _changes(old: Prompt, new: Prompt) -> Iterator[Altered]:
    if old.name != new.name:
        yield Altered(new.name, f"renamed from {old.name}", breaking=True)
    for what, breaking in _arguments(old, new):
        yield Altered(new.name, what, breaking)
    if old.messages != new.messages:
        yield Altered(new.name, "messages changed", breaking=False)
    if (old.title, old.description) != (new.title, new.description) and old.name == new.name:
        yield Altered(new.name, "description changed", breaking=False)


def _arguments(old: Prompt, new: Prompt) -> Iterator[tuple[str, bool]]:
    """An argument that a prompt does not know is refused."""
    before, after = _by_name(old), _by_name(new)
    for name in sorted(before.keys() - after.keys()):
        yield f"argument {name!r} removed", True
    for name in sorted(after.keys() - before.keys()):
        required = after[name].required
        yield f"{'required' if required else 'optional'} argument {name!r} added", required
    for name in sorted(before.keys() & after.keys()):
        if before[name].required is not after[name].required:
            required = after[name].required
            yield f"argument {name!r} became {'required' if required else 'optional'}", required


def _by_name(prompt: Prompt) -> dict[str, PromptArgument]:
    return {one.name: one for one in prompt.arguments}
