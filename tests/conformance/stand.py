"""What the suite runs against: the fixture's service, and a gateway process of its own before it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import yaml

from tests.conformance.fixture.upstream import PIXEL, Catalogue, application
from tests.kit.command import ANYWHERE, Running, gateway
from tests.kit.gateway import serving

FIXTURE = Path(__file__).parent / "fixture"


@asynccontextmanager
async def stand(home: Path) -> AsyncIterator[Running]:
    """Both, on free ports, with copies of the fixture's files in `home`, which the service may rewrite."""
    shutil.copy(FIXTURE / "openapi.yaml", home)
    (home / "pixel.png").write_bytes(PIXEL)
    catalogue = Catalogue(home / "bridge.yaml")
    async with serving(application(catalogue)) as url:
        settings = yaml.safe_load((FIXTURE / "bridge.yaml").read_text())
        settings["apis"]["everything"]["upstream"]["url"] = url
        catalogue.file.write_text(yaml.safe_dump(settings))
        async with gateway("--config", str(catalogue.file), *ANYWHERE, home=home) as running:
            catalogue.admin = str(running.told["admin"])
            yield running
