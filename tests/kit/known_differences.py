"""Where an oracle and the gateway part, and the sentence that decides it. Data: every line is a decision.

`wrong` is the oracle or the document; where the gateway is wrong it is mended and not listed. `operation` and `says` are
regular expressions that match the whole `METHOD /path` and a part of what the oracle said.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    oracle: str
    """openapi-core or swagger-client."""
    document: str
    """Its file's name without the extension; a regular expression too."""
    operation: str
    says: str
    wrong: str
    """oracle or document."""
    sentence: str
    """What decides it, with its source."""

    def covers(self, oracle: str, document: str, operation: str, said: str) -> bool:
        return (
            oracle == self.oracle
            and re.fullmatch(self.document, document) is not None
            and re.fullmatch(self.operation, operation) is not None
            and re.search(self.says, said) is not None
        )


ANY = r".*"
DIFFERENCES = (
    Difference(
        "openapi-core", ANY, ANY, "Tried to write read-only property with .* at the root .InvalidParameter", "oracle",
        "OpenAPI 3.0.3, Schema Object, readOnly: “Relevant only for Schema \"properties\" definitions.”"
        " The schema of a parameter is no property.",
    ),
    Difference(
        "openapi-core", "readme3[01]-.*style", ".* /(anything/form-data|form)/.*", "a bytes-like object is required|not available",
        "oracle",
        "OpenAPI 3.1.1, Encoding Object: “If the media type is not application/x-www-form-urlencoded or"
        " multipart/form-data then the value SHALL be ignored”, so that styles count in a multipart body;"
        " openapi-core cuts the bytes of a part with a separator of text and raises TypeError.",
    ),
)  # fmt: skip


def known(oracle: str, document: str, operation: str, said: str) -> Difference | None:
    return next((one for one in DIFFERENCES if one.covers(oracle, document, operation, said)), None)
