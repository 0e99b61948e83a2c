import json
import struct
import threading
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from bridge.demo import create_app
from bridge.demo.pictures import swatch

MERGE_PATCH = {"content-type": "application/merge-patch+json"}
ADDRESS = {"street": "12 St James's Square", "city": "Lyon", "postcode": "SW1Y 4JH", "country": "GB"}
ORDER = {"customer_id": 1, "lines": [{"product_id": 5, "quantity": 1}], "payment": {"method": "invoice", "due_days": 9}}


def following(link: str) -> str | None:
    """The target of the relation "next" in a Link header."""
    targets = [part.split(">")[0].strip(" <") for part in link.split(", ") if 'rel="next"' in part]
    return targets[0] if targets else None


def events(text: str) -> list[dict[str, str]]:
    return [dict(line.split(": ", 1) for line in block.split("\n")) for block in text.strip().split("\n\n")]


@pytest.mark.parametrize(
    ("start", "total"), [("/customers?limit=4", 6), ("/products?per_page=3&sort=price", 11), ("/orders?limit=2", 7)]
)
def test_following_the_next_link_meets_everything_once(shop: TestClient, start: str, total: int) -> None:
    target: str | None = start
    met = []
    while target is not None:
        page = shop.get(target)
        body = page.json()
        met += [it["id"] for it in (body if isinstance(body, list) else body["items"])]
        target = following(page.headers.get("link", ""))
    assert sorted(met) == list(range(1, total + 1))


def test_a_pin_goes_in_and_never_comes_out(shop: TestClient) -> None:
    answer = shop.post("/customers", json={"name": "Grace", "email": "grace@example.com", "pin": "4711"})
    assert "pin" not in answer.json()
    assert "4711" not in shop.get(answer.headers["location"]).text


def test_what_is_read_only_is_ignored_when_sent(shop: TestClient) -> None:
    given = {"id": 77, "created": "2001-01-01T00:00:00Z", "name": "Grace", "email": "grace@example.com"}
    stored = shop.post("/customers", json=given).json()
    assert stored["id"] == 7
    assert not stored["created"].startswith("2001")


def test_a_merge_patch_removes_nulls_and_keeps_what_is_absent(shop: TestClient) -> None:
    patch = {"phone": None, "address": {"city": "Lyon"}}
    after = shop.patch("/customers/1", json=patch, headers=MERGE_PATCH).json()
    assert (after["phone"], after["name"], after["address"]) == (None, "Ada Lovelace", ADDRESS)
    shorter = shop.patch("/customers/1", json={"address": {"postcode": None}}, headers=MERGE_PATCH).json()
    assert "postcode" not in shorter["address"]
    assert shop.patch("/customers/1", json={"address": None}, headers=MERGE_PATCH).json()["address"] is None
    refused = shop.patch("/customers/1", json={"address": {"city": "Lyon"}}, headers=MERGE_PATCH)
    assert refused.status_code == 400
    assert "'street' is missing" in refused.json()["detail"]


def test_an_unchanged_resource_answers_304_until_it_changes(shop: TestClient) -> None:
    tag = {"If-None-Match": shop.get("/customers/1").headers["etag"]}
    unchanged = shop.get("/customers/1", headers=tag)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    shop.patch("/customers/1", json={"tier": "silver"}, headers=MERGE_PATCH)
    assert shop.get("/customers/1", headers=tag).status_code == 200


def test_head_has_the_headers_of_get(shop: TestClient) -> None:
    head, get = shop.head("/customers/1"), shop.get("/customers/1")
    assert head.content == b""
    assert {name: head.headers[name] for name in ("etag", "content-length", "content-type")} == {
        name: get.headers[name] for name in ("etag", "content-length", "content-type")
    }


def test_a_product_is_replaced_only_under_its_own_tag(shop: TestClient) -> None:
    first = shop.get("/products/1")
    tag = {"If-Match": first.headers["etag"]}
    changed = {**first.json(), "price": 20.5}
    assert shop.put("/products/1", json=changed, headers=tag).json() == changed
    assert shop.put("/products/1", json=changed, headers=tag).status_code == 412


def test_a_seeded_picture_is_a_png_with_intact_chunks(shop: TestClient) -> None:
    answer = shop.get("/products/2/image")
    assert answer.headers["content-type"] == "image/png"
    picture, position, kinds = answer.content, 8, []
    while position < len(picture):
        length, kind = struct.unpack(">I4s", picture[position : position + 8])
        data = picture[position + 8 : position + 8 + length]
        assert struct.unpack(">I", picture[position + 8 + length : position + 12 + length])[0] == zlib.crc32(
            kind + data
        )
        kinds.append(kind)
        position += 12 + length
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]


