"""Overlay documents. The cases follow the examples of the specification, with documents of our own."""

from typing import Any

import orjson
import pytest

from bridge.importer.budget import BudgetExceeded, Budgets, ImportFailed
from bridge.importer.load import Document
from bridge.importer.overlay import apply
from tests.unit.importer.reading import read

HEAD = "overlay: 1.1.0\ninfo: {title: Ours, version: 1.0.0}\n"


def shop() -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shop"},
        "servers": [{"url": "https://shop.example"}],
        "paths": {
            "/orders": {
                "get": {"parameters": [{"name": "page", "in": "query"}, {"name": "debug", "in": "query"}]},
                "post": {"summary": "Order"},
            },
            "/health": {"get": {"parameters": [{"name": "debug", "in": "query"}], "x-traits": ["internal"]}},
        },
    }


def overlaid(actions: str, head: str = HEAD, root: Any = None, **budgets: Any) -> Document:
    document = read(orjson.dumps(shop() if root is None else root))
    return apply(document, [read(f"{head}actions:\n{actions}", "our.overlay.yaml")], Budgets(**budgets))


def refused(actions: str, head: str = HEAD) -> str:
    with pytest.raises(ImportFailed) as failed:
        overlaid(actions, head)
    return str(failed.value)


def test_an_update_that_mirrors_the_document_is_merged_into_it() -> None:
    root = overlaid(
        """
  - target: $
    update:
      info: {x-reviewed: true}
      paths:
        /orders: {summary: All orders, get: {x-rate-limit: 100}}
      components:
"""
    ).root
    assert root["info"] == {"title": "Shop", "x-reviewed": True}
    assert root["paths"]["/orders"]["summary"] == "All orders"
    assert root["paths"]["/orders"]["get"]["x-rate-limit"] == 100
    assert len(root["paths"]["/orders"]["get"]["parameters"]) == 2
    assert root["components"] is None


def test_an_empty_key_in_an_update_changes_nothing_that_is_there() -> None:
    assert overlaid("  - {target: $, update: {paths: }}\n").root == shop()


def test_one_update_reaches_everything_that_a_wildcard_selects() -> None:
    root = overlaid("  - {target: $.paths.*.get, update: {x-safe: [true]}}\n").root
    assert root["paths"]["/orders"]["get"]["x-safe"] == root["paths"]["/health"]["get"]["x-safe"] == [True]
    assert root["paths"]["/orders"]["get"]["x-safe"] is not root["paths"]["/health"]["get"]["x-safe"]


def test_a_filter_selects_single_array_items() -> None:
    root = overlaid("  - {target: \"$.paths.*.get.parameters[?@.name == 'page']\", update: {required: true}}\n").root
    assert root["paths"]["/orders"]["get"]["parameters"][0] == {"name": "page", "in": "query", "required": True}


def test_an_array_is_extended_by_an_item_or_by_a_list() -> None:
    root = overlaid(
        "  - {target: $.servers, update: {url: /one}}\n  - {target: $.servers, update: [{url: /two}, {url: /three}]}\n"
    ).root
    assert [server["url"] for server in root["servers"]] == ["https://shop.example", "/one", "/two", "/three"]


def test_arrays_inside_an_update_are_appended() -> None:
    assert overlaid("  - {target: $, update: {servers: [{url: /two}]}}\n").root["servers"][1] == {"url": "/two"}


def test_every_selected_item_is_removed_wherever_it_stands() -> None:
    root = overlaid("  - {target: \"$..parameters[?@.name == 'debug']\", remove: true}\n").root
    assert root["paths"]["/orders"]["get"]["parameters"] == [{"name": "page", "in": "query"}]
    assert root["paths"]["/health"]["get"]["parameters"] == []


def test_removing_a_value_and_what_is_in_it_removes_both() -> None:
    root = overlaid("  - {target: '$.servers[0,0]', remove: true}\n  - {target: '$.paths..*', remove: true}\n").root
    assert (root["servers"], root["paths"]) == ([], {})


def test_remove_wins_over_update() -> None:
    assert "info" not in overlaid("  - {target: $.info, remove: true, update: {x: 1}}\n").root


def test_each_action_sees_what_the_one_before_made() -> None:
    root = overlaid("  - {target: $.info, remove: true}\n  - {target: $, update: {info: {title: New}}}\n").root
    assert root["info"] == {"title": "New"}


def test_overlays_are_applied_in_their_order() -> None:
    both = [read(f"{HEAD}actions: [{{target: $.info, update: {{title: {title}}}}}]", "o.yaml") for title in "AB"]
    assert apply(read(orjson.dumps(shop())), both, Budgets()).root["info"]["title"] == "B"


def test_a_single_value_is_replaced() -> None:
    assert overlaid("  - {target: $.info.title, update: New}\n").root["info"]["title"] == "New"


def test_a_copy_takes_its_value_from_the_document() -> None:
    actions = """
  - {target: $.paths, update: {/carts: {}}}
  - {target: "$.paths['/carts']", copy: "$.paths['/orders']"}
"""
    root = overlaid(actions).root
    assert root["paths"]["/carts"] == root["paths"]["/orders"]
    assert root["paths"]["/carts"] is not root["paths"]["/orders"]


