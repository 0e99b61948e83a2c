"""The addresses of resources that prompts embed, looked at before anybody asks for them."""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from bridge.config.problems import KeyPath, dotted
from bridge.importer.document import pointer
from bridge.model import Catalog, Finding, OperationRef, Prompt, Severity
from bridge.pipeline.addresses import Locator

_PLACE = re.compile(r"\{\{([^{}]+)\}\}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_SAMPLE = "1"
"""In an argument's place: whatever the operation takes there, some segment of an address can be this."""
_ANYTHING = {"type": "object", "properties": {}}


def unembeddable(prompts: Sequence[Prompt], catalog: Catalog) -> Iterator[Finding]:
    """What keeps the addresses from being read, as far as it can be known without the arguments."""
    wanted = [(prompt, at, one.uri) for prompt in prompts for at, one in enumerate(prompt.messages) if one.uri]
    if not wanted:
        return
    locator = Locator((one, _ANYTHING) for one in catalog.resources)
    for prompt, at, uri in wanted:
        place = ("prompts", prompt.name, "messages", at, "resource")
        yield from _left_out(prompt, uri, place)
        sample = _PLACE.sub(_SAMPLE, uri)
        if _PLACE.match(uri):
            continue  # all of it may be the argument's
        if not _SCHEME.match(sample):
            yield _finding(place, f"{uri[:200]!r} is no URI", "begin with a scheme, as in api://orders/{{id}}")
        elif locator.find(sample) is None and not _may_be_literal(uri, catalog):
            yield _finding(place, f"no operation is read at {uri[:200]!r}", _near(uri, catalog))


def embedded(prompt: Prompt, locator: Locator) -> Iterator[OperationRef]:
    """The operations that it reads, as far as its addresses say so before their arguments are there."""
    for message in prompt.messages:
        if message.uri and not _PLACE.match(message.uri):
            found = locator.find(_PLACE.sub(_SAMPLE, message.uri))
            if found is not None:
                yield found[0].api, found[0].operation


def _left_out(prompt: Prompt, uri: str, place: KeyPath) -> Iterator[Finding]:
    placed = set(_PLACE.findall(uri))
    for name in (one.name for one in prompt.arguments if one.name in placed and not one.required):
        yield _finding(
            place, f"the address needs the argument {name!r}, which may be left out",
            f"say required: true under prompts.{prompt.name}.arguments.{name}", "the prompt, where it is left out",
        )  # fmt: skip


def _may_be_literal(uri: str, catalog: Catalog) -> bool:
    """Whether some arguments make it an address that has no variables, or none but those of a query."""
    pattern = re.compile(".*".join(map(re.escape, _PLACE.split(uri)[::2])))
    return any(pattern.fullmatch(one.uri.partition("{?")[0]) for one in catalog.resources)


def _near(uri: str, catalog: Catalog) -> str:
    known = [one.uri for one in catalog.resources]
    near = get_close_matches(uri.replace("{{", "{").replace("}}", "}"), known, 1)
    return f"did you mean {near[0]!r}?" if near else "give the address of an operation that only reads"


def _finding(place: KeyPath, message: str, advice: str, lost: str = "the prompt") -> Finding:
    said = f"{dotted(place)}: {message}"
    return Finding("prompt-resource", Severity.WARNING, pointer(place), said, lost=lost, advice=advice)
