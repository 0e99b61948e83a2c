"""The description of the admin API, as it is published: `python -m bridge.control.document`.

Without the release it was made with: the description is another one when the API is.
"""

import json
import sys

from bridge.control.api import application
from bridge.model import Json


def document() -> Json:
    described = application().openapi()
    return {
        "openapi": described["openapi"],
        "x-generated": "by `python -m bridge.control.document`; do not edit",
        "info": described["info"] | {"version": "1"},
        **{key: value for key, value in described.items() if key not in {"openapi", "info"}},
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=2, ensure_ascii=False) + "\n")
