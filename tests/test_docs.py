"""The docs say what is there: a setting, code, event or module without a word fails here."""

import ast
import re
from pathlib import Path

import pytest

import scheduling.geocoding  # noqa: F401  # its refusals are counted too
from scheduling.answers import REASONS
from scheduling.errors import DomainError
from scheduling.events import KINDS

ROOT = Path(__file__).parent.parent
READERS = {"read", "flag", "number", "str", "list", "key_ring"}


def doc(name: str) -> str:
    return (ROOT / name).read_text()


def variables_read() -> set[str]:
    """The environment variables that settings.py reads."""
    found = set()
    for node in ast.walk(ast.parse(doc("portal/settings.py"))):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            names = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if called in READERS and names and re.fullmatch(r"[A-Z][A-Z0-9_]+", names[0]):
                found.add(names[0])
    return found


def codes() -> set[str]:
    """The codes of every refusal, of the domain and of the pages."""
    kinds, found = [DomainError], set()
    while kinds:
        kind = kinds.pop()
        found.add(kind.code)
        kinds += [
            sub
            for sub in kind.__subclasses__()
            if sub.__module__.split(".")[0] in {"portal", "returns", "scheduling"}
        ]
    return found | set(re.findall(r'code="(\w+)"', doc("portal/http.py")))


def test_every_setting_is_explained_to_operators():
    assert len(variables_read()) > 20
    unexplained = {name for name in variables_read() if f"`{name}`" not in doc("docs/operations.md")}

    assert unexplained == set()


def test_no_setting_is_explained_that_is_not_there():
    explained = set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \|", doc("docs/operations.md"), re.MULTILINE))
    for_tests = {"TEST_ON", "TEST_DATABASE_URL", "TEST_REDIS_URL", "CI"}

    assert explained - for_tests == variables_read()


def test_every_refusals_code_is_explained():
    assert {code for code in codes() if f"`{code}`" not in doc("docs/api.md")} == set()


def test_every_reason_why_a_time_cannot_be_chosen_is_explained():
    assert {code for code in REASONS if f"`{code}`" not in doc("docs/api.md")} == set()


def test_every_kind_of_event_is_explained():
    assert {kind for kind in KINDS if f"`{kind}`" not in doc("docs/api.md")} == set()


def test_every_task_of_the_timetable_is_explained():
    from portal.celery import app

    tasks = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert {task for task in tasks if f"`{task}`" not in doc("docs/operations.md")} == set()
    app.loader.import_default_modules()
    assert tasks <= set(app.tasks)


def test_the_picture_of_the_house_shows_every_room():
    picture = doc("docs/architecture.md")
    for package in ("portal", "returns", "scheduling"):
        for path in sorted((ROOT / package).iterdir()):
            is_room = (path / "__init__.py").exists() or (path.suffix == ".py" and path.stem != "__init__")
            if is_room and path.name != "migrations":
                assert re.search(rf"\b{path.name}\b", picture), f"{package}/{path.name} is not in the picture"


PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere_and_commands_exist(page):
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#\s]+)", text) + re.findall(r'src="([^"]+)"', text):
        assert target.startswith("http") or (page.parent / target).exists(), target
    targets = set(re.findall(r"^([a-z][a-z-]*):", doc("Makefile"), re.MULTILINE))
    for command in re.findall(r"(?:`|^|    )make ([a-z][a-z-]*)", text, re.MULTILINE):
        assert command in targets, command


def test_decisions_are_short_and_say_what_was_decided_and_why():
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert decisions
    for number, path in enumerate(decisions, 1):
        assert path.name.startswith(f"{number:04}-"), path.name
        assert len(path.read_text().splitlines()) <= 40, path.name


def test_the_changelog_has_room_for_what_is_not_released():
    assert "## Unreleased" in doc("CHANGELOG.md")
