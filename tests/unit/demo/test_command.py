import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from bridge.demo import document

COMMAND = [sys.executable, "-m", "bridge.demo"]


@contextmanager
def running(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and the URL it printed."""
    arguments = [*COMMAND, "--port", "0", "--data", str(data)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().split()[-1]
        finally:
            process.kill()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_printed_url_answers_and_a_signal_ends_it_cleanly(tmp_path: Path, stop: signal.Signals) -> None:
    with running(tmp_path) as (process, url):
        with urlopen(f"{url}/openapi.yaml", timeout=5) as answer:
            assert answer.read() == document()
        process.send_signal(stop)
        output, errors = process.communicate(timeout=10)
        assert (process.returncode, output, errors) == (0, "", "")


def test_a_running_stream_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with running(tmp_path) as (process, url), urlopen(f"{url}/events/orders?limit=100&wait=30", timeout=5) as stream:
        stream.readline()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
        assert process.returncode == 0


def test_a_port_in_use_is_one_clear_line_and_exit_code_4(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = [*COMMAND, "--port", str(port), "--data", str(tmp_path)]
        ended = subprocess.run(arguments, capture_output=True, text=True, timeout=15, check=False)
    assert ended.returncode == 4
    assert ended.stderr == f"error: cannot listen on 127.0.0.1:{port}: Address already in use\n"


def test_a_data_folder_that_cannot_be_used_is_one_clear_line_and_exit_code_4(tmp_path: Path) -> None:
    blocking = tmp_path / "file"
    blocking.write_text("")
    ended = subprocess.run(
        [*COMMAND, "--port", "0", "--data", str(blocking)], capture_output=True, text=True, timeout=15, check=False
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (4, 1)
    assert str(blocking) in ended.stderr


def test_a_wrong_port_is_a_usage_error() -> None:
    ended = subprocess.run([*COMMAND, "--port", "70000"], capture_output=True, text=True, timeout=15, check=False)
    assert ended.returncode == 2
    assert "not a port" in ended.stderr


def test_it_ends_with_the_process_that_holds_its_input(tmp_path: Path) -> None:
    arguments = [*COMMAND, "--port", "0", "--data", str(tmp_path), "--with-parent"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stdout.readline()
            process.stdin.close()
            assert process.wait(timeout=10) == 0
        finally:
            process.kill()
