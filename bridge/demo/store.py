"""The shop's SQLite database, in one file of the data folder.

One connection behind one lock serves every thread: SQLite writes one at a time anyway, and a statement here takes
microseconds. Lists and objects that are only ever read whole are stored as JSON text in columns named `*_json`.
"""

# ruff: noqa: S608 - what is put into SQL text is written in this code; what a client sends is always bound

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bridge.demo.contract import Json

Row = dict[str, Json]

_SCHEMA = """
CREATE TABLE customers (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE COLLATE NOCASE, phone TEXT,
    tier TEXT NOT NULL, tags_json TEXT NOT NULL, address_json TEXT NOT NULL, pin TEXT, created TEXT NOT NULL);
CREATE TABLE categories (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, parent_id INTEGER REFERENCES categories);
CREATE TABLE products (
    id INTEGER PRIMARY KEY AUTOINCREMENT, sku TEXT NOT NULL UNIQUE, name TEXT NOT NULL, description TEXT,
    price REAL NOT NULL, color TEXT NOT NULL, labels_json TEXT NOT NULL,
    category_id INTEGER NOT NULL REFERENCES categories,
    width REAL NOT NULL, height REAL NOT NULL, depth REAL NOT NULL, image BLOB, created TEXT NOT NULL);
CREATE TABLE attachments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, product_id INTEGER NOT NULL REFERENCES products ON DELETE CASCADE,
    filename TEXT NOT NULL, media_type TEXT NOT NULL, metadata_json TEXT NOT NULL, labels_json TEXT NOT NULL,
    content BLOB NOT NULL, created TEXT NOT NULL);
CREATE TABLE warehouses (code TEXT PRIMARY KEY, city TEXT NOT NULL);
CREATE TABLE stock (
    warehouse TEXT NOT NULL REFERENCES warehouses, aisle INTEGER NOT NULL, bay INTEGER NOT NULL,
    product_id INTEGER NOT NULL REFERENCES products ON DELETE CASCADE, quantity INTEGER NOT NULL,
    PRIMARY KEY (warehouse, aisle, bay, product_id));
CREATE TABLE orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT, customer_id INTEGER NOT NULL REFERENCES customers, status TEXT NOT NULL,
    payment_json TEXT NOT NULL, note TEXT, idempotency_key TEXT UNIQUE, created TEXT NOT NULL);
CREATE TABLE order_lines (
    order_id INTEGER NOT NULL REFERENCES orders ON DELETE CASCADE, position INTEGER NOT NULL,
    product_id INTEGER NOT NULL REFERENCES products, quantity INTEGER NOT NULL, unit_price REAL NOT NULL,
    PRIMARY KEY (order_id, position));
CREATE TABLE returns (
    id INTEGER PRIMARY KEY AUTOINCREMENT, order_id INTEGER NOT NULL REFERENCES orders ON DELETE CASCADE,
    reason TEXT NOT NULL, products_json TEXT NOT NULL, marks_json TEXT NOT NULL, pickup_json TEXT NOT NULL,
    refund_json TEXT NOT NULL, created TEXT NOT NULL);
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, order_id INTEGER NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL);
"""
_VERSION = 1


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """Open on a folder, which is created; `fresh` tells that the database is new and empty.

    Raises OSError or sqlite3.Error when the folder or the file cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            folder / "orders.sqlite3", timeout=10, isolation_level=None, check_same_thread=False
        )
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")  # Under WAL a power cut loses no consistency.
        self._connection.create_function("in_any_case", 1, str.casefold, deterministic=True)
        self.fresh = self._connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION

    def create(self) -> None:
        """Tables for a fresh database; run inside the transaction that also seeds it."""
        for statement in _SCHEMA.split(";"):
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA user_version = {_VERSION}")
        self.fresh = False

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Raises what the block raised, after undoing it."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, sql: str, *values: object) -> list[Row]:
        with self._lock:
            return [_row(row) for row in self._connection.execute(sql, values)]

    def one(self, sql: str, *values: object) -> Row | None:
        return next(iter(self.rows(sql, *values)), None)

    def run(self, sql: str, *values: object) -> int:
        """The number of rows changed. Raises sqlite3.IntegrityError when a constraint forbids it."""
        with self._lock:
            return self._connection.execute(sql, values).rowcount

    def insert(self, table: str, values: Row) -> int:
        """The id of the new row. Column names come from our own code, never from a request."""
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        with self._lock:
            cursor = self._connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", _stored(values))
            return cursor.lastrowid or 0

    def update(self, table: str, key: int, values: Row) -> int:
        """The number of rows changed. Column names come from our own code, never from a request."""
        columns = ", ".join(f"{name} = ?" for name in values)
        return self.run(f"UPDATE {table} SET {columns} WHERE id = ?", *_stored(values), key)


def _stored(values: Row) -> list[Json]:
    return [json.dumps(value) if name.endswith("_json") else value for name, value in values.items()]


def _row(row: sqlite3.Row) -> Row:
    pairs = dict(row).items()  # Iterating a Row itself gives its values.
    return {name.removesuffix("_json"): json.loads(value) if name.endswith("_json") else value for name, value in pairs}