def test_what_the_document_marks_is_found_by_its_mark() -> None:
    action = """
  - target: $.paths.*.get[?@ == 'internal']
    remove: true
  - target: $.paths[?@.get['x-traits'][?@ == 'internal']]
    update: {summary: Ours alone}
"""
    root = overlaid(action).root
    assert root["paths"]["/health"]["summary"] == "Ours alone"
    assert "summary" not in root["paths"]["/orders"]


def test_the_document_itself_stays_as_it_was() -> None:
    document = read(orjson.dumps(shop()))
    overlay = read(f"{HEAD}actions: [{{target: $.paths, remove: true}}]", "o.yaml")
    changed = apply(document, [overlay], Budgets())
    assert document.root == shop()
    assert (changed.text, changed.digest, changed.uri) == (document.text, document.digest, document.uri)
    assert changed.nodes < document.nodes
    assert apply(document, [], Budgets()) is document


def test_the_facts_about_the_document_are_counted_again() -> None:
    document = overlaid("  - {target: $.info, update: {x: {$ref: '#/info', $id: a}}}\n")
    assert (document.references, document.has_anchors) == (1, True)


def test_a_target_that_matches_nothing_is_a_finding_with_its_place() -> None:
    (finding,) = overlaid("  - {target: $.info, update: {x: 1}}\n  - target: $.nowhere\n    remove: true\n").findings
    assert (finding.id, finding.severity) == ("overlay-no-match", "warning")
    assert (finding.source, finding.where, finding.line) == ("our.overlay.yaml", "/actions/1/target", 5)


def test_an_overlay_for_another_document_says_so_and_is_applied() -> None:
    action = "  - {target: $.info, update: {x: 1}}\n"
    assert overlaid(action, f"{HEAD}extends: ./api.json\n").findings == ()
    (finding,) = overlaid(action, f"{HEAD}extends: https://other.example/api.json\n").findings
    assert (finding.id, finding.severity, finding.line) == ("overlay-extends", "info", 3)


def test_findings_about_the_overlays_own_text_are_kept() -> None:
    assert [finding.id for finding in overlaid("  - {target: $, target: $.info, remove: true}\n").findings] == [
        "duplicate-key"
    ]


@pytest.mark.parametrize(
    ("actions", "error"),
    [
        ("  - target: $.info\n    updat: {}\n", "5:1: `updat` is not known here: did you mean `update`?"),
        ("  - target: $.info\n", "4:1: this action does nothing"),
        ("  - update: {}\n", "4:1: an action needs a `target`"),
        ("  - text\n", "4:1: an action must be an object"),
        ("  - target: $.info[\n    remove: true\n", "4:1: '$.info[' is not a JSONPath"),
        ("  - target: info\n    remove: true\n", "4:1: 'info' is not a JSONPath: it must begin with `$`"),
        ("  - {target: $, remove: true}\n", "4:1: the root of the document cannot be removed"),
        ("  - target: $.info\n    remove: 'yes'\n", "5:1: `remove` must be true or false"),
        ("  - target: $.info\n    update: {}\n    copy: $\n", "6:1: `copy` must be a JSONPath, and excludes `update`"),
        ("  - target: $.info\n    copy: $.paths.*\n", "5:1: `copy` must select one value, and $.paths.* selects 2"),
        ("  - target: $.*\n    update: {}\n", "4:1: the target selects values of different kinds (array, obj"),
        ("  - target: $.info\n    update: [1]\n", "5:1: a JSON array cannot be merged into the object at /info"),
        ("  - target: $\n    update: {info: {title: {}}}\n", "5:1: a JSON object cannot be merged into the value"),
        ("  - target: $\n    update: {servers: {}}\n", "5:1: a JSON object cannot be merged into the array"),
    ],
)
def test_a_bad_action_is_refused_at_its_line(actions: str, error: str) -> None:
    assert refused(actions).startswith(f"our.overlay.yaml:{error}")


@pytest.mark.parametrize(
    ("head", "error"),
    [
        ("info: {}\n", "1:1: is not an overlay"),
        ("overlay: 2.0.0\n", "1:1: overlays of version 2.0.0 are not read"),
        ("overlay: 1.2.0\n", "1:1: overlays of version 1.2.0 are not read"),
        ("overlay: 1.0.0\nextend: x\n", "2:1: `extend` is not known here: did you mean `extends`?"),
    ],
)
def test_what_is_no_known_overlay_is_refused(head: str, error: str) -> None:
    assert refused("  - {target: $, update: {}}\n", head).startswith(f"our.overlay.yaml:{error}")


def test_an_overlay_without_actions_is_refused() -> None:
    overlay = read("overlay: 1.0.0\nactions: []\n", "o.yaml")
    with pytest.raises(ImportFailed, match=r"o\.yaml:2:1: `actions` must be a list with at least one action"):
        apply(read("{}"), [overlay], Budgets())


def test_an_update_that_multiplies_runs_out_of_budget() -> None:
    action = "  - {target: $, update: {x: [{}, {}, {}, {}]}}\n  - {target: $.x.*, copy: $}\n"
    with pytest.raises(BudgetExceeded, match="'nodes'"):
        overlaid(action * 10, nodes=10_000)


def test_updates_inside_updates_run_out_of_depth() -> None:
    with pytest.raises(BudgetExceeded, match="'depth'"):
        overlaid("  - {target: $..x, update: {x: {x: {}}}}\n" * 3, root={"x": {}}, depth=6)
