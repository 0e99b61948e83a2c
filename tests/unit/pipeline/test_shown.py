"""What a person sees who is to decide: everything that makes a difference, whole or not at all, nothing in disguise."""

import json
from dataclasses import replace
from unicodedata import category

import pytest
from hypothesis import given as over
from hypothesis import settings
from hypothesis import strategies as st

from bridge.model import ApprovalRequired, Body, BodyKind, Call, Door, Json, Spread, Wire
from bridge.pipeline.leaves import TooLong, leaves
from bridge.pipeline.shown import MOST_FORM, MOST_KEPT, MOST_LINES, MOST_TARGET, MOST_VALUE, Shown, excerpt, shown
from bridge.pipeline.visible import MOST_MARKS, cut, visible
from tests.kit.runtime import endpoint

# Unicode 15.1, DerivedCoreProperties.txt: all of Default_Ignorable_Code_Point.
IGNORABLE = [
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
]  # fmt: skip
UNSEEN = [chr(one) for first, last in IGNORABLE for one in range(first, last + 1)]
UNSEEN += ["\n", "\r", "\t", "\x00", "\x1b", "\x7f", "\x85", "\u00a0", "\u2003", "\u2028", "\u2029", "\u2800", "\u3000"]
PATCH: Json = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "body": {"$ref": "#/$defs/Order"},
        "file": {"type": "string", "contentEncoding": "base64"},
    },
    "$defs": {
        "Order": {
            "allOf": [
                {"properties": {"zeta": {"type": "object", "properties": {"b": {}, "a": {}}}, "alpha": {}}},
                {"properties": {"lines": {"items": {"properties": {"qty": {}, "article": {}}}}}},
            ]
        }
    },
}


def call(given: Json, schema: Json = None) -> Call:
    one = endpoint("drop", "DELETE")
    described = replace(one.operation, input_schema=schema)
    one = replace(one, operation=described, build=lambda given: Wire("DELETE", "/drop"))
    return Call("c", Door.MCP, "DELETE", "/drop", 0, 0, 0, endpoint=one, route=one.route, arguments=given, tool="drop")


def seen(given: Json, schema: Json = None) -> Shown:
    return shown(call(given, schema))


def form(given: Json, schema: Json = None) -> str:
    text = seen(given, schema).form
    assert text is not None
    return text


def lines(given: Json, schema: Json = None) -> list[str]:
    return form(given, schema).splitlines()[4:]


def test_a_call_without_arguments_says_so() -> None:
    assert form({}) == "Tool: drop\nAPI: orders\nRequest: DELETE /drop\nArguments: none"


def test_every_leaf_has_a_line_under_its_path() -> None:
    given = {"a": "x", "n": 1, "list": [True, None, []], "o": {"p": {"q": 1.5}, "none": {}}}
    assert lines(given) == [
        '  a: "x"', "  list[0]: true", "  list[1]: null", "  list[2]: []", "  n: 1", "  o.none: {}", "  o.p.q: 1.5",
    ]  # fmt: skip


def test_a_name_can_neither_pass_for_a_path_nor_begin_a_line() -> None:
    given = {"a.b": 1, "a": {"b": 2}, "x\n  qty": 3, "list[0]": 4, 'q": "': 5, "": 6, "\u3164": 7, "0": 8, "ä": 9}
    assert lines(given) == [
        r'  [""]: 6', r'  ["0"]: 8', "  a.b: 2", r'  ["a.b"]: 1', r'  ["list[0]"]: 4', r'  ["q\": \""]: 5',
        r'  ["x\n  qty"]: 3', r'  ["ä"]: 9', r'  ["\u{3164}"]: 7',
    ]  # fmt: skip


def test_the_document_says_the_order_and_the_model_does_not() -> None:
    body = {"more": 1, "alpha": 2, "lines": [{"article": 3, "qty": 4}], "zeta": {"a": 5, "b": 6}}
    expected = [
        '  id: "i"', "  body.zeta.b: 6", "  body.zeta.a: 5", "  body.alpha: 2", "  body.lines[0].qty: 4",
        "  body.lines[0].article: 3", "  body.more: 1", "  aaa: 0",
    ]  # fmt: skip
    assert lines({"aaa": 0, "body": body, "id": "i"}, PATCH) == expected
    assert lines({"id": "i", "body": dict(sorted(body.items())), "aaa": 0}, PATCH) == expected


