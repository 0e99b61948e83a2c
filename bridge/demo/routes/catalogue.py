"""The tree of categories and the side-by-side view of prices."""

from starlette.responses import Response

from bridge.demo.problems import Problem
from bridge.demo.reading import Arguments
from bridge.demo.replies import found, reply
from bridge.demo.store import Row, Store

_DEEPEST = 8

# Ids of one category and everything below it.
BELOW = (
    "WITH RECURSIVE below(id) AS (VALUES (?) UNION "
    "SELECT categories.id FROM categories JOIN below ON parent_id = below.id) SELECT id FROM below"
)
RATES = {"EUR": 1.0, "USD": 1.1, "GBP": 0.85}
DISCOUNTS = {"standard": 0.0, "silver": 0.05, "gold": 0.10}


def price_in(currency: str, euros: float, tier: str = "standard") -> float:
    return round(euros * RATES[currency] * (1 - DISCOUNTS[tier]), 2)


def get_category_tree(store: Store, arguments: Arguments) -> Response:
    return reply(_branch(_by_parent(store), None))


def create_category(store: Store, arguments: Arguments) -> Response:
    parent = arguments["parent"]
    with store.transaction():
        if parent is not None:
            found(store.one("SELECT id FROM categories WHERE id = ?", parent), f"category {parent}")
        key = plant(store, arguments.body, parent)
        return reply(subtree(store, key), 201)


def plant(store: Store, category: Row, parent: int | None, depth: int = 1) -> int:
    """Stores a category and all below it; the id of the topmost. Raises Problem 400 for a tree that is too deep."""
    if depth > _DEEPEST:
        raise Problem(400, f"body: the tree has more than {_DEEPEST} levels")
    key = store.insert("categories", {"name": category["name"], "parent_id": parent})
    for child in category.get("children", ()):
        plant(store, child, key, depth + 1)
    return key


def subtree(store: Store, key: int) -> Row:
    root = found(store.one("SELECT id, name FROM categories WHERE id = ?", key), f"category {key}")
    return {**root, "children": _branch(_by_parent(store), key)}


def compare_products(store: Store, arguments: Arguments) -> Response:
    terms = arguments["terms"]
    compared = [_priced(store, key, terms["currency"], terms["tier"]) for key in arguments["productIds"]]
    return reply(sorted(compared, key=lambda it: (it["price"], it["product_id"])))


def _priced(store: Store, key: int, currency: str, tier: str) -> Row:
    row = found(store.one("SELECT name, price FROM products WHERE id = ?", key), f"product {key}")
    price = price_in(currency, row["price"], tier)
    return {"product_id": key, "name": row["name"], "price": price, "currency": currency}


def _by_parent(store: Store) -> dict[int | None, list[Row]]:
    children: dict[int | None, list[Row]] = {}
    for row in store.rows("SELECT id, name, parent_id FROM categories ORDER BY id"):
        children.setdefault(row["parent_id"], []).append(row)
    return children


def _branch(children: dict[int | None, list[Row]], parent: int | None) -> list[Row]:
    return [
        {"id": row["id"], "name": row["name"], "children": _branch(children, row["id"])}
        for row in children.get(parent, ())
    ]


HANDLERS = {
    "getCategoryTree": get_category_tree,
    "createCategory": create_category,
    "compareProducts": compare_products,
}
