"""What is wrong within a prompt: placeholders that stand for nothing, files that are not there, names nobody knows."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from bridge.config.problems import KeyPath
from bridge.config.schema_agents import Mcp, Prompt, PromptMessage

LARGEST_FILE = 4 << 20
PLACEHOLDER = re.compile(r"\{\{[ \t]*([^{}]*?)[ \t]*\}\}")
MEDIA_TYPES = {
    "image": {
        ".avif": "image/avif", ".bmp": "image/bmp", ".gif": "image/gif", ".jpeg": "image/jpeg", ".jpg": "image/jpeg",
        ".png": "image/png", ".svg": "image/svg+xml", ".tif": "image/tiff", ".tiff": "image/tiff",
        ".webp": "image/webp",
    },
    "audio": {
        ".aac": "audio/aac", ".flac": "audio/flac", ".m4a": "audio/mp4", ".mp3": "audio/mpeg", ".oga": "audio/ogg",
        ".ogg": "audio/ogg", ".opus": "audio/ogg", ".wav": "audio/wav", ".weba": "audio/webm",
    },
}  # fmt: skip
"""By the kind of message and the ending of the file; not the system's table, which differs from host to host."""
_KINDS = ("text", "resource", "image", "audio")


class Fault(NamedTuple):
    path: KeyPath
    message: str
    advice: str


def files(prompts: Mapping[str, Prompt]) -> Iterator[Path]:
    """The pictures and sounds in them."""
    for prompt in prompts.values():
        for message in prompt.messages:
            yield from filter(None, (message.image, message.audio))


def faults(prompts: Mapping[str, Prompt], mcp: Mcp) -> Iterator[Fault]:
    for name, prompt in prompts.items():
        yield from _in_prompt(prompt, ("prompts", name))
    for name, toolset in mcp.toolsets.items():
        for position, wanted in enumerate(toolset.prompts or ()):
            if wanted not in prompts:
                path: KeyPath = ("mcp", "toolsets", name, "prompts", position)
                yield Fault(path, f"names no prompt: there is no {wanted!r}", _near(wanted, prompts))


def _in_prompt(prompt: Prompt, path: KeyPath) -> Iterator[Fault]:
    for name, argument in prompt.arguments.items():
        if argument.values and argument.complete:
            yield Fault(
                (*path, "arguments", name, "values"), "cannot be given together with complete", "keep one of them"
            )
    if not prompt.messages:
        yield Fault((*path, "messages"), "holds no message", "write one, as in [{text: Greet {{name}}.}]")
    for position, message in enumerate(prompt.messages):
        yield from _in_message(message, prompt, (*path, "messages", position))


def _in_message(message: PromptMessage, prompt: Prompt, path: KeyPath) -> Iterator[Fault]:
    given = [kind for kind in _KINDS if getattr(message, kind) is not None]
    if len(given) != 1:
        said = f"holds {' and '.join(given)}" if given else "holds nothing"
        yield Fault(path, said, "give each message one of text, resource, image and audio")
    for kind in ("text", "resource"):
        for wanted in PLACEHOLDER.findall(getattr(message, kind) or ""):
            if wanted not in prompt.arguments:
                yield Fault(
                    (*path, kind), f"has the unknown placeholder {{{{{wanted}}}}}", _near(wanted, prompt.arguments)
                )
    for kind in ("image", "audio"):
        file = getattr(message, kind)
        if file is not None:
            yield from _in_file(file, kind, (*path, kind))


def _in_file(file: Path, kind: str, path: KeyPath) -> Iterator[Fault]:
    endings = MEDIA_TYPES[kind]
    if file.suffix.lower() not in endings:
        yield Fault(path, f"is no {kind} file, by its ending", f"name a file that ends with {', '.join(endings)}")
    elif not file.is_file():
        yield Fault(path, "names a file that does not exist", "paths start at the configuration's folder")
    elif file.stat().st_size > LARGEST_FILE:
        yield Fault(path, "names a file of more than 4 MiB", "name a smaller one: it travels whole with the prompt")


def _near(wanted: str, known: Iterable[str]) -> str:
    names = list(known)
    close = get_close_matches(wanted, names, 1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}" if names else "declare it first"
