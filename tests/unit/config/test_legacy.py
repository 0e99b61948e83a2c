"""How a configuration has the older revisions of MCP served."""

from pathlib import Path

import pytest

from bridge.compile.policy import mcp_door
from bridge.config import ConfigInvalid, Settings, load
from bridge.pipeline.runtime import Legacy


def configured(folder: Path, mcp: str) -> Settings:
    (folder / "shop.yaml").touch()
    path = folder / "bridge.yaml"
    path.write_text(f"mcp: {mcp}\napis: {{shop: {{spec: shop.yaml}}}}\n")
    return load(path, {})


def test_sessions_are_the_default_and_http_sse_is_not(tmp_path: Path) -> None:
    door = mcp_door(configured(tmp_path, "{}"))
    assert (door.legacy, door.sse, door.poll) == (Legacy.SESSIONS, False, 30.0)


@pytest.mark.parametrize("legacy", list(Legacy))
def test_each_way_to_serve_older_revisions_reaches_the_door(legacy: Legacy, tmp_path: Path) -> None:
    assert mcp_door(configured(tmp_path, f"{{legacy: {legacy}, poll: 5s}}")).legacy is legacy


def test_http_sse_is_served_where_it_is_asked_for(tmp_path: Path) -> None:
    assert mcp_door(configured(tmp_path, "{sse: true}")).sse


@pytest.mark.parametrize("legacy", ["sessionless", "off"])
def test_http_sse_needs_sessions(legacy: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"mcp\.sse: needs sessions, and mcp\.legacy has none"):
        configured(tmp_path, f"{{legacy: {legacy}, sse: true}}")


@pytest.mark.parametrize("name", ["sse", "messages"])
def test_no_toolset_hides_the_paths_of_http_sse(name: str, tmp_path: Path) -> None:
    toolsets = f"toolsets: {{{name}: {{include: [GET /**]}}}}"
    with pytest.raises(ConfigInvalid, match=rf"mcp\.toolsets\.{name}: is served where mcp\.sse has its own path"):
        configured(tmp_path, f"{{sse: true, {toolsets}}}")
    assert name in configured(tmp_path, f"{{{toolsets}}}").mcp.toolsets
