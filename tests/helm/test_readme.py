"""The chart's README says what the values are, and its examples work."""

import re

import pytest
import yaml

from tests.helm.chart import CHART, HELM4, needs_helm, render, text
from tools import chart_readme

README = (CHART / "README.md").read_text()
VALUES = (CHART / "values.yaml").read_text()
BY_HAND, _, GENERATED = README.partition(chart_readme.BEGIN)
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", BY_HAND, flags=re.MULTILINE | re.DOTALL)


def test_the_readme_is_what_would_be_written():
    assert chart_readme.place(README, VALUES) == README
    assert chart_readme.place(BY_HAND, VALUES) == README


def test_every_value_has_a_row_or_is_part_of_one():
    told = set(re.findall(r"^\| `([\w.]+)` \|", GENERATED, flags=re.MULTILINE))

    def leaves(values, path=()):
        for key, value in values.items():
            if isinstance(value, dict) and value and ".".join((*path, key)) not in told:
                yield from leaves(value, (*path, key))
            else:
                yield ".".join((*path, key))

    assert set(leaves(yaml.safe_load(VALUES))) == told
    assert len(told) > 100


def test_a_row_has_default_and_comment():
    text = (
        "## Part\n\n# Not for the table.\na:\n  # -- First line\n  # and `second|part`.\n  b: [1]\n  #  - example\n"
        "# -- Whole.\nc:\n  d: x\n"
    )
    assert chart_readme.render(text) == (
        "\n### Part\n\n| value | default | meaning |\n|---|---|---|\n"
        "| `a.b` | `[1]` | First line and `second\\|part`. |\n"
        '| `c` | `{"d": "x"}` | Whole. |\n'
    )


def test_a_value_without_comment_stops_the_generator():
    with pytest.raises(ValueError, match=r"values.yaml: a.b has no comment"):
        chart_readme.render("a:\n  b: 1\n")


@needs_helm
@pytest.mark.parametrize("example", [each for each in EXAMPLES if not each.startswith("sources:")])
def test_examples_of_the_readme_render(example):
    assert render(example)


@needs_helm
def test_the_source_in_the_readme_is_what_the_chart_makes_of_the_example():
    (made,) = (yaml.safe_load(each) for each in EXAMPLES if each.startswith("sources:"))
    config = next(
        yaml.safe_load(each["data"]["config.yaml"])
        for each in render(EXAMPLES[0])
        if "config.yaml" in each.get("data", {})
    )
    assert config["sources"] == made["sources"]


@needs_helm
def test_comments_of_the_values_are_examples_that_render():
    """Each block that is commented out below a key, put in its place."""
    examples = re.findall(r"^(\w+): [\[{][\]}]\n((?:#  .*\n)+)", VALUES, flags=re.MULTILINE)
    assert [key for key, _ in examples] == ["config", "credentials", "teams", "resources"]
    given = {key: yaml.safe_load(re.sub(r"^#", "", block, flags=re.MULTILINE)) for key, block in examples}
    for key in ("teams", "resources"):
        assert render({key: given[key]})
    sources = given["config"]["sources"] + [{"name": "other", "users": ["a"]}, {"name": "own-server", "users": ["b"]}]
    assert "own-server/ca.crt" in text(
        HELM4, yaml.safe_dump({"config": {"sources": sources}, "credentials": given["credentials"]})
    )
