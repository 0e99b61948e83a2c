"""`python -m tests.conformance [REVISION…]`: runs the official suite; 1 when its results are not those listed."""

import asyncio
import sys

from tests.conformance.suite import MINIMUM, PACKAGE, run
from tests.kit.needs import has_node_package


async def main(revisions: list[str]) -> int:
    if not has_node_package(PACKAGE):
        print("Node or the suite is missing: `make node` brings them.", file=sys.stderr)
        return 2
    good = True
    for revision in revisions or MINIMUM:
        results = await run(revision)
        print("\n".join(results.lines()), flush=True)
        good &= results.good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
