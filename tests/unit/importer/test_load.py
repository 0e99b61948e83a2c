import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.importer.budget import BudgetExceeded, Budgets, ImportFailed
from bridge.importer.load import Document, Library, ReferenceRefused, Unfetchable, join, load, sources_in
from tests.unit.importer.reading import CORPUS, needs_corpus

DEFAULTS = Budgets()


@dataclass(frozen=True)
class Page:
    url: str
    body: bytes
    media_type: str | None = None


class Web:
    """A fetch without a network: pages by URL, `moved` ones answered from elsewhere."""

    def __init__(self, pages: dict[str, str], moved: dict[str, str] | None = None) -> None:
        self.pages = pages
        self.moved = moved or {}
        self.asked: list[str] = []

    def __call__(self, url: str, /) -> Page:
        self.asked.append(url)
        final = self.moved.get(url, url)
        if final not in self.pages:
            raise Unfetchable("answered 404")
        return Page(final, self.pages[final].encode())


def load_file(path: Path, budgets: Budgets = DEFAULTS) -> Document:
    return load(str(path), fetch=None, budgets=budgets)


def failure(source: str, fetch: Web | None = None) -> str:
    with pytest.raises(ImportFailed) as failed:
        load(source, fetch=fetch, budgets=Budgets())
    return str(failed.value)


# --- the root document ------------------------------------------------------------------------------------------------


def test_a_path_is_loaded_and_keeps_the_name_its_user_gave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "api.yaml").write_text("openapi: 3.1.0\n")
    monkeypatch.chdir(tmp_path)
    document = load("api.yaml", fetch=None, budgets=Budgets())
    assert (document.name, document.uri) == ("api.yaml", str(tmp_path.resolve() / "api.yaml"))


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    assert failure(str(tmp_path / "none.yaml")).endswith(f"no such file: {tmp_path / 'none.yaml'}")
    assert "is a directory; give one of the documents in it" in failure(str(tmp_path))
    assert "cannot be read" in failure("a\0b.yaml")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "api.yaml")
    assert "is not a regular file" in failure(str(tmp_path / "api.yaml"))


def test_only_http_urls_are_fetched() -> None:
    web = Web({})
    assert "cannot read ftp: documents" in failure("ftp://example.com/api.yaml", web)
    assert "cannot read file: documents" in failure("file:///etc/passwd", web)
    assert "fetching documents is switched off here" in failure("https://example.com/api.yaml")
    assert web.asked == []


def test_a_url_is_loaded_from_where_it_was_in_the_end() -> None:
    web = Web(
        {"https://b.example/v2/api.json": '{"openapi": "3.1.0"}'},
        {"https://a.example/api": "https://b.example/v2/api.json"},
    )
    document = load("https://a.example/api", fetch=web, budgets=Budgets())
    assert (document.name, document.uri) == ("https://a.example/api", "https://b.example/v2/api.json")


def test_a_url_that_answers_nothing_is_an_error_with_the_reason() -> None:
    assert failure("https://a.example/api", Web({})) == "https://a.example/api: could not be fetched: answered 404"


