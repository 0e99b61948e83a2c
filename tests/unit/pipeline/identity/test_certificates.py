"""Whose certificate a call has: that of its connection, or the one that a trusted proxy hands on."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import quote

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bridge.model import Call, Door, Unauthenticated
from bridge.pipeline.identity.certificates import LARGEST, Certificate, Form, Kind, certificate_of
from bridge.pipeline.peers import Addresses
from tests.kit.certificates import PAST, der

PROXY = "10.0.0.1"
ADDRESSES = Addresses(trusted=("10.0.0.0/8",))
KEY = ec.generate_private_key(ec.SECP256R1())
NOW = datetime.now(UTC)
SPIFFE = "spiffe://example.com/ann"


def made(
    *names: tuple[x509.ObjectIdentifier, str],
    alternative: tuple[x509.GeneralName, ...] = (),
    age: timedelta = timedelta(),
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1) - age)
        .not_valid_after(NOW + timedelta(days=1) - age)
    )
    if alternative:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternative), critical=False)
    return builder.sign(KEY, SHA256())


ANN = made(
    (NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, "Shop, Inc"), (NameOID.COMMON_NAME, "ann"),
    alternative=(
        x509.DNSName("ann.example.com"), x509.DNSName("b.example.com"), x509.RFC822Name("ann@example.com"),
        x509.UniformResourceIdentifier(SPIFFE), x509.UniformResourceIdentifier("https://b.example.com"),
    ),
)  # fmt: skip
DN = r"CN=ann,O=Shop\, Inc,C=DE"


def bytes_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def pem(certificate: x509.Certificate) -> str:
    return quote(certificate.public_bytes(Encoding.PEM).decode(), safe="")


def digest(certificate: x509.Certificate) -> str:
    return hashlib.sha256(bytes_of(certificate)).hexdigest()


def thumbprint(certificate: x509.Certificate) -> str:
    """As RFC 8705 section 3.1 has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(bytes_of(certificate)).digest()).decode().rstrip("=")


def item(certificate: x509.Certificate) -> str:
    return f":{base64.b64encode(bytes_of(certificate)).decode()}:"


def shown(form: Form | None = None, *lines: str, peer: str = PROXY, tls: bytes | None = None) -> Certificate | None:
    headers = tuple((form.value.encode(), line.encode("latin-1")) for line in lines) if form else ()
    call = Call("c", Door.MCP, "POST", "/", 0.0, 0.0, 0.0, headers=headers, peer=peer, certificate=tls)
    ADDRESSES.place(call)
    return certificate_of(call, ADDRESSES, form)


def subjects(found: Certificate | None) -> list[str]:
    assert found is not None
    return [found.subject(kind) for kind in Kind]


@pytest.mark.statement("A27")
def test_the_connections_own_certificate_says_whose_it_is() -> None:
    found = shown(peer="192.0.2.7", tls=bytes_of(ANN))
    assert subjects(found) == [SPIFFE, "ann@example.com", "ann.example.com", "ann", DN]
    assert found is not None
    assert found.thumbprint == thumbprint(ANN)
    assert found.not_before < NOW.timestamp() < found.not_after


def test_no_certificate_is_nobodys() -> None:
    assert shown(peer="192.0.2.7") is None
    assert shown(Form.XFCC) is None


@pytest.mark.statement("A27")
@pytest.mark.parametrize(
    ("form", "line"), [(Form.XFCC, f'Cert="{pem(ANN)}"'), (Form.CLIENT_CERT, item(ANN))], ids=count()
)
def test_a_header_counts_from_a_trusted_proxy_alone(form: Form, line: str) -> None:
    assert subjects(shown(form, line)) == [SPIFFE, "ann@example.com", "ann.example.com", "ann", DN]
    assert shown(form, line, peer="192.0.2.7") is None
    bob = made((NameOID.COMMON_NAME, "bob"))
    own = shown(form, line, peer="192.0.2.7", tls=bytes_of(bob))
    assert own is not None
    assert own.cn == "bob"


@pytest.mark.statement("A27")
def test_it_is_the_connection_that_must_be_a_proxys_and_not_the_address_that_it_speaks_for() -> None:
    headers = ((b"x-forwarded-for", b"192.0.2.7"), (b"client-cert", item(ANN).encode()))
    call = Call("c", Door.REST, "GET", "/", 0.0, 0.0, 0.0, headers=headers, peer=PROXY)
    ADDRESSES.place(call)
    assert call.peer == "192.0.2.7"
    assert certificate_of(call, ADDRESSES, Form.CLIENT_CERT) is not None
    forged = Call("c", Door.REST, "GET", "/", 0.0, 0.0, 0.0, headers=headers, peer="192.0.2.9")
    ADDRESSES.place(forged)
    assert certificate_of(forged, ADDRESSES, Form.CLIENT_CERT) is None


