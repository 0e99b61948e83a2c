"""`python -m bridge` is `dualbridge`."""

from bridge.cli import main

main()
