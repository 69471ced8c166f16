"""Writes the generated files anew: ``make generate``. A test checks that they are as this would write them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from exporter.render import configuration, metrics, origin, providers
from exporter.render.dashboards import document as dashboards_document
from exporter.render.dashboards import files as dashboards
from exporter.render.rules import document as rules_document
from exporter.render.rules import files as rules
from tools import chart_readme

ROOT = Path(__file__).resolve().parent.parent

DOCUMENTS: dict[str, Callable[[str], str]] = {
    "docs/ai-origin.md": origin.place,
    "docs/alerts.md": lambda _: rules_document.render(),
    "docs/configuration.md": lambda _: configuration.render_reference(),
    "docs/dashboards.md": lambda _: dashboards_document.render(),
    "docs/metrics.md": lambda _: metrics.render(),
    "helm/sdlc-exporter/README.md": lambda text: chart_readme.place(text, _read(chart_readme.CHART / "values.yaml")),
}
"""Each generated document and what it becomes, which may depend on what stands there: part of it is by hand."""

FOLDERS: dict[str, Callable[[], Mapping[str, str]]] = {
    "alerts": rules.files,
    "dashboards": dashboards.files,
    "docs/providers": providers.pages,
    "helm/sdlc-exporter/files/alerts": rules.files,
    "helm/sdlc-exporter/files/dashboards": dashboards.files,
}
"""Each folder of which every file is generated, and the files it holds. The chart cannot reach outside its folder."""


def main() -> None:
    """Writes those that are not as they should be, and names them."""
    for name, generated in DOCUMENTS.items():
        _write(ROOT / name, generated(_read(ROOT / name)))
    for name, files in FOLDERS.items():
        wanted = files()
        for path in sorted((ROOT / name).glob("*")):
            if path.name not in wanted:
                path.unlink()
                print(f"removed {path.relative_to(ROOT)}")
        for file, content in wanted.items():
            _write(ROOT / name / file, content)


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def _write(path: Path, content: str) -> None:
    if _read(path) != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
