"""What is handed to others is whole: the wheel, the image's recipe, the two commands, the licence."""

import configparser
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string
from pathlib import Path

import pytest
import yaml

from exporter import __version__

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
README = (ROOT / "README.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, flags=re.MULTILINE))


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of what the wheel is made from, so that building leaves nothing in the checkout."""
    copy = tmp_path_factory.mktemp("tree")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    shutil.copytree(ROOT / "exporter", copy / "exporter", ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="module")
def wheel(tree):
    """The wheel, built without network."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-index", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(tree / "out"), str(tree)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = (tree / "out").glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def files(folder):
    return {path.relative_to(folder.parent).as_posix() for path in folder.rglob("*") if path.is_file()}


def member(wheel, end):
    (name,) = (each for each in wheel.namelist() if each.endswith(end))
    return wheel.read(name).decode()


def test_wheel_holds_every_file_of_the_package(tree, wheel):
    """Code, the rule table, migrations and the marker of typing: nothing in exporter/ is left behind."""
    here = files(tree / "exporter")
    assert {"exporter/py.typed", "exporter/data/ai_origin.yaml"} <= here
    assert any(name.startswith("exporter/store/migrations/") for name in here)
    assert {name for name in wheel.namelist() if name.startswith("exporter/")} == here


def test_wheel_holds_nothing_but_the_package(wheel):
    """Tests, tools and benchmarks stay at home."""
    assert {name.split("/")[0] for name in wheel.namelist()} == {"exporter", f"sdlc_exporter-{__version__}.dist-info"}


def test_wheel_brings_the_command(wheel):
    scripts = configparser.ConfigParser()
    scripts.read_string(member(wheel, "entry_points.txt"))
    assert dict(scripts["console_scripts"]) == {"sdlc-exporter": "exporter.cli:main"}


def test_version_is_the_same_everywhere(wheel):
    assert message_from_string(member(wheel, "dist-info/METADATA"))["Version"] == PROJECT["version"] == __version__


def test_licence_is_the_apache_licence_whole(wheel):
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert PROJECT["license"] == "Apache-2.0"
    assert member(wheel, "licenses/LICENSE") == text


def test_changelog_lines_have_a_kind_and_an_area():
    lines = re.findall(r"^- .*", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)
    assert lines
    for line in lines:
        assert re.match(r"- \[(CHANGE|FEATURE|ENHANCEMENT|BUGFIX)\] [a-z ]+: ", line), line


def test_readme_begins_with_the_two_commands():
    """A newcomer reads `make run` and `make test` first."""
    assert re.findall(r"\bmake ([a-z]+)", README)[:2] == ["run", "test"]


def test_documents_name_only_targets_that_the_makefile_has():
    for path in (ROOT / "README.md", ROOT / ".pre-commit-config.yaml", *(ROOT / "docs").glob("*.md")):
        named = set(
            re.findall(r"[`#$ ]make ((?:run|test|check|format|generate|bench|clean)\b)", path.read_text("utf-8"))
        )
        assert named <= TARGETS, path
    assert {"run", "test", "check", "format", "generate", "bench", "clean"} <= TARGETS


def test_help_names_every_target():
    """`make` alone lists what there is."""
    told = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^make ([a-z]+)", told, flags=re.MULTILINE)) == TARGETS - {"help"}


def dry_run(*arguments):
    told = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return told.stdout


def test_make_run_starts_the_demo_and_with_a_file_the_exporter():
    assert "sdlc-exporter demo" in dry_run("run")
    assert 'sdlc-exporter run -c "my.yaml"' in dry_run("run", "CONFIG=my.yaml")


def test_make_test_runs_every_check():
    told = dry_run("test")
    checks = ("ruff format --check", "ruff check", "mypy", "lint-imports", "machine.sh prometheus", "tools.helm")
    for check in (*checks, "pytest --numprocesses 3 --cov"):
        assert check in told


def test_ci_calls_make_test_from_anywhere_and_stops_at_a_fault():
    path = ROOT / ".ci" / "run"
    text = path.read_text("utf-8")
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in text
    assert 'cd "$(dirname "${BASH_SOURCE[0]}")/.."' in text
    assert re.search(r"\bmake test </dev/null$", text, flags=re.MULTILINE)


def machine(*arguments):
    script = ["sh", str(ROOT / "tools" / "machine.sh"), *arguments]
    return subprocess.run(script, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def pretend_python(folder, version):
    """A program that answers as a Python of that version would; its exit code stands for the comparison."""
    path = folder / "python"
    old = int(tuple(map(int, version.split("."))) < (3, 11))
    path.write_text(f'#!/bin/sh\ncase "$2" in *print*) echo {version} ;; *exit*) exit {old} ;; esac\n')
    path.chmod(0o755)
    return str(path)


def test_python_of_this_run_is_good_enough():
    told = machine("python", sys.executable)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_old_python_is_refused_with_a_sentence(tmp_path):
    told = machine("python", pretend_python(tmp_path, "3.10"))
    assert told.returncode == 1
    assert "is Python 3.10, and the exporter needs 3.11 or newer. Name another: make PYTHON=" in told.stderr


def test_new_python_is_taken(tmp_path):
    assert machine("python", pretend_python(tmp_path, "3.14")).returncode == 0


def test_absent_python_is_refused_with_a_sentence(tmp_path):
    told = machine("python", str(tmp_path / "python3"))
    assert told.returncode == 1
    assert "Install Python 3.11 or newer" in told.stderr


def test_image_does_not_run_as_root():
    """The last USER of the last stage is a number, so that Kubernetes can see that it is not root."""
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (\S+)", last, flags=re.MULTILINE) == ["65532:65532"]


def test_image_starts_the_exporter_without_a_shell():
    assert 'ENTRYPOINT ["sdlc-exporter"]\nCMD ["run", "-c", "/etc/sdlc-exporter/config.yaml"]\n' in DOCKERFILE


def test_image_has_git_and_nothing_that_git_only_recommends():
    """Histories are read with the git binary."""
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert (
        "apt-get install --yes --no-install-recommends ca-certificates git \\\n && rm -rf /var/lib/apt/lists/*" in last
    )


def test_image_is_built_in_two_stages_from_files_that_reach_the_builder():
    """What COPY names exists, and .dockerignore, which leaves out everything else, lets it through."""
    assert len(re.findall(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)) == 2
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let_through = {line[1:] for line in ignored if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, flags=re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    assert "*" in ignored
    assert names == let_through
    assert all((ROOT / name).exists() for name in names)


def test_pre_commit_fetches_nothing():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repo["repo"] for repo in hooks["repos"]] == ["local"]
    assert {hook["language"] for repo in hooks["repos"] for hook in repo["hooks"]} == {"system"}
