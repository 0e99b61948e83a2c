"""An import contract that import-linter does not bring: a package that needs the standard library alone.

Its own `forbidden` contract takes a list of names, and a list does not know the dependency that is added tomorrow.
"""

import sys

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class StandardLibraryOnly(Contract):
    """Only direct imports count: what `package` takes from its own root is the layers' business."""

    type_name = "standard_library_only"

    package = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        root = str(self.package).partition(".")[0]
        known = sys.stdlib_module_names | {root}
        foreign = [
            f"{importer} -> {imported}"
            for importer in sorted({str(self.package)} | graph.find_descendants(str(self.package)))
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if imported.partition(".")[0] not in known
        ]
        return ContractCheck(kept=not foreign, metadata={"foreign": foreign})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["foreign"]:
            output.print_error(f"- {line}")
