"""References bring text into one value, and never show what they brought."""

from pathlib import Path

import pytest

from bridge.config import ConfigInvalid, Secret, as_yaml, load


def header(folder: Path, written: str, **env: str) -> str:
    """What an upstream header becomes that is written so."""
    path = folder / "bridge.yaml"
    path.write_text(f"apis: {{a: {{spec: bridge.yaml, upstream: {{headers: {{X-A: '{written}'}}}}}}}}\n")
    value = load(path, env).apis["a"].upstream.headers["x-a"]
    assert isinstance(value, Secret)
    return value.reveal()


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("Bearer ${TOKEN}", "Bearer t0ken"),
        ("${TOKEN}${TOKEN}", "t0kent0ken"),
        ("${NONE:-other}", "other"),
        ("${EMPTY:-other}", "other"),
        ("${NONE:-}", ""),
        ("${TOKEN:-other}", "t0ken"),
        ("$${TOKEN}", "${TOKEN}"),
        ("$$", "$"),
        ("$TOKEN costs $5", "$TOKEN costs $5"),
        ("${NESTED}", "${TOKEN} $$"),
        ("${file:secret}", "from file"),
        ("{{7*7}} {0.__class__} %(x)s", "{{7*7}} {0.__class__} %(x)s"),
    ],
)
def test_references_are_filled_in_once(tmp_path: Path, written: str, becomes: str) -> None:
    (tmp_path / "secret").write_bytes(b"from file\r\n")
    assert header(tmp_path, written, TOKEN="t0ken", EMPTY="", NESTED="${TOKEN} $$") == becomes


def test_only_one_line_break_is_taken_off_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a\n\n")
    with pytest.raises(ConfigInvalid, match="is not a header value"):
        header(tmp_path, "${file:secret}")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("${TOKEN}", "needs the environment variable TOKEN, which is not set"),
        ("${file:none}", "needs the file none, which cannot be read: No such file or directory"),
        ("${file:large}", "needs the file large, which is larger than 64 KiB"),
        ("${file:binary}", "needs the file binary, which cannot be read: it is not UTF-8 text"),
        ("${TOKEN", "has a ${ without its }"),
        ("${TO KEN}", "has the unknown reference ${TO KEN}"),
        ("${TOKEN:?no}", "has the unknown reference ${TOKEN:?no}"),
        ("${}", "has the unknown reference ${}"),
    ],
)
def test_what_cannot_be_filled_in_is_an_error(tmp_path: Path, written: str, message: str) -> None:
    (tmp_path / "large").write_bytes(b"x" * 65537)
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(ConfigInvalid) as caught:
        header(tmp_path, written)
    (problem,) = caught.value.problems
    assert problem.message == message
    assert (problem.line, problem.path) == (1, "apis.a.upstream.headers.X-A")


def test_keys_are_not_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "bridge.yaml"
    path.write_text("${KEY}: 1\napis: {a: {spec: bridge.yaml}}\n")
    with pytest.raises(ConfigInvalid, match=r'"\$\{KEY\}": is not a known key'):
        load(path, {"KEY": "listen"})


def test_what_is_filled_in_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "bridge.yaml"
    path.write_text("mcp: {page_size: '${SIZE}', instructions: '${TEXT}'}\napis: {a: {spec: bridge.yaml}}\n")
    mcp = load(path, {"SIZE": "7", "TEXT": "a: [b]\nlisten: x"}).mcp
    assert (mcp.page_size, mcp.instructions) == (7, "a: [b]\nlisten: x")


@pytest.mark.parametrize(
    "line",
    [
        "listen: ${CANARY}",
        "public_url: https://user:canary@gw.example.com",
        "public_url: https://gw.example.com/?key=canary",
        "cors: {origins: ${CANARY}}",
        "log: {level: ${CANARY}}",
        "log: ${CANARY}",
        "mcp: {page_size: ${CANARY}}",
        "apis: {b: {spec: x, upstream: {headers: {X-A: ' canary'}}}}",
        "apis: {b: {spec: x, upstream: {headers: 'X-A: canary'}}}",
        "apis: {b: {spec: x, upstream: {headers: ['X-A: canary']}}}",
        "apis: {b: {spec: x, upstream: {targets: ['http://u:canary@h']}}}",
        "apis: {b: {spec: x, upstream: {targets: 'http://u:canary@h'}}}",
    ],
)
def test_errors_never_show_what_may_be_secret(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bridge.yaml"
    path.write_text(f"{line}\n")
    with pytest.raises(ConfigInvalid) as caught:
        load(path, {"CANARY": "canary"})
    assert "canary" not in str(caught.value)
    assert "canary" not in repr(caught.value.problems)


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "bridge.yaml"
    path.write_text(
        "apis:\n  a:\n    spec: https://h.example.com/openapi.json?token=canary\n"
        "    upstream: {headers: {Authorization: 'Bearer canary'}}\n    rewrite: {set_headers: {X-Key: canary}}\n"
    )
    settings = load(path, {})
    shown = as_yaml(settings)
    assert "authorization: '***'" in shown
    for text in (shown, repr(settings), str(settings), settings.model_dump_json(), f"{settings.apis['a'].upstream}"):
        assert "canary" not in text