@pytest.mark.parametrize(
    "given",
    [
        {"body": {"a": "x" * MOST_VALUE, "qty": 999_999_999}},
        {"body": {f"k{number}": "v" * 290 for number in range(40)}},
        {"body": dict.fromkeys(map(str, range(MOST_LINES + 1)), 1)},
        {"n" * MOST_VALUE: 1},
        {"file": "not base64, " * 200},
        {"other": "QUFB" * 300},
    ],
)
def test_what_does_not_fit_a_form_whole_has_none_and_is_kept_whole(given: Json) -> None:
    one = seen(given, PATCH)
    assert one.form is None
    assert not any("SHA-256" in value for _, value in one.arguments)
    assert sum(len(path) + len(value) for path, value in one.arguments) >= MOST_VALUE or len(one.arguments) > MOST_LINES


def test_what_stands_for_bytes_is_known_by_its_ends_its_length_and_its_digest() -> None:
    one, other = lines({"file": "QUFB" * 50_000}, PATCH), lines({"file": "QUFB" * 25_000 + "QUFC" * 25_000}, PATCH)
    assert one != other
    assert "200,002 characters, SHA-256" in one[0]
    assert (one[0].startswith('  file: "QUFB'), one[0].endswith('QUFB"')) == (True, True)


@pytest.mark.parametrize(
    "given",
    [
        {"a": "x" * (MOST_KEPT + 1)},
        {"a": ["\u202e" * 20_000]},
        {"k" * 3_000: 1},
        {"k" * 1_500: {"l" * 1_500: 1}},
        {"k" * 1_000: list(range(10_000))},
    ],
)
def test_what_nobody_could_read_is_no_call_to_decide_about(given: Json) -> None:
    with pytest.raises(ApprovalRequired, match="too long"):
        seen(given)


def test_a_deep_value_is_a_path_like_any_other() -> None:
    deep: Json = 1
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(TooLong):
        leaves({"a": deep}, None, MOST_KEPT)
    assert lines({"a": [[[[[1]]]]]}) == ["  a[0][0][0][0][0]: 1"]


# --- nothing in disguise ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("char", [*UNSEEN[:10], *UNSEEN[-13:], "\u3164", "\u115f", "\uffa0", "\u17b4", "\ufe0f"])
def test_what_cannot_be_seen_is_written_out(char: str) -> None:
    assert visible(f"x{char}y") == f"x\\u{{{ord(char):x}}}y"
    assert char not in "".join(lines({"a": f"x{char}y", f"n{char}": 1}))


def test_nothing_that_unicode_lets_be_ignored_is_shown() -> None:
    assert not [char for char in UNSEEN if char in visible(f"x{char}")]


def test_letters_of_any_script_stay_as_they_are() -> None:
    for text in ("Grüße, 世界 – 🙂", "e\u0301 ạ̈", "हिन्दी ภาษาไทย ที่", "שָׁלוֹם"):
        assert visible(text) == text


def test_a_pile_of_marks_is_written_out_and_so_is_a_mark_on_nothing() -> None:
    assert visible("a" + "\u0336" * 6) == "a" + "\u0336" * MOST_MARKS + r"\u{336}" * 2
    assert visible("a" + "\u0336\u20dd\u0489" * 20).count(r"\u{") == 60 - MOST_MARKS
    assert visible('"\u0338 \u0301') == r'"\u{338} \u{301}'
    assert visible("\u0336") == r"\u{336}"


def test_what_is_written_out_is_not_what_is_written_so() -> None:
    assert lines({"a": "\u3164"}) == [r'  a: "\u{3164}"']
    assert lines({"a": r"\u{3164}"}) == [r'  a: "\\u{3164}"']
    assert lines({"a": "\n"}) != lines({"a": r"\n"})