def test_a_stored_picture_and_file_come_back_byte_for_byte(shop: TestClient) -> None:
    picture, every_byte = swatch(9, 8, 7, side=4), bytes(range(256))
    shop.put("/products/1/image", content=picture, headers={"content-type": "image/png"})
    assert shop.get("/products/1/image").content == picture
    shop.put("/attachments/1/content", content=every_byte, headers={"content-type": "application/octet-stream"})
    assert shop.get("/attachments/1/content").content == every_byte


def test_an_uploaded_file_keeps_its_name_type_metadata_and_labels(shop: TestClient) -> None:
    content = b"\r\n--x\r\n\x00\xff"
    files: list[Any] = [
        ("labels", (None, "grün")),
        ("file", ('Plan "ä".pdf', content, "application/pdf")),
        ("metadata", (None, '{"title": "Plan", "language": null, "pages": 2}', "application/json")),
        ("labels", (None, "b")),
    ]
    stored = shop.post("/products/2/attachments", files=files)
    expected = {"media_type": "application/pdf", "bytes": len(content), "labels": ["grün", "b"]}
    assert expected.items() <= stored.json().items()
    assert stored.json()["metadata"] == {"title": "Plan", "language": None, "pages": 2}
    assert shop.get(stored.headers["location"]).content == content
    included = shop.get("/products/2", headers={"X-Include": "attachments"}).json()
    assert included["attachments"] == [stored.json()]


@pytest.mark.parametrize(
    ("boundary", "reason"), [("", "boundary"), ("; boundary=b", "closing boundary"), ("; boundary=c", "boundary")]
)
def test_a_torn_multipart_body_is_refused(shop: TestClient, boundary: str, reason: str) -> None:
    torn = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: text/plain\r\n\r\na\r\n'
        b'--b\r\nContent-Disposition: form-data; name="metadata"\r\nContent-Type: application/json\r\n\r\n'
        b'{"title": "a"}\r\n'
        b'--b\r\nContent-Disposition: form-data; name="labels"\r\n\r\na'
    )
    headers = {"content-type": f"multipart/form-data{boundary}"}
    answer = shop.post("/products/1/attachments", content=torn, headers=headers)
    assert answer.status_code == 400
    assert reason in answer.json()["detail"]


def test_header_lines_of_one_name_are_one_list(shop: TestClient) -> None:
    lines = [
        ("X-Parcel", "weight=2"),
        ("X-Destination", "country,FR"),
        ("X-Carriers", "post"),
        ("X-Carriers", "freight"),
    ]
    offers = shop.get("/shipping/quotes", headers=lines).json()
    assert [it["carrier"] for it in offers] == ["post", "freight"]


def test_a_form_carries_arrays_objects_and_json(shop: TestClient) -> None:
    body = (
        "reason=wrong_item&products=1&products=4&marks=a+b,c%2Cd&pickup[date]=2025-05-02&pickup%5Bplace%5D=B%C3%BCro"
        "&refund=%7B%22to%22%3A%22voucher%22%7D"
    )
    headers = {"content-type": "application/x-www-form-urlencoded"}
    stored = shop.post("/orders/1/returns", content=body, headers=headers).json()
    assert (stored["products"], stored["marks"]) == ([1, 4], ["a b", "c,d"])
    assert (stored["pickup"], stored["refund"]) == ({"date": "2025-05-02", "place": "Büro"}, {"to": "voucher"})


def test_an_encoded_slash_stays_inside_its_segment(shop: TestClient) -> None:
    lying = shop.get("/warehouses/.BER/products/;skus=LAMP-01,DESK%2F02").json()
    assert {it["sku"] for it in lying} == {"LAMP-01", "DESK/02"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("colors=oak%7Cgreen", {2, 8, 10}),
        ("labels=eco%20new", {5}),
        ("price=min,40,max,60", {8, 10}),
        ("width=13&depth=13", {5, 6, 10}),
        ("sku=DESK/", {2, 7}),
        ("where=%7B%22field%22:%22description%22,%22op%22:%22like%22,%22value%22:%22DRAWERS%22%7D", {7}),
        ("where=%7B%22field%22:%22price%22,%22op%22:%22gt%22,%22value%22:200%7D&colors=white", {7}),
    ],
)
def test_a_search_finds_what_its_condition_says(shop: TestClient, query: str, found: set[int]) -> None:
    assert {it["id"] for it in shop.get(f"/products/search?{query}").json()} == found


def test_a_category_filter_reaches_its_subcategories(shop: TestClient) -> None:
    assert {it["id"] for it in shop.get("/products?filter[category]=3").json()} == {1, 6, 11}
    in_stock = shop.get("/products?filter[category]=1&filter[in_stock]=false").json()
    assert {it["id"] for it in in_stock} == {7, 8, 11}


