"""`prompts/get`: the messages of a prompt with its arguments put in."""

import re
from collections.abc import Mapping
from urllib.parse import quote

import orjson

from bridge.ingress.mcp.asking import agent_of
from bridge.ingress.mcp.exchange import ANSWERED, Exchange, Made, further
from bridge.ingress.mcp.refusals import InvalidParams
from bridge.ingress.mcp.resources import contents, failure, not_found
from bridge.model import ApprovalRequired, Json, NotGranted, Prompt, PromptMessage
from bridge.pipeline.ask import InputNeeded
from bridge.pipeline.fill import fill_prompt
from bridge.pipeline.run import gate

_PLACE = re.compile(r"\{\{ *([A-Za-z0-9_.-]+) *\}\}")
LONGEST_ARGUMENT = 100_000
MOST_NAMED = 10
"""Of the arguments that are not known, those that the answer names."""


async def get_prompt(exchange: Exchange) -> Made:
    """Raises InvalidParams, ResourceNotFound, ResourceFailed, ApprovalRequired, ClientGone, and what asking for
    arguments raises."""
    name, arguments = _understood(exchange)
    exchange.call.agent = agent_of(exchange)
    principal = await gate(exchange.rt, exchange.call)
    prompt = exchange.toolset.prompt(name, principal.grant)
    if prompt is None:
        raise InvalidParams(f"unknown prompt: {name[:100]!r}")
    _check_known(prompt, arguments)
    async with exchange.line.there():
        exchange.call.arguments = arguments
        try:
            arguments = await fill_prompt(exchange.rt, exchange.call, prompt, arguments)
        except InputNeeded as asked:
            return Made(asked.outcome)
        _check_complete(prompt, arguments)
        messages = [await _message(exchange, message, arguments) for message in prompt.messages]
    members = [b'"messages":', orjson.dumps(messages)]
    return Made(ANSWERED, [b'"description":', orjson.dumps(prompt.description), b",", *members]
                if prompt.description else members)  # fmt: skip


def _understood(exchange: Exchange) -> tuple[str, dict[str, str]]:
    params = exchange.message.params
    name, arguments = params.get("name"), params.get("arguments") or {}
    if not isinstance(name, str):
        raise InvalidParams("params.name must be a string: the name of a prompt")
    if not isinstance(arguments, dict) or not all(isinstance(value, str) for value in arguments.values()):
        raise InvalidParams("params.arguments must be an object of strings")
    if any(len(value) > LONGEST_ARGUMENT for value in arguments.values()):
        raise InvalidParams(f"an argument may have {LONGEST_ARGUMENT} characters")
    return name, arguments


def _check_known(prompt: Prompt, arguments: Mapping[str, str]) -> None:
    strange = sorted(arguments.keys() - {one.name for one in prompt.arguments})
    if strange:
        what = ", ".join(f"{name[:100]!r} is not known" for name in strange[:MOST_NAMED])
        what += f", nor are {len(strange) - MOST_NAMED} more" if len(strange) > MOST_NAMED else ""
        raise InvalidParams(f"arguments of {prompt.name!r}: {what}")


def _check_complete(prompt: Prompt, arguments: Mapping[str, str]) -> None:
    # An address with a hole in it is another address.
    placed = {name for message in prompt.messages for name in _PLACE.findall(message.uri)}
    needed = (one.name for one in prompt.arguments if one.required or one.name in placed)
    missing = [name for name in needed if name not in arguments]
    if missing:
        what = ", ".join(f"{name!r} is missing" for name in missing)
        raise InvalidParams(f"arguments of {prompt.name!r}: {what}")


async def _message(exchange: Exchange, message: PromptMessage, arguments: Mapping[str, str]) -> Json:
    return {"role": message.role, "content": await _content(exchange, message, arguments)}


async def _content(exchange: Exchange, message: PromptMessage, arguments: Mapping[str, str]) -> Json:
    if message.kind == "text":
        return {"type": "text", "text": filled(message.text, arguments)}
    if message.kind == "resource":
        return {"type": "resource", "resource": await _embedded(exchange, addressed(message.uri, arguments))}
    if message.kind == "audio" and exchange.revision.name < "2025-03-26":
        return {"type": "text", "text": f"[audio ({message.media_type}), which this revision cannot carry]"}
    return {"type": message.kind, "data": message.data, "mimeType": message.media_type}


def filled(text: str, arguments: Mapping[str, str]) -> str:
    """What stands in an argument is put in as it is, never looked at for further places."""
    return _PLACE.sub(lambda place: arguments.get(place[1], ""), text)


def addressed(uri: str, arguments: Mapping[str, str]) -> str:
    """An argument is the whole address, or a part of one, in which it can neither begin nor end another part."""
    whole = _PLACE.fullmatch(uri.strip())
    if whole is not None:
        return arguments.get(whole[1], "")
    return filled(uri, {name: quote(value, safe="") for name, value in arguments.items()})


async def _embedded(exchange: Exchange, uri: str) -> Json:
    """Read in the name of whoever asks, as `resources/read` would; but for consent, which is to one read alone."""
    located = exchange.toolset.locate(uri)
    if located is None:
        raise not_found(uri)
    if exchange.rt.approvals.covers(located[0].operation):
        raise ApprovalRequired(
            f"this prompt embeds {uri[:200]!r}, each read of which a person approves; read that by itself"
        )
    outcome = await further(exchange.rt, exchange.call, *located)
    if isinstance(outcome.refusal, NotGranted):
        raise not_found(uri)
    refusal = outcome.refusal or failure(uri, outcome)
    if refusal is not None:
        raise refusal
    return contents(uri, outcome)
