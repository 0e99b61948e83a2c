"""Arguments that a call lacks, from the person behind the agent, form by form.

What the model gave stays as it is: only what is missing is asked for, and along with it whatever else the form names.
A person is asked only when nothing but what is missing speaks against the call.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from bridge.model import AskFor, BadArguments, Call, CannotAsk, Json, Prompt, Tool
from bridge.pipeline.ask import MOST_TRIES, Reply, can_ask, live, needed, read, reply_to, stand, subject_of, with_filled
from bridge.pipeline.forms import Form, form, may_be_null
from bridge.pipeline.runtime import Runtime

ALL = "arguments"
"""The key of the one form that a prompt has."""
NextForm: TypeAlias = Callable[[Mapping[str, Json]], Form | None]


async def resume(rt: Runtime, call: Call) -> None:
    """With what a person has given in earlier rounds. Raises BadState, StateUnavailable."""
    standing = await stand(rt, call, subject_of(call))
    call.arguments = {**standing.filled, **call.arguments}


def may_fill(rt: Runtime, call: Call, refusal: BadArguments) -> bool:
    """Whether a person can mend what `refusal` says."""
    tool = call.endpoint.tool if call.endpoint else None
    if tool is None or not tool.ask or not can_ask(rt, call):
        return False
    missing = {name for one in tool.ask for name in _missing(tool, one, call.arguments)}
    wrong = {problem["argument"] for problem in refusal.detail.get("errors", ())}
    return bool(missing) and wrong <= missing


async def fill(rt: Runtime, call: Call) -> None:
    """Completes `call.arguments`, or raises InputNeeded, BadAnswer, BadState, CannotAsk, StateUnavailable."""
    assert call.endpoint is not None
    tool = call.endpoint.tool
    assert tool is not None
    schema = tool.input_schema
    # A null that the schema does not know says that there is no value.
    given = {name: value for name, value in call.arguments.items() if not _is_nothing(schema, name, value)}

    def following(filled: Mapping[str, Json]) -> Form | None:
        return next(_forms(tool, {**filled, **given}), None)

    filled = await _filled(rt, call, subject_of(call), following)
    call.arguments = {**filled, **given}


async def fill_prompt(rt: Runtime, call: Call, prompt: Prompt, given: Mapping[str, str]) -> dict[str, str]:
    """The same for a prompt; `call.arguments` are those given. Raises what `fill` does."""
    subject = f"prompts/get {prompt.name}"
    standing = await stand(rt, call, subject)
    wanted = [one for one in prompt.arguments if one.name not in given]
    fields = {one.name: _text_field(one.title, one.description, _values(prompt, one.name)) for one in wanted}
    required = [one.name for one in wanted if one.required]

    def following(filled: Mapping[str, Json]) -> Form | None:
        lacking = [name for name in required if name not in filled]
        return form(ALL, _message("", lacking), fields, required, {}) if lacking else None

    asks = prompt.ask and can_ask(rt, call)
    filled = await _filled(rt, call, subject, following) if asks else standing.filled
    return {**filled, **given}


async def _filled(rt: Runtime, call: Call, subject: str, following: NextForm) -> Mapping[str, Json]:
    standing = await stand(rt, call, subject)
    agent = call.agent
    assert agent is not None
    while (one := following(standing.filled)) is not None:
        values = await _live(rt, call, one) if agent.ask is not None else _answered(call, one)
        if values is None:
            raise await needed(rt, one.key, one.question, standing)
        standing = agent.round = with_filled(standing, values)
    return standing.filled


def _answered(call: Call, one: Form) -> dict[str, Json] | None:
    reply = reply_to(call, one.key)
    return _values_of(one, reply) if reply is not None else None


async def _live(rt: Runtime, call: Call, one: Form) -> dict[str, Json]:
    for _ in range(MOST_TRIES):
        reply = read(await live(rt, call, one.question))
        values = _values_of(one, reply) if reply is not None else None
        if values is not None:
            return values
    raise CannotAsk("the person was asked, and the answers did not fit the form")


def _values_of(one: Form, reply: Reply) -> dict[str, Json] | None:
    if reply.action == "accept":
        return one.values(reply.content)
    wanted = ", ".join(one.question.schema.get("required", ()))
    said = "declined to answer" if reply.action == "decline" else "closed the form without an answer"
    raise CannotAsk(f"the person was asked for {wanted} and {said}")


def _forms(tool: Tool, arguments: Mapping[str, Json]) -> Iterator[Form]:
    """Those that are still to be filled in, in their order."""
    schema = tool.input_schema
    for one in tool.ask:
        missing = _missing(tool, one, arguments)
        if missing:
            fields = {name: schema["properties"][name] for name in one.arguments if name not in arguments}
            yield form(one.key, _message(one.message, missing), fields, missing, schema)


def _missing(tool: Tool, one: AskFor, arguments: Mapping[str, Json]) -> list[str]:
    schema = tool.input_schema
    required = schema.get("required", ())
    return [
        name
        for name in one.arguments
        if name in required and (name not in arguments or _is_nothing(schema, name, arguments[name]))
    ]


def _is_nothing(schema: Json, name: str, value: Json) -> bool:
    return value is None and name in schema["properties"] and not may_be_null(schema["properties"][name], schema)


def _message(message: str, missing: list[str]) -> str:
    return message or f"Please fill in what is missing: {', '.join(missing)}."


def _text_field(title: str, description: str, values: tuple[str, ...]) -> Json:
    said = {"title": title, "description": description}
    chosen = {"enum": list(values)} if values else {}
    return {"type": "string", **chosen, **{key: text for key, text in said.items() if text}}


def _values(prompt: Prompt, name: str) -> tuple[str, ...]:
    found = next(one.completion for one in prompt.arguments if one.name == name)
    return found.values if found is not None else ()
