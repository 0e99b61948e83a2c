"""Where an oracle and the gateway part, and the sentence that decides it: data.

`wrong` is the oracle or the document; where the gateway is wrong it is mended and not listed. `operation` and `says`
are regular expressions that match the whole `METHOD /path` and a part of what the oracle said.
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
CORE, CLIENT = "openapi-core", "swagger-client"
STYLES = "readme3[01]-parameters-style"
_SHAPED = (
    "OpenAPI 3.1.1, Style Examples: “label | false | . | .blue | .blue,black,brown | .R,100,G,200,B,150”; RFC 6570"
    " section 3.2.5 expands {.list} to .red,green,blue as well. (3.0.3 and 3.1.0 printed points there.)"
)
_OBJECT = (
    "OpenAPI 3.1.1, Style Examples: “?color=R%20100%20G%20200%20B%20150” and “?color=R%7C100%7CG%7C200%7CB%7C150”."
)
_REPEATED = (
    "OpenAPI 3.1.1, Encoding multipart Media Types: “Array properties are handled by applying the same `name` to"
    " multiple parts, as is recommended by RFC7578 §4.3 for supplying multiple values per form field.”"
)
_STYLE_IN_3_0 = (
    "OpenAPI 3.0.3, Encoding Object, style and explode: “This property SHALL be ignored if the request body media"
    " type is not `application/x-www-form-urlencoded`.”"
)
DIFFERENCES = (
    # --- openapi-core -------------------------------------------------------------------------------------------------
    Difference(
        CORE, "readme30-parameters-style", ".* /anything/form-data/.*", "DeserializeError", "oracle", _STYLE_IN_3_0,
    ),
    Difference(
        CORE, "readme31-parameters-style", "POST /anything/form-data/deepObject", "not available", "document",
        "OpenAPI 3.1.1, Style Examples: “The behavior of combinations marked _n/a_ is undefined”, as is deepObject"
        " with a string or an array.",
    ),
    Difference(
        CORE, "xero-projects", ANY, "is not of type 'number' at rate", "oracle",
        "OpenAPI 3.0.3, Reference Object: “This object cannot be extended with additional properties and any properties"
        " added SHALL be ignored.” The document writes `type: number` beside a reference to an object.",
    ),
    Difference(
        CORE, "swaggerjs-sample32", ANY, "MissingRequiredParameter", "document",
        "OpenAPI 3.1.1, Parameter Object: “Parameter Objects MUST include either a `content` field or a `schema`"
        " field, but not both.” The parameter has neither, and openapi-core does not look for its value.",
    ),
    Difference(
        CORE, "box", "POST /oauth2/revoke", "'grant_type' is a required property", "oracle",
        "JSON Schema 2020-12 Validation, section 6.5.3: “An object instance is valid against this keyword if every"
        " item in the array is the name of a property in the instance.” It is in the body; openapi-core reads the"
        " fields of a form that `properties` names and drops the others.",
    ),
    Difference(
        CORE, "box", "GET /search", "not an object format", "document",
        "OpenAPI 3.1.1, Style Examples, knows scalar members only: an array of objects in a query with style form is"
        " undefined. The API's own guide asks for JSON, which is what is sent.",
    ),
    Difference(
        CORE, "discord", "POST /guilds/{guild_id}/stickers", "Expected a string value, got <class 'list'>", "oracle",
        "JSON Schema 2020-12 Validation, section 6.1.1: “The value of this keyword MUST be either a string or an"
        " array.” openapi-core reads the type of a part as text only.",
    ),
    Difference(
        CORE, "discord", ANY, r"is not one of \[\]", "document",
        "JSON Schema 2020-12 Validation, section 6.1.2: “This array SHOULD have at least one element.” No value is"
        " one of none, so that the document lets nothing through; the empty list is dropped, with a finding.",
    ),
    Difference(
        CORE, "openai", "POST /(audio|images)/.*", "'.*' is not of type '(number|integer)'", "oracle",
        "OpenAPI 3.1.1, Encoding Object, contentType: a part of a primitive type is text/plain, so that a number"
        " arrives as its text. openapi-core compares the text with the number's schema.",
    ),
    Difference(
        CORE, "openai", "POST /audio/transcriptions", r"\[\] should be non-empty", "oracle",
        "JSON Schema 2020-12 Validation, section 6.5.3: “Omitting this keyword has the same behavior as an empty"
        " array.” The field was not sent and need not be; openapi-core takes a missing part for an empty array.",
    ),
    Difference(
        CORE, "openai", "POST /responses.*", "is valid under each of", "document",
        "JSON Schema 2020-12 Core, section 10.2.1.3: “An instance validates successfully against this keyword if it"
        " validates successfully against exactly one schema defined by this keyword's value.” Two branches of the"
        " document overlap; a tool's schema keeps them apart by the discriminator.",
    ),
    Difference(
        CORE, "openai", "POST /fine_tuning/jobs", "exclusiveMinimum", "document",
        "JSON Schema 2020-12 Validation, section 6.2.5: “The value of `exclusiveMinimum` MUST be a number”. The"
        " document writes `true`, as was right in 3.0.",
    ),
    Difference(
        CORE, "readme31-schema-types", ANY, "no value is both string and integer", "document",
        "JSON Schema 2020-12 Core, section 10.2.1.1: an instance has to be valid against every member of `allOf`. The"
        " document shows what happens if none can be.",
    ),
    # --- swagger-client -----------------------------------------------------------------------------------------------
    Difference(
        CLIENT, ANY, ANY, r"^path: \(.*%[0-9A-Fa-f]{2}", "oracle",
        "RFC 3986 section 2.4: “Because the percent ('%') character serves as the indicator for percent-encoded"
        " octets, it must be percent-encoded as '%25' for that octet to be used as data within a URI.”"
        " swagger-client leaves a value that looks encoded as it is.",
    ),
    Difference(
        CLIENT, STYLES + "|orders", "GET /(cookies|basket).*", "^headers: .*cookie", "oracle",
        "RFC 6265 section 5.4: “the user agent MUST NOT attach more than one Cookie header field”, so that all cookies"
        " share one; swagger-client keeps the last parameter's alone. And OpenAPI 3.1.1, Parameter Object, explode:"
        " “When `style` is `form`, the default value is `true`.”",
    ),
    Difference(CLIENT, STYLES, ".* /anything/path/label/.*", "^path: ", "oracle", _SHAPED),
    Difference(CLIENT, STYLES, ".* /anything/query/(space|pipe)Delimited", "^query: .*'object'", "oracle", _OBJECT),
    Difference(CLIENT, STYLES, "POST /anything/form-data", "^body: .*'array'", "oracle", _REPEATED),
    Difference(CLIENT, "orders", "POST /products/{productId}/attachments", "^body: .*'labels'", "oracle", _REPEATED),
    Difference(
        CLIENT, "orders", "POST /orders/{orderId}/returns", "^body: .*'products'", "oracle",
        "OpenAPI 3.0.3, Encoding Object, style: “The behavior follows the same values as `query` parameters, including"
        " default values”, which are form and explode.",
    ),
    Difference(CLIENT, "readme30-parameters-style", ".* /anything/form-data/.*", "^body: ", "oracle", _STYLE_IN_3_0),
    Difference(
        CLIENT, "readme31-parameters-style", ".* /anything/form-data/deepObject", "^body: .*array", "document",
        "OpenAPI 3.1.1, Style Examples: “The behavior of combinations marked _n/a_ is undefined”, as is deepObject"
        " with an array.",
    ),
    Difference(
        CLIENT, "readme31-parameters-style", ".* /anything/form-data/(space|pipe)Delimited", "^body: ", "oracle",
        _OBJECT + " In a part nothing is percent-encoded (RFC 7578 section 4.1 delimits parts by boundaries);"
        " swagger-client writes %20 into the text.",
    ),
)  # fmt: skip


def known(oracle: str, document: str, operation: str, said: str) -> Difference | None:
    return next((one for one in DIFFERENCES if one.covers(oracle, document, operation, said)), None)
