"""What the settings say about callers, agents' endpoints and paths that the gateway keeps for itself."""

import pytest

from bridge.model import BadArguments, Json
from bridge.pipeline.runtime import Rate
from tests.kit.documents import paths
from tests.unit.compile.kit import compiled, findings

SERVERS = [{"url": "https://api.example.com"}]
LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}


def document(*keys: str, **more: Json) -> Json:
    return paths({key: {"operationId": key, "tags": [key.split("/")[1]]} for key in keys}, servers=SERVERS, **more)


# --- who may be called by which name ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("root", "hosts"),
    [
        ({}, LOOPBACK), ({"listen": "[::1]:0"}, LOOPBACK), ({"listen": "localhost:0"}, LOOPBACK),
        ({"listen": "0.0.0.0:0"}, None), ({"listen": "192.0.2.1:80"}, None),
        ({"mcp": {"hosts": ["gw.example.com"]}}, {"gw.example.com"}),
        ({"listen": "0.0.0.0:0", "mcp": {"hosts": ["gw.example.com"]}}, {"gw.example.com"}),
        ({"public_url": "https://gw.example.com"}, LOOPBACK | {"gw.example.com"}),
        ({"public_url": "https://gw.example.com:8443"}, LOOPBACK | {"gw.example.com:8443", "gw.example.com"}),
        ({"public_url": "https://[2001:db8::1]:8443"}, LOOPBACK | {"[2001:db8::1]:8443", "[2001:db8::1]"}),
    ],
)  # fmt: skip
def test_on_a_loopback_address_agents_must_use_a_name_that_is_known(root: Json, hosts: set[str] | None) -> None:
    assert compiled({"api": document("GET /a")}, **root).mcp.hosts == hosts


@pytest.mark.parametrize(
    ("root", "hosts"),
    [
        ({}, LOOPBACK), ({"listen": "0.0.0.0:0"}, None),
        ({"mcp": {"hosts": ["gw.example.com"]}}, LOOPBACK | {"gw.example.com"}),
        ({"listen": "0.0.0.0:0", "mcp": {"hosts": ["gw.example.com"]}}, None),
        ({"public_url": "https://GW.example.com:8443"}, LOOPBACK | {"gw.example.com:8443", "gw.example.com"}),
    ],
)  # fmt: skip
def test_on_a_loopback_address_people_must_use_a_name_that_is_known(root: Json, hosts: set[str] | None) -> None:
    assert compiled({"api": document("GET /a")}, **root).hosts == hosts


def test_on_a_loopback_address_people_may_use_an_apis_own_host() -> None:
    rt = compiled({"api": document("GET /a")}, apis={"api": {"host": "Pets.example.com"}})
    assert rt.hosts == frozenset(LOOPBACK | {"pets.example.com"})


def test_limits_and_the_agents_door_are_what_the_settings_say() -> None:
    rt = compiled(
        {"api": document("GET /a")},
        limits={"requests": {"rate": "6000/m", "burst": 7}, "concurrent": 3, "body": "1KiB", "result": "2KiB"},
        mcp={"path": "/agents", "origins": ["https://page.example.com"], "ttl": "5s", "instructions": "Be kind."},
        cors={"origins": ["https://page.example.com"], "max_age": "60s"},
        public_url="https://gw.example.com",
    )
    assert (rt.limits.requests, rt.limits.concurrent) == (Rate(100.0, 7), 3)
    assert (rt.limits.body_bytes, rt.limits.result_bytes) == (1024, 2048)
    assert (rt.mcp.path, rt.mcp.ttl_ms, rt.mcp.instructions) == ("/agents", 5000, "Be kind.")
    assert rt.mcp.origins == {"https://page.example.com"}
    assert rt.cors is not None
    assert (rt.cors.origins, rt.cors.max_age) == (frozenset({"https://page.example.com"}), 60)
    assert rt.public_url == "https://gw.example.com"


def test_without_settings_nothing_is_limited_but_sizes() -> None:
    rt = compiled({"api": document("GET /a")})
    assert (rt.limits.requests, rt.limits.concurrent, rt.cors) == (None, None, None)


def test_every_runtime_has_a_version_of_its_own() -> None:
    versions = [compiled({"api": document("GET /a")}).version for _ in range(3)]
    assert versions == sorted(set(versions))


# --- toolsets ---------------------------------------------------------------------------------------------------------


def test_a_toolset_holds_what_it_includes_less_what_it_excludes() -> None:
    sets = {
        "things": {"include": ["tag:things"], "instructions": "Only things."},
        "reads": {"include": ["GET /**"], "exclude": ["tag:notes"]},
        "none": {"include": ["tag:unknown"]},
    }
    rt = compiled(
        {"api": document("GET /things", "POST /things", "GET /notes")},
        mcp={"toolsets": sets, "instructions": "Everything.", "page_size": 1},
    )
    chosen = {name: sorted(one.operation.id for one in made.endpoints.values()) for name, made in rt.toolsets.items()}
    assert chosen == {
        "": ["GET /notes", "GET /things", "POST /things"],
        "things": ["GET /things", "POST /things"], "reads": ["GET /things"], "none": [],
    }  # fmt: skip
    assert (rt.toolsets["things"].instructions, rt.toolsets["reads"].instructions) == ("Only things.", "Everything.")
    for made in rt.toolsets.values():
        assert all(one is rt.endpoints["api", one.operation.id] for one in made.endpoints.values())


# --- paths that are taken ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "taken"),
    [
        ("POST /mcp", True), ("GET /mcp/notes", True), ("GET /mcp?x=1", True), ("GET /openapi.json", True),
        ("HEAD /openapi.json", True), ("POST /openapi.json", False), ("GET /mcpx", False), ("GET /a/mcp", False),
        ("GET /a/openapi.json", False),
    ],
)  # fmt: skip
def test_an_operation_at_a_path_of_the_gateways_own_is_told(key: str, taken: bool) -> None:
    rt = compiled({"api": document(key, "GET /other")})
    found = findings(rt, "reserved-path")
    assert [finding.message for finding in found] == (
        [f"{key.partition('?')[0]} is a path that the gateway itself answers"] if taken else []
    )
    assert len(rt.toolsets[""].endpoints) == 2, "as a tool it works"


def test_below_a_prefix_or_with_another_path_for_agents_nothing_is_taken() -> None:
    assert not findings(compiled({"api": document("GET /mcp")}, apis={"api": {"prefix": "/p"}}), "reserved-path")
    assert not findings(compiled({"api": document("GET /mcp")}, mcp={"path": "/agents"}), "reserved-path")
    below = compiled({"api": document("GET /openapi.json")}, apis={"api": {"prefix": "/p"}})
    (finding,) = findings(below, "reserved-path")
    assert "GET /p/openapi.json" in finding.message


def test_checks_of_very_many_tools_are_compiled_when_they_are_called() -> None:
    """Their schemas are large: all of them compiled would take gigabytes."""
    large = {"type": "string", "enum": [f"{'x' * 1000}{n}" for n in range(3000)]}
    content = {"application/json": {"schema": {"type": "object", "properties": {"a": large}}}}
    body = {"operationId": "a", "requestBody": {"content": content}}
    rt = compiled({"api": paths({f"POST /a{n}": body | {"operationId": f"a{n}"} for n in range(5)})})
    for n in range(5):
        check = rt.endpoints["api", f"a{n}"].check
        check({"a": f"{'x' * 1000}7"})
        with pytest.raises(BadArguments):
            check({"a": "y"})
