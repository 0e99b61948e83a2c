"""What the admin API shows: these shapes are its promise, `specs/admin.openapi.json` is made from them."""

from datetime import UTC, datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from bridge.compile import Report, Result
from bridge.config import Problem
from bridge.control.problems import Place
from bridge.model import Diff, Finding, Json, Resource, Tool
from bridge.model.resource import Prompt
from bridge.pipeline.runtime import Runtime


class Owner(StrEnum):
    CONFIGURATION = "configuration"
    REGISTRATION = "registration"


class FindingView(BaseModel):
    id: str
    severity: str
    where: str = Field(description="A JSON pointer into `source`.")
    message: str
    lost: str
    advice: str
    line: int
    source: str
    api: str

    @classmethod
    def of(cls, one: Finding) -> "FindingView":
        return cls.model_validate(one, from_attributes=True)


class ApiView(BaseModel):
    name: str
    title: str
    version: str
    owner: Owner = Field(description="Whether it stands in the configuration, or was registered here.")
    prefix: str = Field(description="Where people find it.")
    host: str | None
    operations: int
    tools: int
    findings: int


class ApisView(BaseModel):
    version: int = Field(description="Of the runtime that serves; it grows with every change.")
    digest: str
    apis: list[ApiView]


class ApiDetail(ApiView):
    options: dict[str, Json] = Field(description="As under `apis.<name>` of a configuration; secrets are shown as ***.")
    files: list[str] = Field(description="Whose change is noticed.")
    urls: list[str] = Field(description="What was fetched, without credentials.")
    tool_names: list[str]
    found: list[FindingView]


class ToolView(BaseModel):
    name: str
    title: str
    api: str
    operation: str
    tokens: int = Field(description="An estimate of what listing it costs.")

    @classmethod
    def of(cls, one: Tool) -> "ToolView":
        return cls.model_validate(one, from_attributes=True)


class ResourceView(BaseModel):
    uri: str
    name: str
    title: str
    api: str
    operation: str
    template: bool
    listed: bool

    @classmethod
    def of(cls, one: Resource) -> "ResourceView":
        return cls.model_validate(one, from_attributes=True)


class PromptView(BaseModel):
    name: str
    title: str
    arguments: list[str]

    @classmethod
    def of(cls, one: Prompt) -> "PromptView":
        return cls(name=one.name, title=one.title, arguments=[argument.name for argument in one.arguments])


class SourceView(BaseModel):
    name: str
    digest: str = Field(description="SHA-256 of what was read.")


class CatalogView(BaseModel):
    version: int
    digest: str
    tokens: int
    sources: list[SourceView]
    apis: list[ApiView]
    tools: list[ToolView]
    resources: list[ResourceView]
    prompts: list[PromptView]
    findings: list[FindingView]


class ChangeView(BaseModel):
    tool: str
    operation: str
    what: str
    breaking: bool


class AlteredView(BaseModel):
    name: str = Field(description="Of a prompt; of a resource, its address.")
    what: str
    breaking: bool


class DifferingView(BaseModel):
    added: list[str]
    removed: list[str]
    changed: list[AlteredView]


class DiffView(BaseModel):
    added: list[str] = Field(description="Tools, as in `removed` and `changed`.")
    removed: list[str]
    changed: list[ChangeView]
    resources: DifferingView
    prompts: DifferingView

    @classmethod
    def of(cls, one: Diff) -> "DiffView":
        return cls.model_validate(one, from_attributes=True)


class ReportView(BaseModel):
    """What became of an attempt to change what is served."""

    reason: str
    result: Result
    started: datetime
    seconds: float
    version: int = Field(description="Of the runtime that serves afterwards.")
    breaking: bool = Field(description="Whether a caller that worked before may fail now.")
    diff: DiffView
    findings: list[FindingView]
    problems: list[Place] = Field(description="Why it failed, or was refused.")
    restart: list[str] = Field(description="Keys whose new values wait for a restart.")

    @classmethod
    def of(cls, one: Report) -> "ReportView":
        return cls(
            reason=one.reason,
            result=one.result,
            started=datetime.fromtimestamp(one.started, UTC),
            seconds=round(one.seconds, 3),
            version=one.version,
            breaking=one.diff.breaking,
            diff=DiffView.of(one.diff),
            findings=[FindingView.of(finding) for finding in one.findings],
            problems=[place(problem) for problem in one.problems],
            restart=list(one.restart),
        )


class ReloadsView(BaseModel):
    """`last` is the last attempt, `success` the last one after which what is served is what is configured."""

    last: ReportView | None
    success: ReportView | None


class RegistrationBody(BaseModel):
    """What is left out stays as it was registered before; `options: null` takes all options back."""

    document: dict[str, Json] | str | None = Field(
        default=None, description="The OpenAPI document, as JSON or as text."
    )
    url: str | None = Field(default=None, description="Its address, in place of it.")
    options: dict[str, Json] | None = Field(default=None, description="The keys of `apis.<name>`, without `spec`.")


def place(one: Problem) -> Place:
    return Place(
        source=one.file, line=one.line, column=one.column, path=one.path, message=one.message, advice=one.advice
    )


def prompts(runtime: Runtime) -> list[PromptView]:
    return [PromptView.of(one) for one in runtime.toolsets[""].prompts.values()]
