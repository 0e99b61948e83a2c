"""`python -m tests.golden.update` writes what is made now over what is expected: read the diff."""

from tests.golden.catalogs import CASES, cases, rendered


def main() -> None:
    for case in cases():
        (CASES / case / "tools.json").write_text(rendered(case))


if __name__ == "__main__":
    main()
