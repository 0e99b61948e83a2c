"""Pictures and attached files: bytes in, the same bytes out."""

# ruff: noqa: S608 - what is put into SQL text is written in this code; what a client sends is always bound

from urllib.parse import quote

from starlette.responses import Response

from bridge.demo.problems import Problem
from bridge.demo.reading import Arguments
from bridge.demo.replies import created, found, no_content
from bridge.demo.store import Row, Store, now

_FIELDS = "id, product_id, filename, media_type, length(content) AS bytes, metadata_json, labels_json, created"


def get_product_image(store: Store, arguments: Arguments) -> Response:
    key = arguments["productId"]
    row = found(store.one("SELECT image FROM products WHERE id = ?", key), f"product {key}")
    if row["image"] is None:
        raise Problem(404, f"product {key} has no picture yet")
    return Response(row["image"], media_type="image/png")


def set_product_image(store: Store, arguments: Arguments) -> Response:
    key = arguments["productId"]
    if not store.run("UPDATE products SET image = ? WHERE id = ?", arguments.body, key):
        raise Problem(404, f"there is no product {key}")
    return no_content()


def attach_file(store: Store, arguments: Arguments) -> Response:
    product, fields = arguments["productId"], arguments.body
    with store.transaction():
        found(store.one("SELECT id FROM products WHERE id = ?", product), f"product {product}")
        columns = {
            "product_id": product,
            "filename": fields["file"].filename,
            "media_type": fields["file"].content_type,
            "metadata_json": fields["metadata"],
            "labels_json": fields.get("labels", []),
            "content": fields["file"].content,
            "created": now(),
        }
        key = store.insert("attachments", columns)
        stored = found(store.one(f"SELECT {_FIELDS} FROM attachments WHERE id = ?", key), f"attachment {key}")
        return created(stored, f"/attachments/{key}/content")


def attachments_of(store: Store, product: int) -> list[Row]:
    return store.rows(f"SELECT {_FIELDS} FROM attachments WHERE product_id = ? ORDER BY id", product)


def download_attachment(store: Store, arguments: Arguments) -> Response:
    key = arguments["attachmentId"]
    row = found(store.one("SELECT filename, content FROM attachments WHERE id = ?", key), f"attachment {key}")
    # RFC 6266: filename* carries any character; quoting everything keeps quotes and line breaks out of the header.
    disposition = f"attachment; filename*=UTF-8''{quote(row['filename'], safe='')}"
    return Response(row["content"], 200, {"Content-Disposition": disposition}, "application/octet-stream")


def replace_attachment(store: Store, arguments: Arguments) -> Response:
    key = arguments["attachmentId"]
    if not store.run("UPDATE attachments SET content = ? WHERE id = ?", arguments.body, key):
        raise Problem(404, f"there is no attachment {key}")
    return no_content()


HANDLERS = {
    "getProductImage": get_product_image,
    "setProductImage": set_product_image,
    "attachFile": attach_file,
    "downloadAttachment": download_attachment,
    "replaceAttachment": replace_attachment,
}
