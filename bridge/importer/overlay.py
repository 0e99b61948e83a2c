"""Overlay documents (Overlay Specification 1.0 and 1.1): changes to a document that stay out of the document.

Version 1.1 says in full what 1.0 left open and contradicts it nowhere, so both are applied by its rules: objects are
merged, arrays extended, single values replaced. Each action sees what the actions before it made.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import orjson

from bridge.importer.budget import BudgetExceeded, Budgets, ImportFailed
from bridge.importer.document import Document, census, pointer
from bridge.importer.jsonpath import BadPath, Location, Queries, value_at
from bridge.importer.library import join
from bridge.importer.lines import locate
from bridge.model import Finding, Json, Severity

_VERSION = re.compile(r"1\.([01])\.\d+")
_ROOT_FIELDS = ("overlay", "info", "extends", "actions")
_ACTION_FIELDS = ("target", "description", "update", "copy", "remove")


def apply(document: Document, overlays: Sequence[Document], budgets: Budgets) -> Document:
    """The document with the overlays applied in their order. Raises ImportFailed at the place of a bad action."""
    if not overlays:
        return document
    root = _copied(document.root)
    findings = list(document.findings)
    for overlay in overlays:
        findings += overlay.findings
        findings += _Application(overlay, document.uri, budgets).apply(root)
    counted = census(root, budgets)
    if counted.depth > budgets.depth:
        raise BudgetExceeded(document.name, "depth", budgets.depth)
    return replace(
        document,
        root=root,
        findings=tuple(findings),
        has_anchors=counted.has_anchors,
        references=counted.references,
        nodes=counted.nodes,
    )


@dataclass(frozen=True, slots=True)
class _Action:
    where: str
    target: str
    update: Json
    """None also when there is none: merging null changes nothing but single values."""
    copy: str | None
    remove: bool


class _Application:
    """One overlay on its way into a document."""

    def __init__(self, overlay: Document, target_uri: str, budgets: Budgets) -> None:
        self._overlay = overlay
        self._target_uri = target_uri
        self._budgets = budgets
        self._queries = Queries(overlay.name, budgets)
        self._findings: list[Finding] = []

    def apply(self, root: Json) -> list[Finding]:
        actions = self._actions()
        self._check_extends()
        for action in actions:
            self._act(action, root)
        return self._findings

    # --- reading the overlay ------------------------------------------------------------------------------------------

    def _actions(self) -> list[_Action]:
        overlay = self._overlay.root
        if not isinstance(overlay, dict) or "overlay" not in overlay:
            raise self._failed("", "is not an overlay: it has no `overlay: 1.0.0`")
        if not isinstance(overlay["overlay"], str) or not _VERSION.fullmatch(overlay["overlay"]):
            raise self._failed("/overlay", f"overlays of version {overlay['overlay']} are not read, only 1.0 and 1.1")
        self._check_fields("", overlay, _ROOT_FIELDS)
        actions = overlay.get("actions")
        if not isinstance(actions, list) or not actions:
            raise self._failed("/actions", "`actions` must be a list with at least one action")
        return [self._action(f"/actions/{index}", action) for index, action in enumerate(actions)]

    def _action(self, where: str, action: Json) -> _Action:
        if not isinstance(action, dict):
            raise self._failed(where, "an action must be an object with a `target`")
        self._check_fields(where, action, _ACTION_FIELDS)
        target, copy, remove = action.get("target"), action.get("copy"), action.get("remove", False)
        if not isinstance(target, str):
            raise self._failed(where, "an action needs a `target`: a JSONPath such as `$.paths`")
        if not isinstance(remove, bool):
            raise self._failed(f"{where}/remove", "`remove` must be true or false")
        if copy is not None and (not isinstance(copy, str) or "update" in action):
            raise self._failed(f"{where}/copy", "`copy` must be a JSONPath, and excludes `update`")
        if not remove and copy is None and "update" not in action:
            raise self._failed(where, "this action does nothing: give it `update`, `copy` or `remove: true`")
        return _Action(where, target, action.get("update"), copy, remove)

    def _check_fields(self, where: str, value: dict[str, Json], known: tuple[str, ...]) -> None:
        for name in value:
            if name not in known and not name.startswith("x-"):
                near = get_close_matches(name, known, 1)
                meant = f": did you mean `{near[0]}`?" if near else ""
                raise self._failed(f"{where}{pointer([name])}", f"`{name}` is not known here{meant}")

    def _check_extends(self) -> None:
        extends = self._overlay.root.get("extends")
        if isinstance(extends, str) and join(self._overlay.uri, extends)[0] != self._target_uri:
            message = f"this overlay was written for {extends} and is applied to another document"
            self._report("overlay-extends", Severity.INFO, "/extends", message)

    # --- changing the document ----------------------------------------------------------------------------------------

    def _act(self, action: _Action, root: Json) -> None:
        selected = self._select(action.target, f"{action.where}/target", root)
        if not selected:
            message = f"the target {action.target} matches nothing, so this action changes nothing"
            self._report("overlay-no-match", Severity.WARNING, f"{action.where}/target", message)
        elif action.remove:
            self._remove(action, selected, root)
        else:
            self._update(action, selected, root)

    def _select(self, path: str, where: str, root: Json) -> list[Location]:
        try:
            return self._queries.select(path, root)
        except BadPath as error:
            raise self._failed(where, str(error)) from error

    def _remove(self, action: _Action, selected: list[Location], root: Json) -> None:
        if () in selected:
            raise self._failed(f"{action.where}/target", "the root of the document cannot be removed")
        # Deepest first, and the last item of an array first, so that each location holds until its turn comes.
        for location in sorted(selected, key=_removal_order, reverse=True):
            del value_at(root, location[:-1])[location[-1]]

    def _update(self, action: _Action, selected: list[Location], root: Json) -> None:
        kinds = {_kind(value_at(root, location)) for location in selected}
        if len(kinds) > 1:
            message = f"the target selects values of different kinds ({', '.join(sorted(kinds))}): select one kind"
            raise self._failed(f"{action.where}/target", message)
        update = action.update if action.copy is None else self._copy_source(action, root)
        grown = census(root, self._budgets).nodes + len(selected) * census(update, self._budgets).nodes
        if grown > self._budgets.nodes:
            raise BudgetExceeded(self._overlay.name, "nodes", self._budgets.nodes)
        for location in selected:
            self._put(action, location, root, _copied(update))

    def _copy_source(self, action: _Action, root: Json) -> Json:
        where = f"{action.where}/copy"
        found = self._select(action.copy or "", where, root)
        if len(found) != 1:
            raise self._failed(where, f"`copy` must select one value, and {action.copy} selects {len(found)}")
        return value_at(root, found[0])

    def _put(self, action: _Action, location: Location, root: Json, update: Json) -> None:
        present = value_at(root, location)
        if isinstance(present, dict) and isinstance(update, dict):
            self._merge(action, location, present, update)
        elif isinstance(present, list):
            present.extend(update if isinstance(update, list) else [update])
        elif _kind(present) == _kind(update):
            value_at(root, location[:-1])[location[-1]] = update
        else:
            raise self._clash(action, location, present, update)

    def _merge(self, action: _Action, location: Location, target: dict[str, Json], update: dict[str, Json]) -> None:
        pending = [(location, target, update)]
        while pending:
            at, into, values = pending.pop()
            for key, value in values.items():
                present = into.get(key)
                if isinstance(present, dict) and isinstance(value, dict):
                    pending.append(((*at, key), present, value))
                elif isinstance(present, list) and isinstance(value, list):
                    present.extend(value)
                elif present is None or (_kind(present) == _kind(value) == "value"):
                    into[key] = value
                elif value is not None:  # the specification's own example merges an empty `components:`
                    raise self._clash(action, (*at, key), present, value)

    # --- saying so ----------------------------------------------------------------------------------------------------

    def _clash(self, action: _Action, location: Location, present: Json, update: Json) -> ImportFailed:
        message = (
            f"a JSON {_kind(update)} cannot be merged into the {_kind(present)} at {pointer(location) or 'the root'}: "
            "remove that one first"
        )
        return self._failed(f"{action.where}/{'update' if action.copy is None else 'copy'}", message)

    def _failed(self, where: str, message: str) -> ImportFailed:
        return ImportFailed(self._overlay.name, message, locate(self._overlay, [where])[where], 1)

    def _report(self, name: str, severity: Severity, where: str, message: str) -> None:
        line = locate(self._overlay, [where])[where]
        self._findings.append(Finding(name, severity, where, message, line=line, source=self._overlay.name))


def _removal_order(location: Location) -> tuple[int, int]:
    last = location[-1]
    return len(location), last if isinstance(last, int) else 0


def _kind(value: Json) -> str:
    return "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "value"


def _copied(value: Json) -> Json:
    return orjson.loads(orjson.dumps(value))
