"""What must stay true of the whole tree, whoever adds to it."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("portal", "returns", "scheduling")


@cache
def committed() -> tuple[Path, ...]:
    """Every file git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(path for path in map(ROOT.joinpath, listed.stdout.splitlines()) if path.is_file())


def files(folder: str, suffix: str) -> list[Path]:
    """The files of `folder` with this suffix, migrations aside."""
    inside = ROOT / folder
    return [
        path
        for path in committed()
        if path.suffix == suffix and inside in path.parents and "migrations" not in path.parts
    ]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def imported(path: Path) -> set[str]:
    """The modules that a file imports, by their full names."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def dotted(node: ast.expr) -> str:
    """`a.b.c` as text, empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def calls(path: Path) -> Iterator[str]:
    """What a file calls, as written."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield dotted(node.func)


def test_who_may_import_whom():
    # In a process of its own: it silences every logger that is there.
    lint = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    checked = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True)

    assert checked.returncode == 0, checked.stdout


def test_the_core_needs_only_the_standard_library_and_numpy():
    allowed = (sys.stdlib_module_names - {"time", "random"}) | {"numpy", "scheduling"}
    solver = {"scheduling/routing/solver.py": {"pyvrp"}}

    for path in files("scheduling/routing", ".py"):
        used = {module.split(".")[0] for module in imported(path)}
        assert used <= allowed | solver.get(name(path), set()), name(path)
        ours = {module for module in imported(path) if module.startswith("scheduling")}
        assert all(module.startswith("scheduling.routing") for module in ours), name(path)


WALL_CLOCKS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "datetime.datetime.now",
    "datetime.date.today",
    "timezone.now",
    "timezone.localtime",
    "timezone.localdate",
    "time.time",
}


def test_there_is_one_clock():
    for path in (path for package in PACKAGES for path in files(package, ".py")):
        if name(path) != "scheduling/clock.py":
            assert not WALL_CLOCKS & set(calls(path)), f"{name(path)} asks a clock of its own"


def test_only_views_tasks_and_commands_ask_what_time_it_is():
    for path in files("scheduling", ".py") + files("returns", ".py"):
        if name(path) != "scheduling/clock.py" and path.name != "tasks.py" and "commands" not in path.parts:
            assert "clock.now" not in set(calls(path)), f"{name(path)} should be given `now`"


def test_no_module_is_a_drawer_for_odds_and_ends():
    drawers = {"utils", "helpers", "common", "misc", "signals", "mixins"}

    assert [name(path) for path in committed() if path.suffix == ".py" and path.stem in drawers] == []


def test_nothing_swallows_an_error():
    for path in (path for package in PACKAGES for path in files(package, ".py")):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler):
                broad = node.type is None or dotted(node.type) in {"Exception", "BaseException"}
                silent = all(isinstance(step, ast.Pass) for step in node.body)
                assert not (broad and silent), f"{name(path)}:{node.lineno}"


# Tests


def asserts(function: ast.AST) -> bool:
    """Whether a test can fail: by `assert`, by pytest.raises or fail, or in a helper named for it."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            called = dotted(node.func).rsplit(".", 1)[-1]
            if called in {"raises", "fail", "expect"} or "assert_" in called:
                return True
    return False


def test_every_test_can_fail():
    toothless = [
        f"{name(path)}: {node.name}"
        for path in files("tests", ".py")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not asserts(node)
    ]

    assert toothless == []


def test_a_test_that_asserts_nothing_would_be_found():
    assert not asserts(ast.parse("def test_nothing(): do_something()"))
    assert asserts(ast.parse("def test_page(page): expect(page).to_have_title('x')"))