def test_the_documents_of_a_directory_are_found_by_their_content(tmp_path: Path) -> None:
    files = {
        "b.yaml": "# ours\nopenapi: 3.1.0\n",
        "a.json": '{"info": {}, "paths": {"openapi": {}}, "swagger": "2.0"}',
        "broken.json": '{"openapi": "3.0.0", ',
        "c.yml": '"openapi": 3.0.0\n',
        "overlay.yaml": "overlay: 1.0.0\ninfo:\n  openapi: 3.1.0\n",
        "bridge.yaml": "apis:\n  x: {spec: a.json}\n",
        "fragment.json": '{"schemas": {"openapi": "3"}}',
        "list.json": "[]",
        "notes.txt": "openapi: 3.1.0\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "d.yaml").mkdir()
    assert [path.name for path in sources_in(tmp_path)] == ["a.json", "b.yaml", "broken.json", "c.yml"]


@needs_corpus
def test_every_real_document_is_read_without_a_finding() -> None:
    paths = sources_in(CORPUS)
    assert len(paths) > 40
    for path in paths:
        assert load_file(path).findings == (), path


# --- the documents that it refers to ----------------------------------------------------------------------------------


def library(root: Path, budgets: Budgets = DEFAULTS, allowed: frozenset[str] = frozenset()) -> Library:
    return Library(load_file(root, budgets), None, budgets, allowed)


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A directory with a root document, and a secret beside the directory."""
    (tmp_path / "secret.yaml").write_text("password: x\n")
    (tmp_path / "specs" / "schemas").mkdir(parents=True)
    (tmp_path / "specs" / "api.yaml").write_text("openapi: 3.1.0\n")
    (tmp_path / "specs" / "schemas" / "a pet.json").write_text('{"type": "object"}')
    (tmp_path / "specs" / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    return tmp_path / "specs"


@pytest.mark.parametrize(
    "reference", ["schemas/a%20pet.json#/x", "./schemas/../schemas/a%20pet.json", "%73chemas%2Fa pet.json?x"]
)
def test_files_below_the_root_documents_directory_are_read_once(specs: Path, reference: str) -> None:
    documents = library(specs / "api.yaml")
    uri, _ = join(str(specs.resolve() / "api.yaml"), reference)
    document = documents.open(uri)
    assert document.root == {"type": "object"}
    assert document.name == str(specs / "schemas" / "a pet.json")
    assert documents.open(document.uri) is document
    assert [found.uri for found in documents.documents] == [str(specs.resolve() / "api.yaml"), document.uri]


@pytest.mark.parametrize(
    "reference",
    [
        "../secret.yaml",
        "schemas/../../secret.yaml",
        "%2e%2e/secret.yaml",
        "..%2fsecret.yaml",
        "link.yaml",
        "/etc/passwd",
        "/%65tc/passwd",
        "//etc/passwd",
        "file:///etc/passwd",
        "file:../secret.yaml",
        "file://fileserver/share/api.yaml",
        "FILE:///etc/passwd",
        "https://example.com/pet.json",
        "ftp://example.com/pet.json",
        "data:application/json,{}",
        "a%00.yaml",
    ],
)
def test_what_lies_outside_the_sandbox_is_refused(specs: Path, reference: str) -> None:
    uri, _ = join(str(specs.resolve() / "api.yaml"), reference)
    with pytest.raises(ReferenceRefused):
        library(specs / "api.yaml").open(uri)


def test_a_missing_or_broken_file_is_its_own_error(specs: Path) -> None:
    (specs / "broken.json").write_text('{"a"')
    with pytest.raises(ImportFailed, match="no such file"):
        library(specs / "api.yaml").open(str(specs / "none.yaml"))
    with pytest.raises(ImportFailed, match=r"specs/broken\.json:1:5: not JSON"):
        library(specs / "api.yaml").open(str(specs / "broken.json"))


def test_a_root_document_behind_a_link_has_the_real_directory(specs: Path, tmp_path: Path) -> None:
    """As mounted configuration has it: every file a link into a directory that is replaced as a whole."""
    (tmp_path / "api.yaml").symlink_to(specs / "api.yaml")
    documents = library(tmp_path / "api.yaml")
    assert documents.open(str(specs.resolve() / "schemas" / "a pet.json")).root == {"type": "object"}
    with pytest.raises(ReferenceRefused):
        documents.open(str(tmp_path / "secret.yaml"))


ROOT = "https://api.example/v1/api.json"


def web_library(web: Web, *allowed: str, budgets: Budgets = DEFAULTS) -> Library:
    return Library(load(ROOT, fetch=web, budgets=budgets), web, budgets, frozenset(allowed))


def test_documents_of_the_same_origin_are_fetched_once() -> None:
    web = Web({ROOT: "{}", "https://api.example/v1/pet.json": '{"type": "object"}'})
    documents = web_library(web)
    uri, fragment = join(ROOT, "pet.json#/a%7Bb")
    assert documents.open(uri) is documents.open("https://api.example/v1/pet.json")
    assert fragment == "/a%7Bb"
    assert len(web.asked) == 2


@pytest.mark.parametrize(
    "reference",
    [
        "https://other.example/pet.json",
        "//other.example/pet.json",
        "http://api.example/pet.json",
        "https://api.example:8443/pet.json",
        "https://user@api.example/pet.json",
        "https://api.example@other.example/pet.json",
        "file:///etc/passwd",
        "http://127.0.0.1/pet.json",
        "https://api.example:bad/pet.json",
    ],
)
def test_other_origins_and_files_are_refused_before_anything_is_fetched(reference: str) -> None:
    web = Web({ROOT: "{}"})
    with pytest.raises(ReferenceRefused):
        web_library(web).open(join(ROOT, reference)[0])
    assert web.asked == [ROOT]


def test_a_path_from_a_url_is_refused() -> None:
    with pytest.raises(ReferenceRefused, match="only a document that is a file itself"):
        web_library(Web({ROOT: "{}"})).open("/etc/passwd")


def test_an_origin_that_the_operator_named_is_allowed() -> None:
    web = Web({ROOT: "{}", "https://other.example:443/pet.json": "[]"})
    assert web_library(web, "https://Other.example").open("https://other.example:443/pet.json").root == []


def test_a_redirect_out_of_the_allowed_origins_is_refused() -> None:
    moved = {"https://api.example/pet.json": "https://other.example/pet.json"}
    web = Web({ROOT: "{}", "https://other.example/pet.json": "{}"}, moved)
    with pytest.raises(ReferenceRefused, match=r"other\.example"):
        web_library(web).open("https://api.example/pet.json")


@pytest.mark.parametrize(("budget", "limit"), [("files", 2), ("nodes", 20), ("bytes", 60)])
def test_all_documents_together_are_charged_to_the_budgets(budget: str, limit: int) -> None:
    text = '{"a": [1, 2, 3, 4, 5]}'
    web = Web({ROOT: text} | {f"https://api.example/{n}": text for n in range(3)})
    documents = web_library(web, budgets=Budgets(**{budget: limit}))
    documents.open("https://api.example/0")
    with pytest.raises(BudgetExceeded) as exceeded:
        documents.open("https://api.example/1")
    assert exceeded.value.budget == budget


def test_credentials_in_a_url_are_not_in_the_documents_name() -> None:
    url = "https://docs.example.com/api.json?token=hidden#x"
    loaded = load(url, fetch=Web({url: '{"openapi": "3.1.0"}'}), budgets=DEFAULTS)
    assert (loaded.name, loaded.uri) == ("https://docs.example.com/api.json?…", url)
    assert "hidden" not in failure("https://user:hidden@docs.example.com/gone.json?key=hidden", Web({}))
