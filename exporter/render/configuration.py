"""docs/configuration.md, written from the structs of the configuration."""

import re
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from msgspec import Struct

from exporter.config.scalars import duration_text, either
from exporter.config.settings import Config
from exporter.config.strict import NOTHING, Key, keys, scalar_of, sections

LONG = 60

INTRODUCTION = """\
# Configuration

Written from the code by `exporter/render/configuration.py`; a test keeps it equal.

The exporter reads one YAML file, given with `-c`. A small one:

```yaml
{example}```

- **Strict.** An unknown key, a wrong type or a contradiction is a fault. `sdlc-exporter check-config -c FILE` tells all
  of them at once, each as `FILE:LINE: path.in.the.file: what is wrong; remedy`, and never shows a secret.
- **Reloaded.** The file and the rules file it names are watched. A bad new file keeps the old configuration and sets
  `sdlc_exporter_config_last_reload_successful` to 0.
- **Durations** are whole numbers with units, the largest first: `90s`, `15m`, `1h30m`, `180d`, `2w`.
- **File paths** that are relative start at the folder of the configuration file.
- **Secrets** are never written here: `token_file`, `token_env` and `app.key_file` say where they are.
- **Anchors.** `&name` and `<<: *name` share settings between sources.

In the headings `[]` stands for each entry of a list and `*` for each key of a mapping.
"""

EXAMPLE = """\
sources:
  - name: acme-github
    url: https://api.github.com
    token_file: /run/secrets/github
    include: ["acme/*"]
    exclude: ["acme/*-archive"]
    history: 180d
teams: {payments: ["acme/pay-*"]}
store: {path: /var/lib/sdlc-exporter/state.db}
server: {listen: "127.0.0.1:9517"}
"""


def render_reference() -> str:
    """The reference of every key with type, default and meaning, as Markdown."""
    places: dict[type[Struct], list[str]] = {}
    for path, struct in sections(Config):
        places.setdefault(struct, []).append(f"`{path}`" if path else "Top level")
    chapters = [_section(", ".join(paths), struct) for struct, paths in places.items()]
    return "\n".join([INTRODUCTION.format(example=EXAMPLE), *chapters]).rstrip() + "\n"


def _section(title: str, struct: type[Struct]) -> str:
    about = " ".join((struct.__doc__ or "").split())
    return "\n".join([f"## {title}", "", about, "", *table_of(struct), "", *_long(struct)])


def table_of(struct: type[Struct]) -> list[str]:
    """The lines of a table of a struct's keys."""
    rows = [f"| `{key.name}` | {_word(key.type)} | {_default(key)} | {key.meaning} |" for key in keys(struct).values()]
    return ["| key | value | default | meaning |", "|---|---|---|---|", *rows]


def _long(struct: type[Struct]) -> Iterator[str]:
    """Defaults too long for a table."""
    for key in keys(struct).values():
        if isinstance(key.default, tuple) and len(_written(key.default, key.type)) > LONG:
            yield f"Default of `{key.name}`: {', '.join(f'`{each}`' for each in key.default)}."
            yield ""


def _word(type_: Any) -> str:
    """What is to be written for a type, in a few words."""
    scalar, shape, inside = scalar_of(type_), get_origin(type_), get_args(type_)
    if scalar:
        return re.sub(r"^(a|an|the) ", "", scalar.word)
    if shape is Annotated:
        return _word(inside[0])
    if shape in (Union, types.UnionType):
        return _word(next(each for each in inside if each is not types.NoneType))
    if shape is tuple:
        return f"list: {_word(inside[0])}"
    if shape is dict:
        return f"mapping: {_word(inside[0])} to {_word(inside[1])}"
    if shape is Literal:
        return either(f"`{each}`" for each in inside)
    if isinstance(type_, type) and issubclass(type_, Struct):
        return "section"
    return {str: "text", bool: "`true` or `false`", Any: "value"}[type_]


def _default(key: Key) -> str:
    if key.default is NOTHING:
        return "required"
    if key.default in (None, ""):
        return "none"
    if isinstance(key.default, Struct) and not scalar_of(key.type):
        return "its defaults"
    written = _written(key.default, key.type)
    return "below" if len(written) > LONG and isinstance(key.default, tuple) else f"`{written}`"


def _written(value: Any, type_: Any) -> str:
    """A value as it would stand in the file."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, dict):
        inner = get_args(get_args(type_)[0])[1]
        return f"{{{', '.join(f'{name}: {_written(each, inner)}' for name, each in value.items())}}}"
    scalar = scalar_of(type_)
    if scalar and scalar.word.startswith("a duration") and isinstance(value, int):
        return duration_text(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
