"""What the plan says of clones."""

from exporter.clone_plan import sentences
from exporter.config import parse
from tests.code.history import History


def test_clones_of_folders_are_no_larger_than_their_objects_and_others_are_asked_at_each_poll(tmp_path):
    """One address, three requests each minute: 180 an hour."""
    history = History(tmp_path / "acme" / "shop")
    history.commit(0, {"a": "1\n"}, "first")
    objects = sum(each.stat().st_size for each in (history.folder / ".git/objects").rglob("*") if each.is_file())
    (history.folder / ".git/objects/large").write_bytes(b"x" * ((3 << 20) - objects))
    text = (
        f"sources: [{{name: local, provider: git, locations: ['{tmp_path}/acme/*', 'https://git.example/a/b.git']}}]\n"
    )
    assert list(sentences(parse(text, "c.yaml", {}))) == [
        "local: repositories: 2; clones of those on this machine take 3.0 MB at the most; 1 at addresses, whose size "
        "shows when they are cloned, take 180 requests an hour"
    ]


def test_a_forge_is_told_of_only_where_its_code_is_read():
    hub = "{name: hub, include: ['a/*'], token_file: t, history: 2026-01-01"
    assert list(sentences(parse(f"sources: [{hub}}}]", "c.yaml", {}))) == []
    told = list(sentences(parse(f"sources: [{hub}, streams: [code]}}]", "c.yaml", {})))
    assert told[0].startswith("hub: every repository is cloned")