def test_a_proxys_own_certificate_is_no_callers() -> None:
    assert shown(Form.XFCC, tls=bytes_of(ANN)) is None
    assert subjects(shown(None, tls=bytes_of(ANN)))[3] == "ann"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"By=spiffe://gw;Hash={digest(ANN)};URI={SPIFFE}", [SPIFFE, "", "", "", ""]),
        (f'Hash={digest(ANN)};Subject="CN=ann,O=Shop\\\\, Inc,C=DE";URI=;DNS=a.example;DNS=b.example',
         ["", "", "a.example", "ann", DN]),
        (f'hash={digest(ANN).upper()};Subject="emailAddress=a@b.example,CN=ann"',
         ["", "", "", "ann", "1.2.840.113549.1.9.1=a@b.example,CN=ann"]),
        (f'Hash={digest(ANN)};Subject="/C=DE/CN=ann"', ["", "", "", "", "/C=DE/CN=ann"]),
        (f'Hash={digest(ANN)};Cert="{pem(ANN)}";Chain="{pem(ANN)}"',
         [SPIFFE, "ann@example.com", "ann.example.com", "ann", DN]),
        (f"Hash={digest(ANN)};URI=https://a.example/?b=c", ["https://a.example/?b=c", "", "", "", ""]),
    ],
    ids=count(),  # the certificate is another one with each run
)  # fmt: skip
def test_envoys_header_says_whose_it_is(text: str, wanted: list[str]) -> None:
    found = shown(Form.XFCC, text)
    assert subjects(found) == wanted
    assert found is not None
    assert found.thumbprint == thumbprint(ANN)


def test_lines_of_envoys_header_are_one_list_and_may_not_be_two_elements() -> None:
    with pytest.raises(Unauthenticated):
        shown(Form.XFCC, f"Hash={'0' * 64};URI=a", f"Hash={digest(ANN)};URI={SPIFFE}")


@pytest.mark.statement("A27")
@pytest.mark.parametrize(
    "text",
    [
        "", "x", "URI=a", "Hash=12", f"Hash={digest(ANN)}x", f'Hash="{digest(ANN)}',
        f"Hash={digest(ANN)};Hash={digest(ANN)}",
        f"By=x;Hash={'0' * 64};URI=spiffe://corp/mallory,Hash={digest(ANN)};URI={SPIFFE}",
        f"Hash={digest(ANN)},", 'Cert="nonsense"', f'Hash={"0" * 64};Cert="{pem(ANN)}"', 'Cert="%ff%00"',
        f'Hash={digest(ANN)};Subject="CN=a"b"', f'Cert="{quote("x" * 3 * LARGEST)}"',
        f'Subject="a,Hash={digest(ANN)};Subject="CN=ann"',
    ],
    ids=count(),  # the certificate is another one with each run
)  # fmt: skip
def test_a_proxys_header_that_cannot_be_read_is_refused_and_never_taken_for_none(text: str) -> None:
    with pytest.raises(Unauthenticated):
        shown(Form.XFCC, text)
    assert shown(Form.XFCC, text, peer="192.0.2.7") is None


@pytest.mark.statement("A27")
@pytest.mark.parametrize(
    "lines",
    [
        ("",), ("nonsense",), ("::",), (":!:",), (":AA==:",), (item(ANN)[1:],), (item(ANN), item(ANN)),
        (f"{item(ANN)};a=b",),
        (f"{item(ANN)}, {item(ANN)}",), (f":{base64.b64encode(bytes(LARGEST + 1)).decode()}:",),
    ],
    ids=count(),  # the certificate is another one with each run
)  # fmt: skip
def test_a_client_cert_that_cannot_be_read_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(Unauthenticated):
        shown(Form.CLIENT_CERT, *lines)


def test_the_base64_of_a_client_cert_may_lack_its_padding() -> None:
    """RFC 8941 section 4.2.7: "parsers SHOULD NOT be configured to reject" that."""
    assert shown(Form.CLIENT_CERT, f":{item(ANN).strip(':').rstrip('=')}:") == shown(Form.CLIENT_CERT, item(ANN))


@pytest.mark.statement("A27")
@pytest.mark.parametrize("age", [timedelta(days=3), timedelta(days=-3)])
def test_a_certificate_out_of_its_time_is_refused(age: timedelta) -> None:
    late = made((NameOID.COMMON_NAME, "ann"), age=age)
    with pytest.raises(Unauthenticated):
        shown(Form.CLIENT_CERT, item(late))
    with pytest.raises(Unauthenticated):
        shown(Form.XFCC, f'Cert="{pem(late)}"')
    with pytest.raises(Unauthenticated):
        shown(peer="192.0.2.7", tls=bytes_of(late))


def test_real_certificates_are_read() -> None:
    ours = trustme.CA().issue_cert("ann@example.com", "a.example.com", "192.0.2.7", common_name="ann")
    found = shown(peer="192.0.2.7", tls=der(ours))
    assert found is not None
    assert (found.emails, found.names, found.cn) == (("ann@example.com",), ("a.example.com",), "ann")
    with pytest.raises(Unauthenticated):
        shown(peer="192.0.2.7", tls=der(trustme.CA().issue_cert("a.example.com", not_after=PAST)))


def test_two_common_names_are_none_and_what_cannot_be_printed_names_nobody() -> None:
    two = made((NameOID.COMMON_NAME, "ann"), (NameOID.COMMON_NAME, "root"))
    assert subjects(shown(tls=bytes_of(two)))[3:] == ["", "CN=root,CN=ann"]
    broken = made((NameOID.COMMON_NAME, "ann\nroot"))
    assert subjects(shown(tls=bytes_of(broken)))[3] == ""
