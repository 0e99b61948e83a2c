"""The report on sizes counts what it says and fails on what it forbids."""

from pathlib import Path

import pytest

from tests.kit import shape


def function(name: str, lines: int) -> str:
    return f"def {name}():\n" + "    pass\n" * (lines - 1)


def test_modules_and_functions_are_measured_in_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "__init__.py").touch()
    (tmp_path / "a.py").write_text(function("short", 3) + function("longer", 7))
    assert shape.main(str(tmp_path)) == 0
    printed = capsys.readouterr().out
    assert "1 modules    median 10 lines, longest 10" in printed
    assert "2 functions  median 5 lines, longest 7" in printed
    assert "a.py:4 longer" in printed


def test_one_long_function_in_twenty_is_borne_and_two_are_not(tmp_path: Path) -> None:
    module = tmp_path / "a.py"
    module.write_text(function("f", 3) * 19 + function("long", 61))
    assert not list(shape.measure(tmp_path).faults())[1:]
    assert shape.measure(tmp_path).long_share == 0.05
    module.write_text(function("f", 3) * 18 + function("long", 61) * 2)
    assert "10.0% of the functions are above 60 lines" in list(shape.measure(tmp_path).faults())


def test_a_module_median_of_two_hundred_lines_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text("x = 1\n" * 200)
    assert shape.main(str(tmp_path)) == 1
    assert "half of the modules have 200 lines or more" in capsys.readouterr().err
    (tmp_path / "a.py").write_text("x = 1\n" * 199)
    assert shape.main(str(tmp_path)) == 0


def test_this_tree_keeps_its_shape() -> None:
    assert not list(shape.measure(Path(__file__).parents[2] / "bridge").faults())
