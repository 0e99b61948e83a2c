"""An agent whose client can ask its person: it carries questions, answers and state between rounds."""

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.model import Json
from bridge.pipeline.runtime import Runtime
from tests.kit.agent import META, Agent, Answer

ASKS = {**META, "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}}
NOTHING: Mapping[str, Json] = {}


def accept(**content: Json) -> Json:
    return {"action": "accept", "content": content}


@dataclass(frozen=True, slots=True)
class Person:
    """Every answer is held against the schema of the revision."""

    rt: Runtime
    method: str = "tools/call"

    async def call(
        self, name: str, arguments: Json, answers: Json = None, state: Json = None, *, meta: Json = None
    ) -> Answer:
        params: dict[str, Json] = {"name": name, "arguments": arguments, "_meta": meta or ASKS}
        if answers is not None:
            params["inputResponses"] = answers
        if state is not None:
            params["requestState"] = state
        return await Agent(self.rt).ask(self.method, params)


def asked(answer: Answer) -> tuple[dict[str, Json], str]:
    """The questions by key, as `elicitation/create` has them, and the state."""
    assert answer.status == 200, answer.body
    assert answer.result["resultType"] == "input_required", answer.body
    assert all(one["method"] == "elicitation/create" for one in answer.result["inputRequests"].values())
    return {key: one["params"] for key, one in answer.result["inputRequests"].items()}, answer.result["requestState"]


def text(answer: Answer) -> str:
    assert answer.status == 200, answer.body
    return str(answer.result["content"][0]["text"])
