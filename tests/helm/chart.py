"""Runs the real helm on the chart, and takes apart what it renders."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tools.helm import FOLDER, HELM3, HELM4, Tool

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "sdlc-exporter"
CASES = sorted((CHART / "ci").glob("*-values.yaml"))
FULL = next(each for each in CASES if each.name == "full-values.yaml")
HELMS = (HELM3, HELM4)

Object = dict[str, Any]

ENVIRONMENT = os.environ | {
    "GOGC": "off",  # half of so short a run would be Go's collection of garbage
    "KUBECONFIG": os.devnull,
    **{f"HELM_{word}_HOME": str(FOLDER / "home" / word.lower()) for word in ("CACHE", "CONFIG", "DATA")},
}
"""Nobody's cluster and nobody's settings."""

PLACE = re.compile(r" *- (?:at '/?([^']*)'|(\S+)): (.*)")
"""A complaint of the schema: with slashes by helm 4, with dots by helm 3."""
KEYS = re.compile(
    r"(?:additional propert(?:y|ies)|missing propert(?:y|ies)) (.+?)(?: is)?(?: not allowed)?$|(\S+) is required$",
    re.IGNORECASE,
)
"""The keys that a complaint is about, where it is not about the place itself."""


def needs(*tools: Tool) -> pytest.MarkDecorator:
    """Leaves a test out where a tool is not at hand, and says so."""
    absent = [tool.name for tool in tools if not tool.path.exists()]
    return pytest.mark.skipif(bool(absent), reason=f"no {', '.join(absent)}; bring it: .venv/bin/python -m tools.helm")


needs_helm = needs(*HELMS)
each_helm = pytest.mark.parametrize("helm", HELMS, ids=lambda tool: tool.name)


class Loader(yaml.CSafeLoader):
    """Refuses a mapping that has a key twice, of which Kubernetes would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping.

        Raises:
            ValueError: a key is there twice.
        """
        keys = [key.value for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise ValueError(f"a key twice among {keys}{node.start_mark}")
        return super().construct_mapping(node, deep)


def run(helm: Tool, *arguments: object, values: str = "", folder: Path = CHART) -> subprocess.CompletedProcess[str]:
    """One command of helm, which reads ``values`` as ``-f -`` where it is told to."""
    words = [str(helm.path), *map(str, arguments)]
    return subprocess.run(
        words, input=values, capture_output=True, text=True, cwd=folder, env=ENVIRONMENT, timeout=60, check=False
    )


@cache
def text(helm: Tool, values: str, *arguments: object, chart: object = CHART) -> str:
    """What ``helm template`` prints for values in YAML.

    Raises:
        AssertionError: helm refuses them.
    """
    done = run(helm, "template", "rel", chart, "--namespace", "here", "-f", "-", *arguments, values=values)
    assert done.returncode == 0, done.stderr
    return done.stdout


def render(values: str | Object = "", *arguments: object, helm: Tool = HELM4, chart: object = CHART) -> list[Object]:
    """The objects for some values; the values are given as a file, so that numbers arrive as they do for users."""
    written = values if isinstance(values, str) else json.dumps(values)
    return [each for each in yaml.load_all(text(helm, written, *arguments, chart=chart), Loader) if each]


def one(objects: list[Object], kind: str, name: str | None = None) -> Object:
    """The only object of a kind, or of a kind and a name."""
    (found,) = (each for each in objects if each["kind"] == kind and (name is None or each["metadata"]["name"] == name))
    return found


def pods(objects: list[Object]) -> Iterator[Object]:
    """The specification of each pod: those that are there and those that will be made."""
    for each in objects:
        if each["kind"] == "Pod":
            yield each["spec"]
        elif "template" in each.get("spec", {}):
            yield each["spec"]["template"]["spec"]


def exporter(objects: list[Object]) -> Object:
    """The exporter's container."""
    return one(objects, "StatefulSet")["spec"]["template"]["spec"]["containers"][0]


def config(objects: list[Object]) -> str:
    """The exporter's configuration as text."""
    return one(objects, "ConfigMap", "rel-sdlc-exporter-config")["data"]["config.yaml"]


class Refusal(NamedTuple):
    """What helm says against some values, and which values it names, as paths with dots."""

    text: str
    paths: set[str]


def refused(values: str | Object, *arguments: object, helm: Tool = HELM4, chart: object = CHART) -> Refusal:
    """How helm refuses some values; helm 3 and 4 word what the schema has against them differently.

    Raises:
        AssertionError: it takes them.
    """
    written = values if isinstance(values, str) else json.dumps(values)
    done = run(helm, "template", "rel", chart, "-f", "-", *arguments, values=written)
    assert done.returncode != 0, f"taken: {values}"
    return Refusal(done.stderr, set(_paths(done.stderr)))


def _paths(said: str) -> Iterator[str]:
    for line in said.splitlines():
        if found := PLACE.match(line):
            path = (found[1] or found[2] or "").replace("/", ".").replace("(root)", "")
            keys = KEYS.match(found[3])
            for key in re.findall(r"[^', ]+", keys[1] or keys[2]) if keys else [""]:
                yield f"{path}.{key}".strip(".")
        elif found := re.match(r"([a-z][\w.\[\]-]*): ", line):
            yield found[1]
