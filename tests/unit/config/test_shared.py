"""Where shared state is, said in one URL that holds a password."""

from pathlib import Path

import pytest

from bridge.config import ConfigInvalid, Settings, as_yaml, load
from bridge.config.schema import SharedState

SPEC = "apis: {a: {spec: a.json}}\n"


def loaded(folder: Path, keys: str, **environment: str) -> Settings:
    (folder / "a.json").write_text("{}")
    file = folder / "bridge.yaml"
    file.write_text(f"{SPEC}state: {keys}\n")
    return load(file, environment)


@pytest.mark.parametrize(
    "url",
    [
        "memory://",
        "redis://localhost",
        "redis://localhost/",
        "redis://127.0.0.1:6379/15",
        "redis://[::1]:6379/0",
        "redis://:password@redis.internal:6379",
        "rediss://ann:p%40ss%2Fword%23@redis.internal:6380/1",
    ],
)
def test_places_of_shared_state(tmp_path: Path, url: str) -> None:
    settings = loaded(tmp_path, f'{{url: "{url}"}}')
    assert settings.state.url.reveal() == url
    assert settings.state.in_memory == (url == "memory://")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "redis",
        "memory://x",
        "http://s3cret@localhost",
        "redis://",
        "redis://:s3cret@",
        "redis://:s3cret@localhost:0",
        "redis://:s3cret@localhost:x",
        "redis://:s3cret@localhost:70000",
        "redis://:s3cret@1.2.3",
        "redis://:s3cret@localhost/x",
        "redis://:s3cret@localhost/0/1",
        "redis://:s3cret@localhost/0?db=1",
        "redis://:s3cret#1@localhost/0",
        "unix:///run/s3cret.sock",
    ],
)
def test_what_is_no_place_of_shared_state_is_refused_without_being_quoted(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigInvalid) as raised:
        loaded(tmp_path, f'{{url: "{url}"}}')
    (problem,) = raised.value.problems
    assert (problem.path, problem.line) == ("state.url", 2)
    assert problem.advice
    assert "s3cret" not in str(raised.value)


def test_the_password_is_never_shown_but_the_place_is(tmp_path: Path) -> None:
    settings = loaded(tmp_path, '{url: "redis://ann:${PASSWORD}@redis.internal:6379/2"}', PASSWORD="s3cret")
    assert settings.state.url.reveal() == "redis://ann:s3cret@redis.internal:6379/2"
    assert "redis://ann:***@redis.internal:6379/2" in as_yaml(settings)
    assert "s3cret" not in as_yaml(settings) + repr(settings)


def test_a_replica_shares_nothing_unless_told(tmp_path: Path) -> None:
    assert SharedState().in_memory
    assert "memory://" in as_yaml(loaded(tmp_path, "{connections: 2}"))


@pytest.mark.parametrize("keys", ["{prefix: ''}", "{prefix: 'a b'}", "{timeout: 0s}", "{connections: 0}"])
def test_what_would_not_work_is_refused(tmp_path: Path, keys: str) -> None:
    with pytest.raises(ConfigInvalid):
        loaded(tmp_path, keys)
