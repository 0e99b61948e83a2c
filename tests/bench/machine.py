"""What the figures were measured with: the machine and the versions that matter to them."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("dualbridge", "uvicorn", "httptools", "uvloop", "httpcore", "orjson", "jsonschema-rs", "ryaml")


def description() -> Iterator[tuple[str, str]]:
    load = f"load average {os.getloadavg()[0]:.1f} at the start"
    yield "machine", f"{_processor()}, {os.cpu_count()} processors, {_memory()}, {load}"
    yield "system", f"{platform.system()} {platform.release()} ({platform.machine()})"
    yield "Python", f"{platform.python_implementation()} {platform.python_version()}"
    yield "packages", ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    yield "nginx", _nginx()


def nginx() -> str | None:
    """Debian puts it where only root's PATH leads."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _processor() -> str:
    return _value("/proc/cpuinfo", "model name") or platform.processor() or "unknown processor"


def _memory() -> str:
    kilobytes = _value("/proc/meminfo", "MemTotal").partition(" ")[0]
    return f"{int(kilobytes) / (1 << 20):.0f} GB" if kilobytes else "memory unknown"


def _value(path: str, key: str) -> str:
    file = Path(path)
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")


def _nginx() -> str:
    program = nginx()
    if program is None:
        return "not installed"
    return subprocess.run([program, "-v"], capture_output=True, text=True, timeout=10, check=True).stderr.strip()
