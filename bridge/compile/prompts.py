"""Prompts as they are served, from the configuration: files are read, suggestions find their operations."""

import base64
import re
from pathlib import Path

from bridge.compile.embedded import unembeddable
from bridge.compile.policy import approvals
from bridge.compile.resources import completion
from bridge.config import Settings
from bridge.config.prompts import LARGEST_FILE, MEDIA_TYPES, PLACEHOLDER
from bridge.config.schema_agents import PromptArgument as WrittenArgument
from bridge.config.schema_agents import PromptMessage as WrittenMessage
from bridge.model import Catalog, Completion, Finding, Prompt, PromptArgument, PromptMessage, Severity
from bridge.pipeline.policy import Approvals


def prompts(settings: Settings, catalog: Catalog) -> tuple[tuple[Prompt, ...], tuple[Finding, ...]]:
    """In the order of their names. A prompt with a file that has gone since the configuration was read is left out."""
    policy = approvals(settings)
    made: list[Prompt] = []
    found: list[Finding] = []
    for name, written in sorted(settings.prompts.items()):
        arguments = tuple(_argument(name, *one, catalog, policy, found) for one in written.arguments.items())
        try:
            messages = tuple(_message(one) for one in written.messages)
        except OSError as error:
            found.append(_unreadable(name, error))
            continue
        title = written.title or _title(name)
        made.append(Prompt(name, title, written.description, arguments, messages, ask=written.ask))
    return tuple(made), (*found, *unembeddable(made, catalog))


def _argument(
    prompt: str, name: str, written: WrittenArgument, catalog: Catalog, policy: Approvals, found: list[Finding]
) -> PromptArgument:  # fmt: skip
    suggested = Completion(values=written.values) if written.values else None
    if written.complete is not None:
        place = ("prompts", prompt, "arguments", name, "complete")
        suggested = completion(written.complete, catalog, policy, place, found)
    title = written.title or _title(name)
    return PromptArgument(name, title, written.description, required=written.required, completion=suggested)


def _title(name: str) -> str:
    return re.sub(r"[_.-]+", " ", name).strip().capitalize()


def _message(written: WrittenMessage) -> PromptMessage:
    """Placeholders without the blanks that may stand in them. Raises OSError."""
    role = written.role.value
    if written.text is not None:
        return PromptMessage(role, "text", text=_tight(written.text))
    if written.resource is not None:
        return PromptMessage(role, "resource", uri=_tight(written.resource))
    kind, file = ("image", written.image) if written.image is not None else ("audio", written.audio)
    assert file is not None  # each message holds one of the four
    media_type = MEDIA_TYPES[kind][file.suffix.lower()]
    return PromptMessage(role, kind, data=_base64(file), media_type=media_type)


def _tight(text: str) -> str:
    return PLACEHOLDER.sub(r"{{\1}}", text)


def _base64(file: Path) -> str:
    """Raises OSError, also for a file that has grown too large since it was looked at."""
    with file.open("rb") as stream:
        content = stream.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise OSError(0, "it has more than 4 MiB", str(file))
    return base64.b64encode(content).decode()


def _unreadable(name: str, error: OSError) -> Finding:
    return Finding(
        "prompt-left-out", Severity.WARNING, "", f"the prompt {name!r} needs {error.filename}: {error.strerror}",
        lost="this prompt", advice="put the file back, or mend its path under prompts",
    )  # fmt: skip
