"""What each agent endpoint offers: all of the catalogue under "", and each named subset."""

from collections.abc import Iterable, Mapping

from bridge.compile.embedded import embedded
from bridge.compile.prompts import prompts
from bridge.compile.resources import completions
from bridge.config import Settings
from bridge.importer.select import selected
from bridge.model import Catalog, Endpoint, Finding, Prompt, Resource
from bridge.model.steps import Steps
from bridge.pipeline.addresses import Locator
from bridge.pipeline.complete import Compiled
from bridge.pipeline.toolset import Offer, Toolset

Endpoints = Mapping[tuple[str, str], Endpoint]


def toolsets(
    settings: Settings, catalog: Catalog, compiled: Endpoints, policy: str = ""
) -> Steps[tuple[dict[str, Toolset], tuple[Finding, ...]]]:
    """`policy` is the version of the rules. With the findings of prompts and of what arguments are completed from."""
    offered, found = prompts(settings, catalog)
    suggest, unusable = completions(settings, catalog, offered)
    yield
    tools = {
        name: compiled[tool.api, tool.operation]
        for name, tool in catalog.tools.items()
        if (tool.api, tool.operation) in compiled
    }
    resources = [one for one in catalog.resources if (one.api, one.operation) in compiled]
    page = settings.mcp.page_size
    whole = yield from _offer(resources, compiled, offered, suggest)
    made = {"": Toolset("", tools, whole, instructions=settings.mcp.instructions, page=page, policy=policy)}
    for name, subset in settings.mcp.toolsets.items():
        yield
        chosen = {tool: one for tool, one in tools.items() if selected(one.operation, subset.include, subset.exclude)}
        within = [
            one
            for one in resources
            if selected(compiled[one.api, one.operation].operation, subset.include, subset.exclude)
        ]
        own = [one for one in offered if subset.prompts is None or one.name in subset.prompts]
        instructions = subset.instructions or settings.mcp.instructions
        offer = yield from _offer(within, compiled, own, suggest)
        made[name] = Toolset(name, chosen, offer, instructions=instructions, page=page, policy=policy)
    return made, (*found, *unusable)


def _offer(
    resources: Iterable[Resource],
    compiled: Endpoints,
    offered: Iterable[Prompt],
    suggest: Mapping[tuple[str, str, str], Compiled],
) -> Steps[Offer]:
    """Of suggestions, those for what is offered here."""
    resources, offered = tuple(resources), tuple(offered)
    named = {("resource", one.uri) for one in resources} | {("prompt", one.name) for one in offered}
    locator = yield from Locator.steps(
        (one, compiled[one.api, one.operation].operation.input_schema) for one in resources
    )
    return Offer(
        resources=resources,
        readable={(one.api, one.operation): compiled[one.api, one.operation] for one in resources},
        locator=locator,
        prompts=offered,
        embedded={one.name: tuple(embedded(one, locator)) for one in offered},
        suggest={key: one for key, one in suggest.items() if key[:2] in named},
    )
