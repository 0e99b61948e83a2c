"""The settings of rules: who may do what, under which condition, how much of it."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from bridge.config.identities import Condition, Operations
from bridge.config.problems import Unfit
from bridge.config.sections import Section
from bridge.config.values import Bool, Size, Text, Timeout, Whole
from bridge.model import Json, PrincipalKind

ANYONE = "anyone"


def _anyone(value: Json) -> Json:
    """`anyone` has to be said: an empty condition would be an oversight."""
    if value == ANYONE:
        return {}
    if isinstance(value, Mapping) and not value:
        raise Unfit("names nobody", "write anyone, or at least one of subjects, groups, tenants, …")
    return value


class Who(Section):
    subjects: tuple[Text, ...] = Field(default=(), description="Ids of callers, with `*` for any text.")
    clients: tuple[Text, ...] = Field(default=(), description="Ids of OAuth clients, with `*`.")
    groups: tuple[Text, ...] = Field(default=(), description="Groups, of which the caller is in one.")
    tenants: tuple[Text, ...] = Field(default=(), description="Tenants, with `*`.")
    kinds: tuple[PrincipalKind, ...] = Field(
        default=(), description="Kinds of callers: `person`, `agent`, `service`, `anonymous`."
    )
    methods: tuple[Text, ...] = Field(
        default=(),
        description="How they proved who they are: `api_keys`, `certificates`, `anonymous`, or an issuer's name.",
    )
    claims: Mapping[Text, Text] = Field(
        default={}, description="Claims of the token and the value of each, or one that a list holds."
    )
    when: Condition | None = Field(default=None, description="A CEL expression over `principal`.")


class Budgets(Section):
    calls: Annotated[int, Whole(1, 1_000_000_000)] | None = Field(
        default=None, description="Calls. Default: any number."
    )
    bytes: Size | None = Field(default=None, description="Bytes of answers. Default: any number.")
    tokens: Annotated[int, Whole(1, 1_000_000_000)] | None = Field(
        default=None, description="Tokens that answers cost a model, estimated. Default: any number."
    )
    per: Timeout = Field(
        default=86_400.0, description="The time in which they may be used, beginning with the first call."
    )


class Rule(Section):
    who: Annotated[Who, BeforeValidator(_anyone)] = Field(
        description="Whom the rule is about: all that is given must hold; `anyone` for everybody.",
        json_schema_extra={"shorthand": {"const": ANYONE}},
    )
    may: tuple[Operations, ...] = Field(default=(), description="Selectors of the operations that they may call.")
    deny: tuple[Operations, ...] = Field(
        default=(), description="Selectors of those that they may not, whatever other rules say."
    )
    when: Condition | None = Field(
        default=None, description="A CEL expression over `args`, `principal` and `operation` that a call must fulfil."
    )
    unlisted: Bool = Field(
        default=False, description="Whether they may also call paths that no operation describes, in the APIs of `may`."
    )
    budgets: Budgets | None = Field(default=None, description="How much each of them may use by this rule.")
    message: Text = Field(default="", description="What somebody is told whose arguments `when` refuses.")
