import pytest

from bridge.demo.styles import (
    Raw,
    Shape,
    Style,
    StyleError,
    decode_form,
    read_header,
    read_path,
    read_query,
    split_pairs,
)

KEYS = ("role", "name")

PATHS: list[tuple[str, bool, Shape, str, Raw]] = [
    ("simple", False, "primitive", "5", "5"),
    ("simple", False, "primitive", "a%2Fb%2Cc", "a/b,c"),
    ("simple", False, "array", "3,4", ["3", "4"]),
    ("simple", True, "array", "3,4", ["3", "4"]),
    ("simple", False, "array", "a%2Cb,c", ["a,b", "c"]),
    ("simple", False, "object", "role,admin,name,Al%C3%A9", {"role": "admin", "name": "Alé"}),
    ("simple", True, "object", "role=admin,name=A%3DB", {"role": "admin", "name": "A=B"}),
    ("label", False, "primitive", ".5", "5"),
    ("label", False, "array", ".3,4", ["3", "4"]),
    ("label", True, "array", ".3.4", ["3", "4"]),
    ("label", False, "object", ".role,admin", {"role": "admin"}),
    ("label", True, "object", ".role=admin.name=Al", {"role": "admin", "name": "Al"}),
    ("matrix", False, "primitive", ";id=5", "5"),
    ("matrix", False, "array", ";id=3,4", ["3", "4"]),
    ("matrix", True, "array", ";id=3;id=4", ["3", "4"]),
    ("matrix", False, "object", ";id=role,admin", {"role": "admin"}),
    ("matrix", True, "object", ";role=admin;name=Al", {"role": "admin", "name": "Al"}),
]

QUERIES: list[tuple[str, bool, Shape, str, Raw | None]] = [
    ("form", True, "primitive", "id=5&other=1", "5"),
    ("form", True, "primitive", "id=a+b%20c", "a+b c"),
    ("form", True, "primitive", "other=1", None),
    ("form", True, "primitive", "id=", ""),
    ("form", True, "array", "id=3&other=1&id=4", ["3", "4"]),
    ("form", False, "array", "id=3,4%2C5", ["3", "4,5"]),
    ("form", True, "object", "role=admin&other=1&name=Al", {"role": "admin", "name": "Al"}),
    ("form", False, "object", "id=role,admin,name,Al", {"role": "admin", "name": "Al"}),
    ("spaceDelimited", False, "array", "id=3%204", ["3", "4"]),
    ("spaceDelimited", False, "object", "id=role%20admin", {"role": "admin"}),
    ("pipeDelimited", False, "array", "id=3|4%7C5%7c6", ["3", "4", "5", "6"]),
    ("pipeDelimited", False, "object", "id=role|admin", {"role": "admin"}),
    ("deepObject", True, "object", "id[role]=admin&id%5Bname%5D=Al&other=1", {"role": "admin", "name": "Al"}),
    ("deepObject", True, "object", "other=1", None),
]

HEADERS: list[tuple[bool, Shape, str, Raw]] = [
    (False, "primitive", "100%25, really", "100%25, really"),
    (False, "array", "3, 4,5", ["3", "4", "5"]),
    (False, "object", "role,admin", {"role": "admin"}),
    (True, "object", "role=admin, name=Al", {"role": "admin", "name": "Al"}),
]

WRONG_PATHS: list[tuple[str, bool, Shape, str, str]] = [
    ("label", False, "primitive", "5", "style label"),
    ("matrix", False, "primitive", "5", "style matrix"),
    ("matrix", False, "primitive", ";other=5", "'other'"),
    ("matrix", False, "array", ";id=3;id=4", "is not one"),
    ("simple", True, "object", "role,admin", "key=value"),
    ("simple", False, "object", "role,admin,name", "in turn"),
    ("simple", True, "object", "role=a,role=b", "more than once"),
    ("simple", False, "primitive", "%FF", "UTF-8"),
]


@pytest.mark.parametrize(("style", "explode", "shape", "segment", "value"), PATHS)
def test_a_path_segment_is_read_in_its_style(style: str, explode: bool, shape: Shape, segment: str, value: Raw) -> None:
    assert read_path(Style("id", style, explode, shape, KEYS), segment) == value


@pytest.mark.parametrize(("style", "explode", "shape", "query", "value"), QUERIES)
def test_a_query_parameter_is_read_in_its_style(
    style: str, explode: bool, shape: Shape, query: str, value: Raw | None
) -> None:
    assert read_query(Style("id", style, explode, shape, KEYS), split_pairs(query))[0] == value


@pytest.mark.parametrize(("explode", "shape", "text", "value"), HEADERS)
def test_a_header_is_read_without_percent_decoding(explode: bool, shape: Shape, text: str, value: Raw) -> None:
    assert read_header(Style("id", "simple", explode, shape, KEYS), text) == value


@pytest.mark.parametrize(("style", "explode", "shape", "segment", "reason"), WRONG_PATHS)
def test_a_segment_in_another_style_is_refused_with_the_reason(
    style: str, explode: bool, shape: Shape, segment: str, reason: str
) -> None:
    with pytest.raises(StyleError, match=reason):
        read_path(Style("id", style, explode, shape, KEYS), segment)


def test_one_value_given_twice_is_refused() -> None:
    with pytest.raises(StyleError, match="more than once"):
        read_query(Style("id", "form", True, "primitive"), split_pairs("id=1&id=2"))
    with pytest.raises(StyleError, match="more than once"):
        read_query(Style("id", "deepObject", True, "object"), split_pairs("id[a]=1&id[a]=2"))


def test_a_form_writes_a_space_as_a_plus() -> None:
    read = read_query(Style("id", "form", False, "array"), split_pairs("id=a+b,c%2Bd"), decode_form)
    assert read == (["a b", "c+d"], {"id"})


def test_cookies_are_split_at_semicolons() -> None:
    pairs = split_pairs("basket=1,2; currency=USD", ";")
    assert read_query(Style("basket", "form", False, "array"), pairs)[0] == ["1", "2"]
    assert read_query(Style("currency", "form", True, "primitive"), pairs)[0] == "USD"
