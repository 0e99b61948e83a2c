"""A file becomes settings. Nothing behind the compiled runtime ever sees one of these."""

from bridge.config.addresses import Address
from bridge.config.load import environment, load
from bridge.config.problems import ConfigInvalid, Problem
from bridge.config.reference import Key, json_schema, json_schema_text, keys, restarted_with, static_changes
from bridge.config.schema import Settings
from bridge.config.show import as_json, as_yaml
from bridge.config.values import Secret
from bridge.config.zero import zero

__all__ = [
    "Address",
    "ConfigInvalid",
    "Key",
    "Problem",
    "Secret",
    "Settings",
    "as_json",
    "as_yaml",
    "environment",
    "json_schema",
    "json_schema_text",
    "keys",
    "load",
    "restarted_with",
    "static_changes",
    "zero",
]