TEXT = st.text(
    st.sampled_from([*UNSEEN[:60], *UNSEEN[-13:]]) | st.sampled_from('ab".[]:\\n u{}3164\u0336\u20dd\u0489'),
    max_size=12,
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(TEXT, VALUE, max_size=4)


@settings(max_examples=300, deadline=None)
@over(one=ARGUMENTS, other=ARGUMENTS)
def test_whatever_is_shown_is_seen_and_tells_all_arguments_apart(one: Json, other: Json) -> None:
    told = form(one)
    assert told.count("\n") == 3 + len(seen(one).arguments)
    assert told.replace("\n", "").isprintable()
    assert not set(told) & set(UNSEEN) - {"\n"}
    run = 0
    for char in told:
        run = run + 1 if category(char) in {"Mn", "Me"} else 0
        assert run <= MOST_MARKS
    spelt = [json.dumps(given, sort_keys=True) for given in (one, other)]
    assert (told == form(other)) is (spelt[0] == spelt[1])


# --- cut --------------------------------------------------------------------------------------------------------------


def test_what_is_cut_keeps_both_ends_and_can_be_told_apart() -> None:
    one, other = cut("b" * 500 + "x" + "e" * 500, 300), cut("b" * 500 + "y" + "e" * 500, 300)
    assert one != other
    assert one.startswith("b" * 200 + "… [1,001 characters, SHA-256 ")
    assert one.endswith("] …" + "e" * 100)
    assert cut("x" * 300, 300) == "x" * 300


def test_a_target_is_bounded_in_a_form_and_whole_elsewhere() -> None:
    made = call({})
    assert made.endpoint is not None
    wire = made.endpoint.build({})
    made.endpoint = replace(made.endpoint, build=lambda given: replace(wire, target="/" + "a" * 100_000))
    text = shown(made).form
    assert text is not None
    assert len(text) < MOST_TARGET + 300
    assert len(shown(made).path) == 100_001


def test_in_a_list_every_argument_has_its_share() -> None:
    given = {"long": "x" * 50_000, "longer": "y" * 70_000, **{f"short{number}": number for number in range(20)}}
    told = dict(excerpt(seen(given).arguments))
    assert [told[f"short{number}"] for number in range(20)] == [str(number) for number in range(20)]
    assert "50,002 characters" in told["long"]
    assert "70,002 characters" in told["longer"]


def test_a_list_is_bounded_and_says_how_much_more_there_is() -> None:
    many = seen({f"name{number:03}": "v" * 200 for number in range(500)}).arguments
    told = excerpt(many)
    assert told[-1][0] == f"… {500 - MOST_LINES} more"
    assert sum(len(path) + len(value) for path, value in told) < MOST_FORM + 120 * MOST_LINES
    assert told != excerpt((*many[:-1], ("name499", "changed")))


# --- people's requests ------------------------------------------------------------------------------------------------


def requested(body: bytes, content_type: str = "application/json", schema: Json = None) -> dict[str, str]:
    one = endpoint("drop", "POST")
    described = Body("application/json", ("application/json",), BodyKind.JSON, False, Spread.WHOLE)
    one = replace(one, operation=replace(one.operation, input_schema=schema, body=described))
    headers = ((b"content-type", content_type.encode()),)
    made = Call("c", Door.REST, "POST", "/drop", 0, 0, 0, endpoint=one, route=one.route, headers=headers, body=body)
    return dict(shown(made).arguments)


def test_a_persons_body_is_shown_leaf_by_leaf_with_its_numbers_as_written() -> None:
    told = requested(b'{"qty": 1e400, "sum": 0.10000000000000000001, "zeta": {"a": 1, "b": [2]}}', schema=PATCH)
    assert told["headers.content-type[0]"] == '"application/json"'
    assert list(told.items())[1:] == [
        ("body.zeta.b[0]", "2"), ("body.zeta.a", "1"), ("body.qty", "1e400"), ("body.sum", "0.10000000000000000001"),
    ]  # fmt: skip


@pytest.mark.parametrize("body", [b'{"a": 1, "a": 2}', b'{"a": NaN}', b'{"a"', "\ufeff{}".encode()])
def test_a_persons_body_that_could_be_read_in_two_ways_is_shown_as_it_is(body: bytes) -> None:
    assert requested(body)["body"] == visible(json.dumps(body.decode(), ensure_ascii=False))


def test_a_persons_body_of_another_kind_is_its_text_or_what_tells_its_bytes_apart() -> None:
    assert requested(b'{"a": 1}', "text/plain")["body"] == r'"{\"a\": 1}"'
    told = [requested(b"\xff" * 1_000_000 + end, "image/png")["body"] for end in (b"1", b"2")]
    assert told[0] != told[1]
    assert all(one.startswith("1,000,001 bytes, SHA-256 ") for one in told)
