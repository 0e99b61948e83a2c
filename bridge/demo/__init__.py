"""The sample upstream: a small shop over SQLite that takes everything an OpenAPI document can ask of a client.

`create_app` serves every operation of `specs/orders.yaml` and the document itself at /openapi.yaml. The document is
the only statement of the interface: an operation without a handler, or a handler without an operation, stops the
start. Nothing here knows the rest of the package.
"""

from bridge.demo.contract import document, document_path
from bridge.demo.service import create_app

__all__ = ["create_app", "document", "document_path"]
