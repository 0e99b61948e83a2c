"""An upstream that wants a certificate gets the gateway's, at both doors; its own is held against the authorities."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
import trustme

from bridge.compile.report import Result
from bridge.compile.runtime import parts
from bridge.config import ConfigInvalid
from bridge.egress.general import General
from bridge.model import Call, Door, Json, Wire
from bridge.pipeline.run import finish, run
from bridge.pipeline.runtime import Runtime
from tests.kit.documents import paths
from tests.kit.doors import PREFIX, Arrangement, Gateway, gateway
from tests.kit.live import alive, assembled, written
from tests.kit.origin import Line, Origin, playing
from tests.unit.egress.credentials.kit import call

DOCUMENT: Json = paths({"GET /things": {"operationId": "things"}})
GET = Wire("GET", f"{PREFIX}/things", ((b"host", b"localhost"),))
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(frozen=True, slots=True)
class Trust:
    """`shown` are the names in the certificates that the upstream was shown, one for each request."""

    home: Path
    authority: trustme.CA
    shown: list[str]

    @property
    def files(self) -> Json:
        return {name: str(self.home / f"{name}.pem") for name in ("certificate", "key", "ca")}

    def issue(self, name: str, authority: trustme.CA | None = None) -> None:
        made = (authority or self.authority).issue_cert(name)
        (self.home / "certificate.pem").write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
        made.private_key_pem.write_to_path(str(self.home / "key.pem"))


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    made = Trust(tmp_path, trustme.CA(), [])
    made.authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    made.issue("first.gateway.test")
    return made


@asynccontextmanager
async def demanding(trust: Trust) -> AsyncIterator[Origin]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.verify_mode = ssl.CERT_REQUIRED
    trust.authority.configure_trust(context)
    trust.authority.issue_cert("127.0.0.1").configure_cert(context)

    async def script(line: Line) -> None:
        certificate = line.writer.get_extra_info("peercert")
        while True:
            await line.take()
            trust.shown.append(certificate["subjectAltName"][0][1])
            await line.say(ANSWER)

    async with playing(script, context) as origin:
        yield origin


@asynccontextmanager
async def before(trust: Trust, **upstream: Json) -> AsyncIterator[Gateway]:
    file = trust.home / "shop.json"
    file.write_bytes(orjson.dumps(DOCUMENT))
    general = General()
    async with demanding(trust) as origin:
        yield gateway(file, Arrangement({"upstream": {"url": origin.url} | upstream}, upstream=general))
        await general.aclose()


async def asked(rt: Runtime) -> int:
    """The status; the body is read by nobody."""
    endpoint = rt.endpoints["shop", "things"]
    made: Call = call()
    made.door, made.endpoint, made.route, made.below = Door.REST, endpoint, endpoint.route, "/things"
    outcome = await run(rt, made)
    if not isinstance(outcome.body, bytes):
        _ = [chunk async for chunk in outcome.body]
    await finish(rt, made, outcome, sent=0)
    return outcome.status


async def test_both_doors_show_the_certificate(trust: Trust) -> None:
    async with before(trust, client_certificate=trust.files) as doors:
        agent = (await doors.agent("things", {})).answer
        person = (await doors.asked(GET)).answer
    assert (agent.result.get("isError", False), person.status) == (False, 200)
    assert trust.shown == ["first.gateway.test"] * 2


async def test_without_it_nothing_is_sent(trust: Trust) -> None:
    async with before(trust) as doors:
        person = (await doors.asked(GET)).answer
    assert (person.status, trust.shown) == (502, [])
    assert b"TLS" not in person.body


async def test_the_upstreams_own_is_held_against_the_authorities_that_are_given(trust: Trust) -> None:
    trustme.CA().cert_pem.write_to_path(str(trust.home / "ca.pem"))
    async with before(trust, client_certificate=trust.files) as doors:
        assert (await doors.asked(GET)).answer.status == 502
    files = {name: file for name, file in trust.files.items() if name != "ca"}
    async with before(trust, client_certificate=files) as doors:
        assert (await doors.asked(GET)).answer.status == 502, "the public ones do not know it"
    assert trust.shown == []


@pytest.mark.statement("F49")
async def test_a_renewed_certificate_is_shown_from_the_next_reload_on_and_a_broken_one_changes_nothing(
    trust: Trust,
) -> None:
    async with demanding(trust) as origin:
        upstream = {"url": origin.url, "client_certificate": trust.files}
        lasting = parts()
        async with alive(written(trust.home, {"shop": DOCUMENT}, {"shop": {"upstream": upstream}}), lasting) as gateway:
            assert await asked(gateway.holder.current) == 200
            assert (await gateway.reloader.reload("test")).result is Result.UNCHANGED
            trust.issue("second.gateway.test")
            assert (await gateway.reloader.reload("test")).result is Result.APPLIED
            assert await asked(gateway.holder.current) == 200
            (trust.home / "key.pem").write_text("no key")
            failed = await gateway.reloader.reload("test")
            assert failed.result is Result.FAILED
            assert failed.problems[0].path == "apis.shop.upstream.client_certificate.key"
            assert await asked(gateway.holder.current) == 200
        await lasting.upstream.aclose()
    assert trust.shown == ["first.gateway.test", "second.gateway.test", "second.gateway.test"]


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("certificate", "nothing", "holds no certificate in PEM"),
        ("key", "nothing", "holds no usable private key in PEM, without a password"),
        ("ca", "nothing", "holds no certificate of an authority in PEM"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error_at_start(trust: Trust, file: str, content: str, told: str) -> None:
    (trust.home / f"{file}.pem").write_text(content)
    with pytest.raises(ConfigInvalid) as caught:
        started(trust)
    (problem,) = caught.value.problems
    assert (problem.file, problem.path) == (trust.files[file], f"apis.shop.upstream.client_certificate.{file}")
    assert problem.message == told


def test_a_key_of_another_certificate_is_an_error_at_start(trust: Trust) -> None:
    trustme.CA().issue_cert("other").private_key_pem.write_to_path(trust.files["key"])
    with pytest.raises(ConfigInvalid, match=r"is not the key of"):
        started(trust)


def started(trust: Trust) -> None:
    upstream = {"url": "https://127.0.0.1:9", "client_certificate": trust.files}
    assembled(written(trust.home, {"shop": DOCUMENT}, {"shop": {"upstream": upstream}}))
