"""Which target: the only one, or the next by weight."""

import random

from bridge.model import Call, NoUpstream, Target


def route(call: Call) -> Target:
    assert call.route is not None
    targets = call.endpoint.route.targets if call.endpoint else call.route.targets
    if not targets:
        raise NoUpstream(f"the API {call.route.api!r} has no upstream address")
    if len(targets) == 1:
        return targets[0]
    return random.choices(targets, [target.weight for target in targets])[0]  # noqa: S311 (spreads load, no secret)
