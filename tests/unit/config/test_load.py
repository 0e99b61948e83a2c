"""A file, the environment and flags become settings, or a complete list of what is wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.config import ConfigInvalid, Settings, environment, load, restarted_with, static_changes
from bridge.config.addresses import Address
from bridge.model import Json, Timeouts, Validate

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    (tmp_path / "orders.yaml").touch()
    (tmp_path / "pay.yaml").touch()

    def write(text: str) -> Path:
        path = tmp_path / "bridge.yaml"
        path.write_text(text)
        return path

    return write


ORDERS = "apis:\n  orders: {spec: orders.yaml}\n"


def problems(path: Path, overrides: dict[str, Json] | None = None, **env: str) -> list[str]:
    """As printed, without the folder."""
    with pytest.raises(ConfigInvalid) as caught:
        load(path, env, overrides or {})
    return [str(problem).replace(f"{path.parent}/", "") for problem in caught.value.problems]


def test_the_smallest_file_names_one_api_and_everything_else_has_a_default(write: Write, tmp_path: Path) -> None:
    settings = load(write(ORDERS), {})
    assert settings.listen == Address("127.0.0.1", 8080)
    assert settings.admin is not None
    assert settings.admin.listen == Address("127.0.0.1", 8081)
    assert settings.apis["orders"].prefix == ""
    assert settings.apis["orders"].upstream.timeout == Timeouts().total
    assert (settings.data, settings.names) == (tmp_path / ".dualbridge", tmp_path / "names.lock")


def test_several_apis_are_mounted_below_their_names_unless_the_file_says_otherwise(write: Write) -> None:
    settings = load(
        write(
            "apis:\n"
            "  orders: {spec: orders.yaml}\n"
            "  pay: {spec: pay.yaml, host: Pay.Example.com}\n"
            "  more: {spec: pay.yaml, prefix: /}\n"
        ),
        {},
    )
    assert {name: (api.host, api.prefix) for name, api in settings.apis.items()} == {
        "orders": (None, "/orders"),
        "pay": ("pay.example.com", ""),
        "more": (None, ""),
    }


def test_paths_start_at_the_folder_of_the_file(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("data: state\nnames: /locks/names.lock\napis:\n  orders: {spec: orders.yaml, overlays: [pay.yaml]}\n")
    monkeypatch.chdir(tmp_path.parent)
    settings = load(Path(tmp_path.name) / path.name, {})
    assert settings.data == tmp_path / "state"
    assert settings.names == Path("/locks/names.lock")
    assert settings.apis["orders"].spec == str(tmp_path / "orders.yaml")
    assert settings.apis["orders"].overlays == (str(tmp_path / "pay.yaml"),)


def test_off_needs_no_quotes_and_texts_stay_what_was_written(write: Write) -> None:
    settings = load(
        write(
            "admin: off\nhealth: off\n"
            "apis:\n"
            "  orders:\n"
            "    spec: orders.yaml\n"
            "    validate: off\n"
            "    server_variables: {no: no, on: 0777, time: 12:30, version: 1.10, hex: 0x1F, date: 2026-01-01}\n"
        ),
        {},
    )
    assert (settings.admin, settings.health) == (None, None)
    orders = settings.apis["orders"]
    assert orders.validation is Validate.OFF
    assert orders.server_variables == {
        "no": "no", "on": "0777", "time": "12:30", "version": "1.10", "hex": "0x1F", "date": "2026-01-01",
    }  # fmt: skip


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "1", "y"])
def test_words_that_yaml_once_took_for_booleans_are_none(write: Write, word: str) -> None:
    (problem,) = problems(write(f"{ORDERS}log: {{calls: {word}}}\n"))
    assert problem == f"bridge.yaml:3:14: log.calls: “{word}” is neither true nor false; write true or false"


def test_a_number_with_a_leading_zero_is_not_guessed_at(write: Write) -> None:
    (problem,) = problems(write(f"{ORDERS}mcp: {{page_size: 0777}}\n"))
    assert problem.startswith("bridge.yaml:3:18: mcp.page_size: “0777” is not a whole number")


def test_every_problem_is_reported_at_once_in_the_order_of_the_file(write: Write) -> None:
    path = write(
        "lisen: 127.0.0.1:1\n"
        "public_url: https://gw.example.com/\n"
        "listen: 127.0.0.1:8082\n"
        "apis:\n"
        "  orders:\n"
        "    validate: no\n"
        "    url: http://x\n"
        '    upstream: {headers: {X-Key: "${KEY}"}}\n'
        "  pay: {spec: pay.yaml, prefix: /mcp}\n"
        "log: {level: warn}\n"
    )
    assert [problem.partition(";")[0] for problem in problems(path)] == [
        "bridge.yaml:1:1: lisen: is not a known key",
        "bridge.yaml:2:13: public_url: “https://gw.example.com/” ends with a slash",
        "bridge.yaml:3:9: listen: takes the same port as health.listen, which has its default",
        "bridge.yaml:6:5: apis.orders: has no spec",
        "bridge.yaml:6:15: apis.orders.validate: “no” is none of off, report, enforce",
        "bridge.yaml:7:5: apis.orders.url: is not a known key",
        "bridge.yaml:8:33: apis.orders.upstream.headers.X-Key: needs the environment variable KEY, which is not set",
        "bridge.yaml:9:33: apis.pay.prefix: collides with mcp.path, which has its default",
        "bridge.yaml:10:14: log.level: “warn” is none of debug, info, warning, error",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("listen: 8080", "1:9: listen: “8080” is not an address to listen on; write host:port"),
        ("listen: 127.1:80", "1:9: listen: “127.1:80” has no valid IPv4 address"),
        ("listen: ::1:80", "1:9: listen: “::1:80” has an IPv6 address without brackets; write [::1]:8080"),
        ("listen: a:70000", "1:9: listen: “a:70000” has no valid port"),
        ("listen:", "1:8: listen: has no value; write one, or leave the key out"),
        ("listen: [a]", "1:9: listen: the value is not an address to listen on"),
        ("admin: {listen: 0.0.0.0:1}", "1:17: admin.listen: is no loopback address, and whoever reaches it could"),
        ("admin: {tls: {certificate: a, key: b, client_ca: c}}", "1:50: admin.tls.client_ca: is used for nothing"),
        ("admin: on", "1:8: admin: “on” is neither off nor a section; write off, or keys: listen"),
        ("public_url: gw", "1:13: public_url: “gw” is not an absolute http or https URL"),
        ("public_url: http://h:0", "1:13: public_url: “http://h:0” has no valid port"),
        ("cors: {origins: https://a}", "1:17: cors.origins: is one value where a list is expected; write it in bra"),
        ("cors: {origins: ['https://a/']}", "1:18: cors.origins[0]: “https://a/” is not an origin"),
        ("cors: {headers: [Host]}", "1:18: cors.headers[0]: “Host” is written by the gateway itself"),
        ("cors: {max_age: 30}", "1:17: cors.max_age: “30” is not a duration; write a number and a unit"),
        ("mcp: {path: /}", "1:13: mcp.path: “/” would hide every API"),
        ("mcp: {path: /a/../b}", "1:13: mcp.path: “/a/../b” is not a path"),
        ("mcp: {origins: ['*']}", "1:17: mcp.origins[0]: “*” is not an origin"),
        ("mcp: {page_size: 0}", "1:18: mcp.page_size: “0” is out of range; write a number from 1 to 1000"),
        ("mcp: {toolsets: {A: {}}}", "1:18: mcp.toolsets.A: “A” is not a name that can be used here"),
        ("mcp: {toolsets: [a]}", "1:17: mcp.toolsets: is a list where names with values are expected"),
        ("limits: {requests: 100}", "1:20: limits.requests: “100” is not a rate; write a number per s, m or h"),
        ("limits: {requests: {burst: 1}}", "1:20: limits.requests: has no rate; add the key rate"),
        ("limits: {requests: 0/s}", "1:20: limits.requests: “0/s” lets nothing through"),
        ("limits: {body: 8 MiB}", "1:16: limits.body: “8 MiB” is not a size"),
        ("limits: 5", "1:9: limits: is one value where keys are expected; write keys: requests, concurrent, body"),
        (
            "identity: {}",
            "1:11: identity: lets nobody in; give api_keys, issuers or certificates, or say anonymous: true",
        ),
        ("evidence: {}", "1:1: evidence: is not a known key; known here: listen, admin"),
        ("identities: {}", "1:1: identities: is not a known key; did you mean identity?"),
        ("timeout: 3s", "1:1: timeout: is not a known key; it belongs under apis.<name>.upstream or"),
        ("log: &log {level: info}\nlog: *log", "2:1: log: is given twice, first at 1:1; keep one of them"),
        ("log: !!python/name:os.system {}", "1:6: log: has the tag tag:yaml.org,2002:python/name:os.system"),
    ],
)
def test_a_wrong_value_is_named_with_its_place_and_the_mend(write: Write, text: str, problem: str) -> None:
    (found,) = problems(write(f"{text}\n{ORDERS}"))
    assert found.startswith(f"bridge.yaml:{problem}")


@pytest.mark.parametrize(
    ("api", "problem"),
    [
        ("spec: none.yaml", "2:13: apis.a.spec: names a file that does not exist; paths start at the"),
        ("spec: .", "2:13: apis.a.spec: is a folder; name one document"),
        ("spec: ftp://h/x", "2:13: apis.a.spec: “ftp://h/x” has the scheme ftp, which is not fetched"),
        ("spec: orders.yaml, overlays: [x]", "2:37: apis.a.overlays[0]: names a file that does not exist"),
        ("spec: orders.yaml, prefix: orders", "2:34: apis.a.prefix: “orders” is not a path; begin with a slash"),
        ("spec: orders.yaml, host: 'h:80'", "2:32: apis.a.host: “h:80” has a port; write the host alone"),
        (
            "spec: orders.yaml, upstream: {url: 'http://a', targets: [{url: 'http://b'}]}",
            "2:63: apis.a.upstream.targets: cannot be given together with apis.a.upstream.url (bridge.yaml:2:42); keep",
        ),
        ("spec: orders.yaml, upstream: {url: 'http://a/?x'}", "2:42: apis.a.upstream.url: the value has a query"),
        ("spec: orders.yaml, upstream: {timeout: 0s}", "2:46: apis.a.upstream.timeout: “0s” leaves no time at all"),
        (
            "spec: orders.yaml, upstream: {headers: {TE: x}}",
            "2:47: apis.a.upstream.headers.TE: “TE” is written by the gateway itself",
        ),
        (
            "spec: orders.yaml, rewrite: {set_headers: {a b: x}}",
            '2:50: apis.a.rewrite.set_headers."a b": “a b” is not a header name',
        ),
        (
            "spec: orders.yaml, rewrite: {set_headers: {X-A: x, x-a: y}}",
            "2:49: apis.a.rewrite.set_headers: the value has the header x-a twice, in different case",
        ),
        ("spec: orders.yaml, tools: {include: [GTE /x]}", "2:44: apis.a.tools.include[0]: “GTE /x” begins with GTE"),
        (
            "spec: orders.yaml, tools: {exclude: ['effect:read']}",
            "2:44: apis.a.tools.exclude[0]: “effect:read” names no",
        ),
        (
            "spec: orders.yaml, operations: {get /x: {}}",
            '2:39: apis.a.operations."get /x": “get /x” begins with get, which is no method; did you mean GET?',
        ),
        (
            "spec: orders.yaml, operations: {a: {name: x}, b: {name: x}}",
            "2:63: apis.a.operations.b.name: is the same tool name as apis.a.operations.a.name (bridge.yaml:2:49)",
        ),
    ],
)
def test_a_wrong_api_is_named_with_its_place_and_the_mend(write: Write, api: str, problem: str) -> None:
    (found,) = problems(write(f"apis:\n  a: {{{api}}}\n"))
    assert found.startswith(f"bridge.yaml:{problem}")


def test_two_apis_at_one_place_are_both_named(write: Write) -> None:
    (problem,) = problems(
        write("apis:\n  a: {spec: orders.yaml, prefix: /x}\n  b:\n    spec: pay.yaml\n    prefix: /x\n")
    )
    assert problem == (
        "bridge.yaml:5:13: apis.b.prefix: leads to the same place as apis.a.prefix (bridge.yaml:2:34); "
        "give each API a prefix or a host of its own"
    )


def test_one_prefix_on_two_hosts_is_two_places(write: Write) -> None:
    load(write("apis:\n  a: {spec: orders.yaml, host: a.com}\n  b: {spec: pay.yaml, host: b.com}\n"), {})


def test_an_api_may_surround_the_agents_endpoint(write: Write) -> None:
    load(write("mcp: {path: /gw/mcp}\napis:\n  a: {spec: orders.yaml, prefix: /gw}\n"), {})
    load(write("apis:\n  a: {spec: orders.yaml, prefix: /mcpx}\n"), {})


@pytest.mark.parametrize(
    ("listen", "clash"),
    [("0.0.0.0:8082", True), ("[::]:8082", True), ("localhost:8082", True), ("10.0.0.1:8082", False)],
)
def test_listeners_clash_where_their_addresses_overlap(write: Write, listen: str, clash: bool) -> None:
    path = write(f"listen: '{listen}'\n{ORDERS}")
    if clash:
        assert "listen: takes the same port as health.listen" in problems(path)[0]
    else:
        load(path, {})


def test_free_ports_never_clash(write: Write) -> None:
    load(write(f"listen: 127.0.0.1:0\nadmin: {{listen: 127.0.0.1:0}}\n{ORDERS}"), {})


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "log: {level: debug}\n", "apis: {}\n"])
def test_a_file_without_an_api_says_so(write: Write, text: str) -> None:
    (problem,) = problems(write(text))
    assert "apis: names no API; add one" in problem


def test_problems_between_keys_are_found_although_single_keys_are_wrong(write: Write) -> None:
    found = problems(write("listen: 127.0.0.1:8081\nlimits: {requests: 5}\napis: 7\n"))
    assert [problem.partition(": ")[2].partition(";")[0] for problem in found] == [
        "listen: takes the same port as admin.listen, which has its default",
        "limits.requests: “5” is not a rate",
        "apis: is one value where names with values are expected",
    ]


def test_one_fault_in_a_list_does_not_hide_the_next(write: Write) -> None:
    found = problems(write(f"cors:\n  origins:\n    - '${{NONE}}'\n    - null\n    - a\n    - b\n{ORDERS}"))
    assert [problem.split(": ")[1] for problem in found] == [f"cors.origins[{index}]" for index in range(4)]


def test_a_required_key_without_a_value_is_not_also_missing(write: Write) -> None:
    assert len(problems(write("apis: {a: {spec: }}\n"))) == 1


def test_a_wrong_key_is_not_blamed_twice(write: Write) -> None:
    """Without its wrong port the listener would have the default, which is not what was meant."""
    assert len(problems(write(f"admin: {{listen: x}}\nlisten: 127.0.0.1:8081\n{ORDERS}"))) == 1


def test_the_environment_wins_over_the_file_and_flags_over_both(write: Write) -> None:
    path = write(f"listen: 127.0.0.1:1\nlog: {{level: error, calls: true}}\n{ORDERS}")
    env = {"DUALBRIDGE_LISTEN": "127.0.0.1:2", "DUALBRIDGE_LOG_LEVEL": "warning", "DUALBRIDGE_LOG_CALLS": "false"}
    settings = load(path, env, {"listen": "127.0.0.1:3", "mcp.page_size": 7, "health": "off", "public_url": None})
    assert (settings.listen.port, settings.log.level, settings.log.calls) == (3, "warning", False)
    assert (settings.mcp.page_size, settings.health) == (7, None)


def test_a_section_can_be_switched_off_and_set_by_the_environment(write: Write) -> None:
    settings = load(write(ORDERS), {"DUALBRIDGE_ADMIN": "off", "DUALBRIDGE_LIMITS_REQUESTS": "5/s"})
    assert settings.admin is None
    assert settings.limits.requests is not None
    assert (settings.limits.requests.rate, settings.limits.requests.permits) == (5.0, 5)


def test_a_wrong_value_from_outside_names_its_source_and_is_not_quoted(write: Write) -> None:
    found = problems(write(ORDERS), {"log.format": "xml"}, DUALBRIDGE_LISTEN="hunter2")
    assert [problem.partition(";")[0] for problem in found] == [
        "$DUALBRIDGE_LISTEN: listen: the value is not an address to listen on",
        "command line: log.format: “xml” is none of auto, text, json",
    ]


def test_empty_and_foreign_variables_of_the_prefix_are_ignored(write: Write) -> None:
    env = {"DUALBRIDGE_LISTEN": "", "DUALBRIDGE_PORT": "tcp://10.0.0.1:80", "DUALBRIDGE_SERVICE_HOST": "10.0.0.1"}
    assert load(write(ORDERS), env).listen.port == 8080
    assert not {"DUALBRIDGE_PORT", "DUALBRIDGE_SERVICE_HOST"} & set(environment())


def test_each_variable_stands_for_one_key() -> None:
    assert len(set(environment().values())) == len(environment())
    assert environment()["DUALBRIDGE_ADMIN_LISTEN"] == "admin.listen"


def test_only_static_keys_need_a_restart(write: Write) -> None:
    before = load(write(ORDERS), {})
    after = load(write(f"listen: 127.0.0.1:1\nadmin: off\nlog: {{level: debug}}\n{ORDERS}"), {})
    assert static_changes(before, after) == ("listen", "admin")
    assert static_changes(before, before) == ()


def test_tokens_and_names_of_the_admin_port_change_without_a_restart_and_its_address_does_not(write: Write) -> None:
    before = load(write(f"admin: {{tokens: {{ann: {'a' * 32}}}}}\n{ORDERS}"), {})
    named = load(write(f"admin: {{tokens: {{bob: {'b' * 32}}}, hosts: [gw.example.com]}}\n{ORDERS}"), {})
    moved = load(write(f"admin: {{tokens: {{bob: {'b' * 32}}}, listen: 127.0.0.1:1}}\n{ORDERS}"), {})
    assert (static_changes(before, named), restarted_with(before, named)) == ((), named)
    assert static_changes(before, moved) == ("admin",)
    kept = restarted_with(before, moved).admin
    assert kept is not None
    assert (str(kept.listen), list(kept.tokens)) == ("127.0.0.1:8081", ["bob"])


def test_a_token_that_two_have_is_nobodys_and_is_not_quoted(write: Write) -> None:
    found = problems(write(f"admin:\n  tokens:\n    ann: {'t' * 32}\n    bob: {'t' * 32}\n{ORDERS}"))
    assert len(found) == 1
    assert "admin.tokens.bob: is the same token as admin.tokens.ann" in found[0]
    assert "ttt" not in found[0]


def test_settings_cannot_be_changed(write: Write) -> None:
    settings: Settings = load(write(ORDERS), {})
    with pytest.raises(ValueError, match="frozen"):
        settings.public_url = "http://x"


def test_json_is_read_too(write: Write) -> None:
    assert load(write(json.dumps({"apis": {"orders": {"spec": "orders.yaml"}}}, indent=1)), {}).apis


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path / "none.yaml")
    assert problem == "none.yaml: cannot be read: No such file or directory; name a file that exists"
    assert problems(tmp_path)[0].endswith("cannot be read: Is a directory; name a file that exists")
