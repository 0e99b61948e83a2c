"""The effective configuration as it would be written, secrets as `***`."""

from collections.abc import Mapping

import yaml

from bridge.config.schema import Settings
from bridge.config.sections import OFF
from bridge.model import Json

_CAN_BE_OFF = frozenset({"admin", "health", "watch"})


def as_json(settings: Settings) -> Json:
    written = _without_none(settings.model_dump(mode="json", by_alias=True))
    return {name: written.get(name, OFF) for name in _names(settings) if name in written or name in _CAN_BE_OFF}


def as_yaml(settings: Settings) -> str:
    return yaml.safe_dump(as_json(settings), sort_keys=False, allow_unicode=True, width=120)


def _names(settings: Settings) -> list[str]:
    return list(type(settings).model_fields)


def _without_none(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value
