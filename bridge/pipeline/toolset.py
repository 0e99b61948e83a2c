"""What one agent endpoint offers: its tools, what can be read there, its prompts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bridge.model import Endpoint, Grant, Json, OperationRef, Prompt, Resource
from bridge.pipeline.addresses import Locator
from bridge.pipeline.complete import Compiled
from bridge.pipeline.listing import PAGE, Listing, prompt_entry, resource_entry, tool_entry, usable
from bridge.pipeline.mirror import Mirror, mirrors_of


@dataclass(frozen=True, slots=True)
class Offer:
    """What is offered beside tools.

    `embedded` holds, by prompt, the operations behind the resources in it. `readable` holds the endpoints behind
    resources, by (api, operation id); `suggest` what arguments of prompts (`("prompt", name, argument)`) and of
    templates (`("resource", uri, variable)`) are completed from.
    """

    resources: tuple[Resource, ...] = ()
    readable: Mapping[tuple[str, str], Endpoint] = field(default_factory=dict)
    locator: Locator = field(default_factory=lambda: Locator(()))
    prompts: tuple[Prompt, ...] = ()
    embedded: Mapping[str, tuple[OperationRef, ...]] = field(default_factory=dict)
    suggest: Mapping[tuple[str, str, str], Compiled] = field(default_factory=dict)


NOTHING = Offer()


class Toolset:
    """Immutable but for what it remembers: pages, and the headers that tools ask for."""

    def __init__(
        self,
        name: str,
        endpoints: Mapping[str, Endpoint],
        offer: Offer = NOTHING,
        *,
        instructions: str = "",
        page: int = PAGE,
        policy: str = "",
    ) -> None:
        """`policy` is the version of the rules that decide who sees what."""
        self.name = name
        self._policy = policy
        self.instructions = instructions
        self.endpoints = endpoints
        self.offer = offer
        self.prompts = {prompt.name: prompt for prompt in offer.prompts}
        tools = [one.tool for one in endpoints.values() if one.tool is not None]
        listed = [resource for resource in offer.resources if resource.listed]
        self.listings = {
            "tools": Listing(map(tool_entry, tools), page=page),
            "resources": Listing((resource_entry(one) for one in listed if not one.template), page=page),
            "templates": Listing((resource_entry(one) for one in listed if one.template), page=page),
            "prompts": Listing(
                (prompt_entry(one, offer.embedded.get(one.name, ())) for one in self.prompts.values()), page=page
            ),
        }
        self._mirrors: dict[str, tuple[Mirror, ...]] = {}

    def pieces(self) -> Iterator[object]:
        """What it alone is made of, each before what it holds."""
        yield from self.offer.locator.pieces()
        for listing in self.listings.values():
            yield from listing.pieces()

    def get(self, name: str) -> Endpoint | None:
        return self.endpoints.get(name)

    def mirrors(self, name: str) -> tuple[Mirror, ...]:
        """The headers that the tool's schema asks for, read off it once."""
        found = self._mirrors.get(name)
        if found is None:
            tool = self.endpoints[name].tool
            found = self._mirrors[name] = mirrors_of(tool.input_schema) if tool is not None else ()
        return found

    def prompt(self, name: str, grant: Grant) -> Prompt | None:
        """None too where it embeds what may not be read: then it is not there for this caller."""
        found = self.prompts.get(name)
        return found if found is not None and usable(self.offer.embedded.get(name, ()), grant) else None

    def readable(self, uri: str, grant: Grant) -> bool:
        """Whether the address leads to something that may be read."""
        located = self.locate(uri)
        return located is not None and usable((located[0].operation.ref,), grant)

    def locate(self, uri: str) -> tuple[Endpoint, Mapping[str, Json]] | None:
        """The endpoint that answers for an address, and the arguments in it."""
        found = self.offer.locator.find(uri)
        if found is None:
            return None
        resource, arguments = found
        endpoint = self.offer.readable.get((resource.api, resource.operation))
        return None if endpoint is None else (endpoint, arguments)

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """By the word that MCP's `list_changed` notifications have for it."""
        found = {name: listing.digest + self._policy for name, listing in self.listings.items()}
        return {
            "tools": found["tools"],
            "resources": f"{found['resources']} {found['templates']}",
            "prompts": found["prompts"],
        }
