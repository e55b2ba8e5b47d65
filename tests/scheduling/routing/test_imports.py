import ast
import sys
from pathlib import Path

import pytest

import scheduling.routing

CORE = sorted(Path(scheduling.routing.__file__).parent.glob("*.py"))
FORBIDDEN = {"time", "random", "datetime", "os", "io", "socket", "secrets"}
SOLVER = {"solver.py": {"pyvrp"}}


def modules_of(tree: ast.AST) -> set[str]:
    """The full names of all modules imported anywhere in a file."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names


def allowed(module: str, file: str) -> bool:
    top = module.split(".")[0]
    if module == "scheduling.routing" or module.startswith("scheduling.routing."):
        return True
    return (
        top == "numpy"
        or top in SOLVER.get(file, ())
        or (top in sys.stdlib_module_names and top not in FORBIDDEN)
    )


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.name)
def test_the_core_imports_only_the_standard_library_numpy_and_itself(path):
    imported = modules_of(ast.parse(path.read_text()))

    assert [module for module in sorted(imported) if not allowed(module, path.name)] == []


@pytest.mark.parametrize(
    "line",
    [
        "import random",
        "from time import time",
        "import datetime as d",
        "from django.db import models",
        "from scheduling import models",
        "from . import x",
        "import pyvrp",
    ],
)
def test_what_the_core_must_not_import_is_noticed(line):
    assert not all(allowed(module, "offers.py") for module in modules_of(ast.parse(line)))


def test_the_core_has_files_to_look_at():
    assert len(CORE) >= 8
