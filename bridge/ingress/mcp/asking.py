"""What a request brings for asking back and for progress, and questions on their way to the client.

2026-07-28, Multi Round-Trip Requests: a server answers `input_required`, the client repeats the request with
`inputResponses` and `requestState`. Older clients are asked while their call waits, which takes a session.
"""

from functools import partial

import orjson

from bridge.ingress.mcp.exchange import Exchange, notification
from bridge.ingress.mcp.modern import CAPABILITIES_KEY
from bridge.ingress.mcp.refusals import InvalidParams
from bridge.ingress.mcp.render import Pieces
from bridge.model import Agent, CannotAsk, Json, Progress, Question, Questions, Report
from bridge.pipeline.forms import older

LONGEST_STATE = 64 << 10
MOST_ANSWERS = 32
LONGEST_TOKEN = 256


def agent_of(exchange: Exchange) -> Agent:
    """Raises InvalidParams."""
    params = exchange.message.params
    report = _report(exchange)
    if not exchange.revision.modern:
        ask = exchange.line.ask if _can_be_asked(exchange) else None
        return Agent(elicits=ask is not None, ask=ask, report=report)
    meta: Json = params["_meta"]
    return Agent(
        elicits=elicits(meta[CAPABILITIES_KEY]),
        answers=_answers(params),
        state=_state(params),
        report=report,
    )


def _can_be_asked(exchange: Exchange) -> bool:
    """Elicitation came with 2025-06-18."""
    session = exchange.session
    known = session is not None and exchange.revision.name >= "2025-06-18" and elicits(session.capabilities)
    return known and exchange.line.asks


def elicits(capabilities: Json) -> bool:
    """Whether forms can be shown: "elicitation": {} "is equivalent to declaring support for form mode only"."""
    declared = capabilities.get("elicitation") if isinstance(capabilities, dict) else None
    return isinstance(declared, dict) and (not declared or "form" in declared)


def _answers(params: dict[str, Json]) -> dict[str, Json]:
    if "inputResponses" not in params:
        return {}
    answers = params["inputResponses"]
    if not isinstance(answers, dict) or len(answers) > MOST_ANSWERS:
        raise InvalidParams(f"params.inputResponses must be an object of at most {MOST_ANSWERS} answers")
    return answers


def _state(params: dict[str, Json]) -> str | None:
    state = params.get("requestState")
    if state is not None and (not isinstance(state, str) or len(state) > LONGEST_STATE):
        raise InvalidParams(f"params.requestState must be a string of at most {LONGEST_STATE} characters")
    return state


def _report(exchange: Exchange) -> Report | None:
    meta: Json = exchange.message.params.get("_meta")
    token = meta.get("progressToken") if isinstance(meta, dict) else None
    if isinstance(token, str) and len(token) > LONGEST_TOKEN:
        # It is repeated in every notification, and kept with it.
        raise InvalidParams(f"_meta.progressToken must be an integer or a string of at most {LONGEST_TOKEN} characters")
    if not exchange.line.streams or not isinstance(token, str | int) or isinstance(token, bool):
        return None
    return partial(_tell, exchange, token)


async def _tell(exchange: Exchange, token: str | int, progress: Progress) -> None:
    params: dict[str, Json] = {"progressToken": token, "progress": progress.progress}
    if progress.total is not None:
        params["total"] = progress.total
    if progress.message and exchange.revision.name > "2024-11-05":
        params["message"] = progress.message
    await exchange.line.notify(notification("notifications/progress", params))


def question_params(question: Question, *, mode: bool) -> Json:
    """Of `elicitation/create`. `mode` came with 2025-11-25, and so did most of what a form can hold."""
    if mode:
        return {"mode": "form", "message": question.message, "requestedSchema": question.schema}
    return {"message": question.message, "requestedSchema": older(question.schema)}


def elicited(response: Json) -> Json:
    """What a client's response to `elicitation/create` brought, unchecked. Raises CannotAsk for an error."""
    result = response.get("result") if isinstance(response, dict) else None
    if not isinstance(result, dict):
        raise CannotAsk("the client could not put the question to anybody")
    return result


def input_required(questions: Questions) -> Pieces:
    """The members of an InputRequiredResult."""
    asked = {
        key: {"method": "elicitation/create", "params": question_params(question, mode=True)}
        for key, question in questions.asked.items()
    }
    return b'"inputRequests":', orjson.dumps(asked), b',"requestState":', orjson.dumps(questions.state)
