"""The last good copies of documents that come from a URL: kept after an import, used when there is no other way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

from bridge.compile import Loaded, NothingLoaded, load_apis
from bridge.config import load
from bridge.model import Json
from tests.kit.documents import paths
from tests.kit.origin import Line, Origin, playing

GOOD = paths({"GET /a": {"operationId": "first"}})
NEWER = paths({"GET /a": {"operationId": "second"}})
PARTED = paths({"POST /a": {"operationId": "send", "requestBody": {
    "content": {"application/json": {"schema": {"$ref": "part.json#/Thing"}}},
}}})  # fmt: skip


@dataclass
class Shelf:
    """What the server answers by path; what is not there is 404."""

    documents: dict[str, Json] = field(default_factory=dict)

    async def serve(self, line: Line) -> None:
        while True:
            path = (await line.take()).line.split(b" ")[1].decode()
            found = self.documents.get(path)
            body = found if isinstance(found, bytes) else orjson.dumps(found)
            status = b"404 No" if found is None else b"200 OK"
            await line.say(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))


@asynccontextmanager
async def shelf(**documents: Json) -> AsyncIterator[tuple[Shelf, Origin]]:
    filled = Shelf({f"/{name}.json": content for name, content in documents.items()})
    async with playing(filled.serve) as origin:
        yield filled, origin


async def loaded(home: Path, url: str, **api: Json) -> Loaded:
    """One API whose document is there, with `home` for its data."""
    file = home / "bridge.yaml"
    file.write_bytes(orjson.dumps({"data": "data", "apis": {"api": {"spec": url, "allow_private": True, **api}}}))
    return await asyncio.to_thread(load_apis, load(file, {}))


def copies(home: Path) -> list[Path]:
    folder = home / "data" / "documents"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def tools(found: Loaded) -> list[str]:
    return sorted(found.catalog.tools)


def ids(found: Loaded) -> list[str]:
    return [finding.id for finding in found.catalog.findings]


async def test_a_dead_url_is_answered_from_the_last_good_copy_and_that_is_told(tmp_path: Path) -> None:
    async with shelf(api=GOOD) as (_, origin):
        url = f"{origin.url}/api.json"
        fresh = await loaded(tmp_path, url)
        assert (tools(fresh), ids(fresh), fresh.stale) == (["first"], [], ())
    old = await loaded(tmp_path, url)
    assert (tools(old), old.stale) == (["first"], (url,))
    (finding,) = old.catalog.findings
    assert (finding.id, finding.source, finding.api) == ("document-stale", url, "api")
    assert old.catalog.digest == fresh.catalog.digest


async def test_a_broken_document_is_answered_from_the_last_good_copy_and_is_never_kept(tmp_path: Path) -> None:
    async with shelf(api=GOOD) as (held, origin):
        url = f"{origin.url}/api.json"
        await loaded(tmp_path, url)
        for broken in (b"{", b"<html>", b'{"openapi": "9"}'):
            held.documents["/api.json"] = broken
            old = await loaded(tmp_path, url)
            assert (tools(old), old.stale) == (["first"], (url,))
            assert "cannot be imported" in old.catalog.findings[0].message
        held.documents["/api.json"] = NEWER
        assert tools(await loaded(tmp_path, url)) == ["second"], "a mended document serves at once"
    assert tools(await loaded(tmp_path, url)) == ["second"], "and is the one that is kept"


async def test_what_never_was_good_leaves_no_copy_and_no_api(tmp_path: Path) -> None:
    async with shelf(api=b"{") as (_, origin):
        with pytest.raises(NothingLoaded, match=r"api\.json"):
            await loaded(tmp_path, f"{origin.url}/api.json")
    assert copies(tmp_path) == []


async def test_every_document_of_an_api_has_its_copy(tmp_path: Path) -> None:
    async with shelf(api=PARTED, part={"Thing": {"type": "object", "title": "kept"}}) as (held, origin):
        url, part = f"{origin.url}/api.json", f"{origin.url}/part.json"
        await loaded(tmp_path, url)
        assert len(copies(tmp_path)) == 2
        del held.documents["/part.json"]
        old = await loaded(tmp_path, url)
        assert (tools(old), old.stale) == (["send"], (part,)), "only what is not there comes from its copy"
    assert set((await loaded(tmp_path, url)).stale) == {url, part}


async def test_a_document_that_breaks_over_another_falls_back_as_a_whole(tmp_path: Path) -> None:
    """New and old documents are not mixed where the new ones do not make an API."""
    async with shelf(api=PARTED, part={"Thing": {"type": "object"}}) as (held, origin):
        url = f"{origin.url}/api.json"
        await loaded(tmp_path, url)
        before = [path.read_bytes() for path in copies(tmp_path)]
        held.documents |= {"/api.json": b"[]", "/part.json": {"Thing": {"type": "string"}}}
        old = await loaded(tmp_path, url)
    assert tools(old) == ["send"]
    assert [path.read_bytes() for path in copies(tmp_path)] == before


async def test_a_folder_that_cannot_be_written_costs_the_copy_alone(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    async with shelf(api=GOOD) as (_, origin):
        found = await loaded(tmp_path, f"{origin.url}/api.json")
    assert (tools(found), ids(found)) == (["first"], ["copy-not-kept"])
    assert str(tmp_path / "data") in found.catalog.findings[0].message


async def test_a_copy_that_cannot_be_replaced_leaves_no_half_of_one(tmp_path: Path) -> None:
    async with shelf(api=GOOD) as (_, origin):
        await loaded(tmp_path, f"{origin.url}/api.json")
        (copy,) = copies(tmp_path)
        copy.unlink()
        copy.mkdir()
        found = await loaded(tmp_path, f"{origin.url}/api.json")
    assert (tools(found), ids(found)) == (["first"], ["copy-not-kept"])
    assert copies(tmp_path) == [copy], "what was written beside it is gone"


@pytest.mark.parametrize("content", [b"", b"{", b"{}\n{}", b"[]\nx", b'{"url": "x"}\n', b"\xff\n{}"])
async def test_a_copy_that_is_none_does_not_serve(tmp_path: Path, content: bytes) -> None:
    async with shelf(api=GOOD) as (_, origin):
        url = f"{origin.url}/api.json"
        await loaded(tmp_path, url)
    (copy,) = copies(tmp_path)
    copy.write_bytes(content)
    with pytest.raises(NothingLoaded) as failed:
        await loaded(tmp_path, url)
    assert len(failed.value.errors) == 1


async def test_a_credential_in_a_url_is_in_no_file_name(tmp_path: Path) -> None:
    async with shelf() as (held, origin):
        held.documents["/api.json?key=s3cret"] = GOOD
        await loaded(tmp_path, f"{origin.url}/api.json?key=s3cret")
    (copy,) = copies(tmp_path)
    assert "s3cret" not in copy.name
    assert copy.stat().st_mode & 0o077 == 0, "its content may hold it"


async def test_documents_of_two_urls_do_not_share_a_copy(tmp_path: Path) -> None:
    async with shelf(api=GOOD, other=NEWER) as (_, origin):
        url, other = f"{origin.url}/api.json", f"{origin.url}/other.json"
        await loaded(tmp_path, url)
        await loaded(tmp_path, other)
    assert tools(await loaded(tmp_path, url)) == ["first"]
    assert tools(await loaded(tmp_path, other)) == ["second"]
