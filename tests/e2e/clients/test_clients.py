"""The clients that agents come with, each in the revisions it speaks: everything it can do, done through the gateway.

What a client cannot do is data, with the reason: a step that is neither done nor listed fails.
"""

import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from bridge.model import Json
from tests.conformance.stand import stand
from tests.e2e.clients.driven import Work, World, driven
from tests.e2e.clients.plan import JUDGES, PLAN
from tests.kit.command import COMMAND, Running, environment
from tests.kit.needs import node

DRIVERS = Path(__file__).parent / "drivers"
