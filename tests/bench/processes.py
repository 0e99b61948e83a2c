"""Processes that are measured or that measure: started, awaited, looked at through /proc, ended."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import orjson

from bridge.model import Json

STARTS_IN = 30.0
TICKS = os.sysconf("SC_CLK_TCK")
Process: TypeAlias = "subprocess.Popen[bytes]"


def readable() -> bool:
    """Whether other processes can be looked at."""
    return Path("/proc/self/stat").exists()


@contextmanager
def running(command: Sequence[str]) -> Iterator[Process]:
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(STARTS_IN)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def module(name: str, *arguments: str) -> Iterator[Process]:
    with running([sys.executable, "-m", f"tests.bench.{name}", *arguments]) as child:
        yield child


@contextmanager
def gateway(*arguments: str) -> Iterator[tuple[Process, Json]]:
    """`dualbridge serve` on free ports, and the addresses that it announced."""
    with running([sys.executable, "-m", "bridge", "serve", *arguments, "-o", "json"]) as child:
        yield child, orjson.loads(line(child, until=b"}"))


def line(child: Process, until: bytes = b"") -> bytes:
    """What a child prints next: one line, or all up to the line `until`."""
    assert child.stdout is not None
    told = b""
    for one in child.stdout:
        told += one
        if until in {b"", one.strip()}:
            return told
    raise SystemExit(f"{child.args!r} ended without an answer")


def tell(child: Process, word: str) -> None:
    assert child.stdin is not None
    child.stdin.write(f"{word}\n".encode())
    child.stdin.flush()


def cpu(pid: int) -> float:
    """Seconds, user and system: fields 14 and 15 of proc_pid_stat(5), counted after the name in parentheses."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid: int) -> float:
    """Megabytes (10^6 bytes) of a process's own: RssAnon of proc_pid_status(5), which no file and no other has."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(one.split()[1]) * 1024 / 1e6 for one in lines if one.startswith("RssAnon"))


def allow_files(count: int) -> bool:
    """Whether this process and its children may open so many files, sockets among them; raises the limit to it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= count:
        return True
    if hard != resource.RLIM_INFINITY and hard < count:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    return True
