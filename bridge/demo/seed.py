"""The fixed data a new database starts with: the same ids, prices and dates every time."""

from bridge.demo.contract import Json
from bridge.demo.pictures import swatch
from bridge.demo.routes.catalogue import plant
from bridge.demo.routes.customers import new_customer
from bridge.demo.routes.orders import move, order, put_order
from bridge.demo.routes.products import new_product
from bridge.demo.store import Row, Store

_CATEGORIES: list[Row] = [
    {
        "name": "Furniture",
        "children": [{"name": "Desks"}, {"name": "Lighting", "children": [{"name": "Desk lamps"}]}, {"name": "Chairs"}],
    },
    {"name": "Stationery", "children": [{"name": "Paper"}, {"name": "Pens"}]},
]

# name, e-mail, phone, tier, tags, street, city, postcode, country
_CUSTOMERS: list[tuple[Json, ...]] = [
    ("Ada Lovelace", "ada@example.com", "+44 20 7946 0001", "gold", ["newsletter", "wholesale"],
     "12 St James's Square", "London", "SW1Y 4JH", "GB"),
    ("Émilie du Châtelet", "emilie@example.com", None, "silver", ["newsletter"],
     "3 Rue de la République", "Lyon", "69001", "FR"),
    ("Konrad Zuse", "konrad@example.com", "+49 30 5550 1941", "standard", [],
     "Methfesselstraße 10", "Berlin", "10965", "DE"),
    ("Hedy Lamarr", "hedy@example.com", "+43 1 555 1942", "gold", ["wholesale"],
     "Peter-Jordan-Straße 5", "Wien", "1190", "AT"),
    ("Sofia Kowalewskaja", "sofia@example.com", None, "standard", ["newsletter", "press"],
     "Drottninggatan 7", "Stockholm", "111 51", "SE"),
    ("Alan O'Neil", "alan@example.com", "+1 555 0106", "standard", ["press"],
     "1 Main Street", "Springfield", "62701", "US"),
]  # fmt: skip

# sku, name, description, price, color, labels, category, (width, height, depth)
_PRODUCTS: list[tuple[Json, ...]] = [
    ("LAMP-01", "Desk lamp", "A lamp with a jointed arm.", 24.5, "black", ["new", "sale"], 4, (18, 42, 18)),
    ("DESK/02", "Standing desk", "Height from 70 to 120 cm.", 389.0, "oak", ["new"], 2, (140, 120, 70)),
    ("CHAIR-7", "Office chair", "With arm rests.", 159.9, "black", ["sale"], 5, (62, 110, 62)),
    ("PAPER-A4", "Paper, 500 sheets", None, 4.99, "white", ["eco"], 7, (21, 5, 30)),
    ("PEN-BLUE", "Ball pen", None, 1.2, "blue", ["eco", "new"], 8, (1, 14, 1)),
    ("LAMP-02", "Clamp lamp", "Holds on to any table top.", 31.0, "white", ["new"], 4, (12, 60, 12)),
    ("DESK/01", "Writing desk", "Two drawers.", 249.0, "white", ["sale"], 2, (120, 75, 60)),
    ("CHAIR-9", "Stool", None, 45.0, "oak", [], 5, (35, 48, 35)),
    ("NOTE-A5", "Notebook", "Ruled, 96 pages.", 6.4, "red", ["eco"], 7, (15, 2, 21)),
    ("PEN-GRN", "Fountain pen", "Piston filler.", 54.0, "green", ["new"], 8, (2, 14, 2)),
    ("LAMP-99", "Floor lamp", "No longer made.", 79.0, "black", [], 3, (30, 160, 30)),
]  # fmt: skip

_COLORS = {
    "black": (30, 30, 30),
    "white": (245, 245, 240),
    "red": (190, 40, 40),
    "green": (40, 130, 70),
    "blue": (40, 80, 180),
    "oak": (180, 140, 90),
}
_WAREHOUSES = {"BER": "Berlin", "LYO": "Lyon", "GOT": "Göteborg"}

# warehouse, aisle, bay, product, quantity
_STOCK = [
    ("BER", 1, 1, 1, 40), ("BER", 1, 2, 2, 6), ("BER", 3, 7, 4, 900), ("BER", 3, 8, 5, 2500),
    ("LYO", 1, 1, 1, 12), ("LYO", 2, 4, 3, 15), ("LYO", 2, 5, 7, 0),
    ("GOT", 5, 1, 6, 33), ("GOT", 5, 2, 9, 210),
]  # fmt: skip

