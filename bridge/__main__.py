"""The console script, and `python -m bridge`: an interrupt while the rest is still being imported ends quietly too."""

import sys


def main() -> None:
    try:
        from bridge.cli import main as command_line
    except KeyboardInterrupt:
        sys.exit(130)
    command_line()


if __name__ == "__main__":
    main()
