"""JSON values, as far as Python's type system can say them: not at all. `Json` marks every place where one enters."""

from typing import Any, TypeAlias

Json: TypeAlias = Any
