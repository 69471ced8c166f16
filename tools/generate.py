"""Writes the generated documents anew: ``make generate``. A test checks that they are as this would write them."""

from collections.abc import Callable
from pathlib import Path

from exporter.render import configuration, metrics, origin

ROOT = Path(__file__).resolve().parent.parent

DOCUMENTS: dict[str, Callable[[str], str]] = {
    "docs/ai-origin.md": origin.place,
    "docs/configuration.md": lambda _: configuration.render_reference(),
    "docs/metrics.md": lambda _: metrics.render(),
}
"""Each generated document and what it becomes; most of docs/ai-origin.md is written by hand and stays."""


def main() -> None:
    """Writes those that are not as they should be, and names them."""
    for name, generated in DOCUMENTS.items():
        path = ROOT / name
        written = path.read_text("utf-8") if path.exists() else ""
        if (text := generated(written)) != written:
            path.write_text(text, "utf-8")
            print(f"wrote {name}")


if __name__ == "__main__":
    main()