_CARD = {"method": "card", "brand": "visa", "last4": "4242"}
_INVOICE = {"method": "invoice", "due_days": 30, "vat_id": None}

# customer, {product: quantity}, payment, placed, note, then the later states with their times
_ORDERS: list[tuple[int, dict[int, int], Row, str, str | None, dict[str, str]]] = [
    (1, {1: 2, 4: 10}, _CARD, "2025-03-03T09:12:00Z", None,
     {"shipped": "2025-03-04T08:00:00Z", "delivered": "2025-03-06T13:40:00Z"}),
    (2, {2: 1}, _INVOICE, "2025-03-17T16:45:30Z", "Second floor, no lift",
     {"paid": "2025-03-20T10:00:00Z", "shipped": "2025-03-21T07:30:00Z"}),
    (3, {3: 4, 5: 100}, {**_CARD, "brand": "mastercard", "last4": "0007"}, "2025-04-01T11:00:00Z", None,
     {"shipped": "2025-04-02T09:15:00Z"}),
    (1, {9: 5}, _CARD, "2025-04-09T18:20:10Z", None, {"cancelled": "2025-04-09T18:31:00Z"}),
    (4, {6: 2, 10: 1}, {**_INVOICE, "vat_id": "ATU00000000"}, "2025-04-28T07:05:00Z", "Gift wrap", {}),
    (4, {7: 1}, _CARD, "2025-05-02T12:00:00Z", None, {}),
    (6, {8: 3}, {**_CARD, "brand": "amex", "last4": "1005"}, "2025-05-11T20:59:59Z", None,
     {"cancelled": "2025-05-12T06:00:00Z"}),
]  # fmt: skip

_MANUAL = "Desk lamp\n\n1. Unfold the arm.\n2. Plug it in.\n3. Turn the knob.\n"


def seed(store: Store) -> None:
    """Creates and fills a fresh database, all or nothing."""
    with store.transaction():
        store.create()
        for category in _CATEGORIES:
            plant(store, category, None)
        for customer in _CUSTOMERS:
            store.insert("customers", new_customer(_customer(customer)))
        _fill_shelves(store)
        for entry in _ORDERS:
            _place(store, *entry)


def _customer(entry: tuple[Json, ...]) -> Row:
    given = dict(zip(("name", "email", "phone", "tier", "tags"), entry, strict=False))
    address = dict(zip(("street", "city", "postcode", "country"), entry[5:], strict=True))
    return {**given, "address": address, "seeded": "2025-01-15T08:00:00Z"}


def _fill_shelves(store: Store) -> None:
    for entry in _PRODUCTS:
        given = dict(
            zip(("sku", "name", "description", "price", "color", "labels", "category_id"), entry, strict=False)
        )
        size = dict(zip(("width", "height", "depth"), entry[7], strict=True))
        columns = new_product({**given, "size": size, "seeded": "2025-02-01T08:00:00Z"})
        store.insert("products", {**columns, "image": swatch(*_COLORS[given["color"]])})
    for code, city in _WAREHOUSES.items():
        store.insert("warehouses", {"code": code, "city": city})
    for place in _STOCK:
        store.insert("stock", dict(zip(("warehouse", "aisle", "bay", "product_id", "quantity"), place, strict=True)))
    manual = {"product_id": 1, "filename": "manual.txt", "media_type": "text/plain", "content": _MANUAL.encode()}
    about = {"metadata_json": {"title": "Manual", "language": "en"}, "labels_json": ["manual"]}
    store.insert("attachments", {**manual, **about, "created": "2025-02-01T08:00:00Z"})


def _place(
    store: Store, customer: int, wanted: dict[int, int], payment: Row, at: str, note: str | None, later: dict[str, str]
) -> None:
    lines = [{"product_id": key, "quantity": quantity} for key, quantity in wanted.items()]
    given = {"customer_id": customer, "lines": lines, "payment": payment, "note": note}
    number = put_order(store, given, at)
    for status, moment in later.items():
        move(store, order(store, number), status, moment)
