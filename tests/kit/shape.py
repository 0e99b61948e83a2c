"""How large modules and functions are: `python -m tests.kit.shape bridge`.

A function's lines run from its `def` to its last line, without decorators and with whatever is nested in it. Exits 1
when the tree leaves the shape that the project keeps: under 5 % of functions above 60 lines, module median under 200.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

LONG_FUNCTION = 60
LONG_FUNCTIONS_SHARE = 0.05
MODULE_MEDIAN = 200
SHOWN = 10


@dataclass(frozen=True, slots=True, order=True)
class Size:
    lines: int
    where: str


@dataclass(frozen=True, slots=True)
class Shape:
    modules: list[Size]
    functions: list[Size]

    @property
    def long_share(self) -> float:
        long = sum(function.lines > LONG_FUNCTION for function in self.functions)
        return long / len(self.functions) if self.functions else 0.0

    def faults(self) -> Iterator[str]:
        if self.long_share > LONG_FUNCTIONS_SHARE:
            yield f"{self.long_share:.1%} of the functions are above {LONG_FUNCTION} lines"
        if self.modules and median(_lines(self.modules)) >= MODULE_MEDIAN:
            yield f"half of the modules have {MODULE_MEDIAN} lines or more"


def measure(tree: Path) -> Shape:
    modules, functions = [], []
    for path in sorted(tree.rglob("*.py")):
        where, source = str(path.relative_to(tree.parent)), path.read_text()
        # An empty __init__.py only marks a folder; counting it would flatter the median.
        if not source.strip():
            continue
        modules.append(Size(len(source.splitlines()), where))
        functions += [Size(lines, f"{where}:{line} {name}") for name, line, lines in _functions(ast.parse(source))]
    return Shape(modules, functions)


def _functions(tree: ast.Module) -> Iterator[tuple[str, int, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1


def report(shape: Shape) -> Iterator[str]:
    for kind, sizes in (("modules", shape.modules), ("functions", shape.functions)):
        lines = _lines(sizes) or [0]
        yield f"{len(sizes):5} {kind:9}  median {median(lines):g} lines, longest {max(lines)}"
    yield f"{shape.long_share:.1%} of the functions are above {LONG_FUNCTION} lines"
    for kind, sizes in (("modules", shape.modules), ("functions", shape.functions)):
        yield f"\nlongest {kind}"
        yield from (f"{size.lines:5}  {size.where}" for size in sorted(sizes, reverse=True)[:SHOWN])


def _lines(sizes: list[Size]) -> list[int]:
    return [size.lines for size in sizes]


def main(tree: str) -> int:
    shape = measure(Path(tree))
    print(*report(shape), sep="\n")
    faults = list(shape.faults())
    for fault in faults:
        print(f"shape: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
