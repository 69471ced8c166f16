"""The unit for systemd is what systemd takes it for, and confines the exporter as far as it can."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from exporter import cli
from exporter.config import parse
from tests.deploy.stack import DEPLOY

ANALYZE = shutil.which("systemd-analyze")
NAME = "sdlc-exporter.service"
TEXT = (DEPLOY / "systemd" / NAME).read_text("utf-8")
README = (DEPLOY / "README.md").read_text("utf-8")
EXPOSURE = 15
"""Tenths of systemd's scale from 0 to 10; below 2 it says OK."""

needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


def setting(key: str) -> list[str]:
    """The values of a key, in order."""
    return re.findall(rf"^{key}=(.*)$", TEXT, flags=re.MULTILINE)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with the command of this virtual environment, since systemd looks whether it is there."""
    path = tmp_path / NAME
    path.write_text(TEXT.replace("/opt/sdlc-exporter/bin/", f"{Path(sys.executable).parent}/"))
    return path


@needs_systemd
def test_systemd_finds_no_fault(unit):
    """Neither an error nor a warning about an unknown key."""
    words = ["verify", "--man=no", "--generators=no", "--recursive-errors=no", unit]
    done = subprocess.run([str(ANALYZE), *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_systemd_finds_a_fault_that_is_there(unit):
    unit.write_text(unit.read_text().replace("DynamicUser=yes", "DynamicUsers=yes"))
    done = subprocess.run([str(ANALYZE), "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert "DynamicUsers" in done.stderr


@needs_systemd
def test_systemd_calls_it_confined(unit):
    """What is left open is the network, which it is there for."""
    words = ["security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager", unit]
    done = subprocess.run([str(ANALYZE), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_command_is_one_of_the_exporter():
    (words,) = setting("ExecStart")
    path, *arguments = words.split()
    assert path == "/opt/sdlc-exporter/bin/sdlc-exporter"
    assert cli._parser().parse_args(arguments).config == Path("/etc/sdlc-exporter/config.yaml")


def test_a_faulty_configuration_is_not_tried_again():
    assert setting("RestartPreventExitStatus") == [str(cli.USAGE)]


def test_the_configuration_in_the_readme_names_the_units_folders():
    """The store is in its state, the token where systemd puts the credential."""
    section = README.partition("## As a service of systemd")[2]
    (text,) = re.findall(r"```yaml\n(.*?)```", section, flags=re.DOTALL)
    config = parse(text, "config.yaml", {}, None)
    ((name, _),) = (each.split(":") for each in setting("LoadCredential"))
    assert config.sources[0].token_file == f"/run/credentials/{NAME}/{name}"
    assert config.store.path is not None
    assert Path(config.store.path).parent == Path("/var/lib") / setting("StateDirectory")[0]
    assert f"deploy/systemd/{NAME} /etc/systemd/system/" in section