def test_a_tree_of_categories_is_stored_whole(shop: TestClient) -> None:
    tree = {"name": "Garden", "children": [{"name": "Chairs"}, {"name": "Tools", "children": [{"name": "Spades"}]}]}
    stored = shop.post("/categories", json=tree).json()
    assert stored["children"][1]["children"][0]["name"] == "Spades"
    assert stored in shop.get("/categories").json()
    deep: dict[str, Any] = {"name": "leaf"}
    for _ in range(9):
        deep = {"name": "branch", "children": [deep]}
    assert shop.post("/categories", json=deep).status_code == 400
    assert len(shop.get("/categories").json()) == 3


def test_one_idempotency_key_places_one_order(shop: TestClient) -> None:
    key = {"Idempotency-Key": "once"}
    first, again = shop.post("/orders", json=ORDER, headers=key), shop.post("/orders", json=ORDER, headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert shop.post("/orders", json=ORDER).json()["id"] != first.json()["id"]


def test_an_order_that_fails_half_way_leaves_nothing(shop: TestClient) -> None:
    lines = [{"product_id": 5, "quantity": 1}, {"product_id": 99, "quantity": 1}]
    answer = shop.post("/orders", json={**ORDER, "lines": lines})
    assert (answer.status_code, "/lines/1/product_id" in answer.json()["detail"]) == (400, True)
    assert shop.get("/orders?limit=100").json()["items"][-1]["id"] == 7


def test_a_wrong_payment_is_told_by_the_alternative_that_was_meant(shop: TestClient) -> None:
    payment = {"method": "card", "brand": "visa", "last4": "42"}
    detail = shop.post("/orders", json={**ORDER, "payment": payment}).json()["detail"]
    assert detail == 'body at /payment/last4: "42" does not match "^[0-9]{4}$"'


def test_an_order_moves_on_and_its_watchers_hear_of_it(shop: TestClient) -> None:
    number = shop.post("/orders", json=ORDER).json()["id"]
    last = events(shop.get("/events/orders?limit=100").text)[-1]["id"]
    for status in ("paid", "shipped", "delivered"):
        shop.patch(f"/orders/{number}", json={"status": status}, headers=MERGE_PATCH)
    heard = events(shop.get("/events/orders", headers={"Last-Event-ID": last}).text)
    assert [it["event"] for it in heard] == ["paid", "shipped", "delivered"]
    assert all(json.loads(it["data"])["order_id"] == number for it in heard)


def test_a_stream_of_events_waits_for_the_next_one(shop: TestClient) -> None:
    last = events(shop.get("/events/orders?limit=100").text)[-1]["id"]
    later = threading.Timer(0.3, lambda: shop.post("/orders", json=ORDER))
    later.start()
    heard = events(shop.get("/events/orders?limit=1&wait=10", headers={"Last-Event-ID": last}).text)
    later.join(5)
    assert [it["event"] for it in heard] == ["placed"]


def test_a_delay_lies_between_events_and_before_a_report(shop: TestClient) -> None:
    for target in ("/events/orders?limit=3&delay=0.1", "/reports/sales?delay=0.2"):
        begun = time.monotonic()
        assert shop.get(target).status_code == 200
        assert time.monotonic() - begun >= 0.2


def test_an_export_has_one_order_per_line(shop: TestClient) -> None:
    for _ in range(60):
        shop.post("/orders", json=ORDER)
    answer = shop.get("/exports/orders")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line)["id"] for line in answer.text.splitlines()] == list(range(1, 68))


@pytest.mark.parametrize(("status", "retry_after"), [(429, "7"), (503, "7"), (500, None), (599, None)])
def test_a_drill_fails_as_told(shop: TestClient, status: int, retry_after: str | None) -> None:
    answer = shop.post(f"/drills/{status}?retry_after=7")
    assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry_after)
    assert answer.json()["status"] == status


@pytest.mark.parametrize(
    "body", [b'{"name": "\\ud800", "email": "a@b"}', b'{"name": NaN}', b"[" * 200_000, b'{"name": 1e999}', b"\xff"]
)
def test_json_that_nothing_can_be_made_of_is_refused(shop: TestClient, body: bytes) -> None:
    answer = shop.post("/customers", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["title"]) == (400, "Bad Request")


def test_a_number_too_large_to_store_is_refused(shop: TestClient) -> None:
    lines = [{"product_id": 2**70, "quantity": 1}]
    assert shop.post("/orders", json={**ORDER, "lines": lines}).status_code == 400


def test_many_threads_place_orders_at_once(shop: TestClient) -> None:
    numbers: list[int] = []
    threads = [
        threading.Thread(target=lambda: numbers.extend(shop.post("/orders", json=ORDER).json()["id"] for _ in range(5)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
    assert sorted(numbers) == list(range(8, 48))


def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    with TestClient(create_app(tmp_path / "new" / "folder")) as shop:
        shop.post("/orders", json=ORDER)
    with TestClient(create_app(tmp_path / "new" / "folder")) as shop:
        assert [it["id"] for it in shop.get("/orders").json()["items"]] == list(range(1, 9))
