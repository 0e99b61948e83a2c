"""File names of downloads, as they are sent in the wild, and as they may be shown."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.egress.decode.filename import LONGEST, file_name


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b"", ""),
        (b"attachment", ""),
        (b"attachment; filename=report.pdf", "report.pdf"),
        (b'attachment; FileName = "annual report.pdf" ; size=3', "annual report.pdf"),
        (rb'attachment; filename="a \"quoted\" name.txt"', "a quoted name.txt"),
        (b"attachment; filename=\"plain.txt\"; filename*=UTF-8''na%C3%AFve.txt", "na\u00efve.txt"),
        (b"attachment; filename*=iso-8859-1'en'%A3.txt", "\u00a3.txt"),
        (b"attachment; filename*=koi8-r''%C1.txt; filename=fallback.txt", "fallback.txt"),
        ('attachment; filename="gr\u00fcn.txt"'.encode(), "gr\u00fcn.txt"),
        ('attachment; filename="gr\u00fcn.txt"'.encode("latin-1"), "gr\u00fcn.txt"),
        (b'attachment; x="; filename=evil.exe"; filename=good.txt', "good.txt"),
        (b"attachment; filename=first.txt; filename=second.txt", "first.txt"),
        (b'attachment; filename="../../etc/passwd"', "passwd"),
        (rb'attachment; filename="C:\\temp\\x.txt"', "x.txt"),
        (b'attachment; filename=".."', ""),
        (b'attachment; filename=".profile"', "profile"),
        (b"attachment; filename*=UTF-8''a%0D%0Ab%E2%80%AEfdp.exe", "abfdp.exe"),
        (b"attachment; filename=" + b"a" * 5000, ""),
    ],
)  # fmt: skip
def test_a_file_name_is_read_and_made_harmless(disposition: bytes, name: str) -> None:
    assert file_name(disposition) == name


def test_a_long_name_is_cut_and_keeps_its_ending() -> None:
    name = file_name(b"attachment; filename=" + b"a" * 500 + b".tar")
    assert (len(name), name[-5:]) == (LONGEST, "a.tar")


@given(st.binary())
def test_nothing_in_the_field_is_raised_or_leaves_a_path(disposition: bytes) -> None:
    name = file_name(b"attachment; filename=" + disposition)
    assert not set(name) & set('/\\\0\r\n<>:"|?*')
    assert len(name) <= LONGEST


@pytest.mark.parametrize("repeated", [";", "; a=", '; a="', r'; a="\\', "; filename*=UTF-8''%"])
def test_a_hostile_field_costs_no_time(repeated: str) -> None:
    before = time.perf_counter()
    for length in (4000, 100_000):
        file_name((repeated * length)[:length].encode())
    assert time.perf_counter() - before < 1