def test_every_skip_gives_its_reason():
    for path in files("tests", ".py"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and dotted(node.func).endswith((".skip", ".skipif", ".xfail")):
                given = bool(node.args) or any(keyword.arg == "reason" for keyword in node.keywords)
                assert given, f"{name(path)}:{node.lineno}"


# Files

MACHINE = re.compile(r"(?:^|[^A-Za-z0-9_.>}/-])/(?:work|root|farm|home)/|(?:^|[\s\"'=(])/tmp/")
DOWNLOAD = re.compile(r"https?://\S+\.(?:whl|tgz|tar\.gz)|--(?:extra-)?index-url|\"resolved\":")
BINARY = {".png", ".jpg", ".ico", ".gz", ".woff2", ".mo"}


def test_no_file_names_a_folder_of_one_machine_or_a_download_address():
    for path in committed():
        if path.suffix in BINARY or path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert not MACHINE.search(line), f"{name(path)}:{number}: {line[:120]}"
            assert not DOWNLOAD.search(line), f"{name(path)}:{number}: {line[:120]}"


def test_requirements_are_pinned_and_the_tests_use_what_production_uses():
    def pins(file: str) -> set[str]:
        lines = (ROOT / "requirements" / file).read_text().splitlines()
        return {line for line in lines if line and not line.lstrip().startswith("#")}

    assert all("==" in pin for pin in pins("dev.txt"))
    assert pins("run.txt") <= pins("dev.txt")


# Words and pages

CLAIM = re.compile(
    r"\b(?:green(?:er|est)?|eco(?:[- ]?friendly|logical(?:ly)?)?|climate[- ](?:friendly|neutral)|"
    r"carbon[- ]neutral|environmentally[- ]friendly|sustainabl[ey])\b",
    re.IGNORECASE,
)
TAG = re.compile(r"<[^>]*>|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|&[a-z#0-9]+;", re.DOTALL)
TRANSLATED = re.compile(r"\{%-?\s*blocktrans(?:late)?\b.*?\{%\s*endblocktrans(?:late)?\s*%\}", re.DOTALL)
COMMENT = re.compile(r"\{%\s*comment.*?endcomment\s*%\}|<!--.*?-->", re.DOTALL)
WORD = re.compile(r"[^\W\d_]{2,}")
SPOKEN = re.compile(r'\b(?:aria-label|placeholder|title|alt)="([^"{]*)"')
GETTEXT = {
    "_",
    "gettext",
    "gettext_lazy",
    "ngettext",
    "ngettext_lazy",
    "pgettext",
    "pgettext_lazy",
    "npgettext",
}


def sentences_of(path: Path) -> Iterator[str]:
    """The texts that a Python file gives to gettext."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and dotted(node.func).rsplit(".", 1)[-1] in GETTEXT:
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def test_no_sentence_makes_a_bare_claim_about_the_environment():
    for path in (path for package in PACKAGES for path in files(package, ".py")):
        for sentence in sentences_of(path):
            assert not CLAIM.search(sentence), f"{name(path)}: {sentence}"
    for path in committed():
        if "templates" in path.parts and path.suffix in {".html", ".txt"}:
            found = CLAIM.search(re.sub(r"<[^>]*>", " ", path.read_text()))
            assert not found, f"{name(path)}: {found}"


@pytest.mark.parametrize(
    "claim", ["a green slot", "eco-friendly delivery", "Climate neutral", "the greener choice"]
)
def test_such_a_claim_would_be_found(claim):
    assert CLAIM.search(claim)


def templates() -> list[Path]:
    return [path for path in committed() if "templates" in path.parts and path.suffix == ".html"]


def for_customers(path: Path) -> bool:
    """Everything but the style guide and the API's reference, which are for those who build pages."""
    return "styleguide" not in name(path) and "templates/api/" not in name(path)


def test_every_word_of_a_page_goes_through_gettext():
    for path in filter(for_customers, templates()):
        text = TAG.sub(" ", TRANSLATED.sub(" ", COMMENT.sub(" ", path.read_text())))
        text = text.replace("OpenStreetMap contributors", "")  # as its licence wants it, in every language
        assert WORD.findall(text) == [], name(path)
        spoken = [said for said in SPOKEN.findall(path.read_text()) if WORD.search(said)]
        assert spoken == [], name(path)


INLINE = re.compile(
    r"\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|<style\b|<script(?![^>]*\bsrc=)[^>]*>|javascript:", re.IGNORECASE
)
ELSEWHERE = re.compile(r"\b(?:src|action)=\"(?:https?:)?//", re.IGNORECASE)


def test_templates_hold_no_inline_style_or_script():
    for path in templates():
        found = INLINE.search(path.read_text())
        assert not found, f"{name(path)}: {found}"
        assert not ELSEWHERE.search(path.read_text()), name(path)


SIDED = re.compile(
    r"(?:margin|padding|border)-(?:left|right|top|bottom)\b|text-align:\s*(?:left|right)\b|float:\s*(?:left|right)\b|"
    r"(?:^|[;{\s])(?:left|right)\s*:|border-(?:top|bottom)-(?:left|right)-radius"
)


def test_styles_use_logical_properties_so_that_pages_can_mirror():
    for path in files("static", ".css"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert not SIDED.search(line), f"{name(path)}:{number}: {line.strip()}"
