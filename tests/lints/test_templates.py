"""Templates of annotations are taken apart as Prometheus would fill them in."""

import pytest

from tests.lints.templates import Template, read

NOTHING = Template((), (), (), ())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("plain", NOTHING),
        ("{{ $labels.team }}", NOTHING._replace(labels=(("team", False),))),
        ("{{- $labels.team | urlquery -}}", NOTHING._replace(labels=(("team", False),))),
        ("{{ with $labels.team }}{{ . }}{{ end }}", NOTHING._replace(labels=(("team", True),))),
        (
            "{{ if $labels.team }}{{ $labels.team }}{{ else }}-{{ end }}{{ $labels.team }}",
            NOTHING._replace(labels=(("team", True), ("team", True), ("team", False))),
        ),
        ("{{ $value }}", NOTHING._replace(shown=((),))),
        ("{{ $value | humanize }}", NOTHING._replace(shown=(("humanize",),))),
        ("{{ $value | printf `%.0f` | title }}", NOTHING._replace(shown=(("printf", "title"),))),
        ('{{ query "up == 1" | first | value }}', NOTHING._replace(queries=("up == 1",))),
        ("{{ with query `up` }}{{ end }}", NOTHING._replace(queries=("up",))),
        ("{{ $value | humanise }}", Template((), (("humanise",),), (), ("no function is called humanise",))),
        ("{{ end }}", NOTHING._replace(faults=("an end without a beginning",))),
        ("{{ with $labels.a }}", Template((("a", True),), (), (), ("a block without its end",))),
        ("{{ $value }", NOTHING._replace(faults=("braces that do not belong together",))),
        ('{{ reReplaceAll "a" "b" $labels.c }}', NOTHING._replace(labels=(("c", False),))),
    ],
)
def test_a_template_is_taken_apart(text, told):
    assert read(text) == told
