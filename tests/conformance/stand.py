"""What the suite runs against: the fixture's service, and a gateway process of its own before it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import yaml

from tests.conformance.fixture.upstream import FOLDER, Catalogue, application
from tests.kit.command import ANYWHERE, Running, gateway
from tests.kit.gateway import serving


@asynccontextmanager
async def stand(home: Path) -> AsyncIterator[Running]:
    """Both, on free ports, with copies of the fixture's files in `home`, which the service may rewrite."""
    for name in ("openapi.yaml", "pixel.png"):
        shutil.copy(FOLDER / name, home)
    catalogue = Catalogue(home / "bridge.yaml")
    async with serving(application(catalogue)) as url:
        settings = yaml.safe_load((FOLDER / "bridge.yaml").read_text())
        settings["apis"]["everything"]["upstream"]["url"] = url
        catalogue.file.write_text(yaml.safe_dump(settings))
        async with gateway("--config", str(catalogue.file), *ANYWHERE, home=home) as running:
            catalogue.admin = str(running.told["admin"])
            yield running
