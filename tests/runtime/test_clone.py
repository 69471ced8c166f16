"""A clone kept up to date, over a path, over a server that hands out partial clones and over HTTP with a credential."""

import asyncio
import os
import shutil
from contextlib import aclosing
from pathlib import Path

import pytest
from aiohttp import web

from exporter.code.patch import Commit
from exporter.errors import Garbled, NotFound, Overloaded, Unauthorised
from exporter.runtime import clone as module
from exporter.runtime.clone import LANDED, WRITTEN, Clone, Place
from exporter.runtime.git import basic
from tests.code.history import CLEAN, DAY, START, History

TOKEN = basic("x-access-token", "s3cret")


@pytest.fixture
def history(tmp_path):
    history = History(tmp_path / "origin")
    history.commit(0, {"a": "1\n2\n", "b": "1\n"}, "first")
    history.commit(1, {"a": "1\n3\n", "c": "1\n"}, "second")
    history.commit(2, {"a": "1\n4\n"}, "third")
    return history


def partial(history: History) -> str:
    """The address of the history on a server that hands out partial clones."""
    history.git("config", "uploadpack.allowFilter", "true")
    return f"file://{history.folder}"


async def all_of(clone, way=LANDED, **chosen):
    """(message or counts) of everything in order."""
    async with aclosing(clone.patches(way, **chosen)) as values:
        return [value.message if isinstance(value, Commit) else value.counts async for value in values]


ALL = ["first", ("a", 2, 0), ("b", 1, 0), "second", ("a", 1, 1), ("c", 1, 0), "third", ("a", 1, 1)]


def contents(clone_folder: Path, history: History) -> set[str]:
    """Names of the files' contents a clone holds."""
    told = history.git("--git-dir", str(clone_folder), "cat-file", "--batch-all-objects", "--batch-check").decode()
    return {line.split()[0] for line in told.splitlines() if line.split()[1] == "blob"}


def test_a_local_repository_needs_no_network_and_no_token(tmp_path, history):
    clone = Clone(tmp_path / "clone.git", Place("acme/shop", str(history.folder)))

    async def both():
        return await clone.update(), await all_of(clone)

    assert asyncio.run(both()) == (history.git("rev-parse", "main").decode().strip(), ALL)


def test_only_what_is_new_is_told_again(tmp_path, history):
    clone = Clone(tmp_path / "clone.git", Place("acme/shop", str(history.folder), "main"))

    async def twice():
        before = await clone.update()
        history.commit(3, {"b": "1\n2\n"}, "fourth")
        after = await clone.update()
        return await all_of(clone, after=before), await clone.contains(before), await all_of(clone, after=after)

    assert asyncio.run(twice()) == (["fourth", ("b", 1, 0)], True, [])


def test_since_a_date(tmp_path, history):
    clone = Clone(tmp_path / "clone.git", Place("acme/shop", str(history.folder)))

    async def late():
        await clone.update()
        return await all_of(clone, since=START + 2 * DAY)

    assert asyncio.run(late()) == ["third", ("a", 1, 1)]


def test_what_everybody_wrote_is_not_what_landed(tmp_path, history):
    history.git("checkout", "--quiet", "-b", "topic")
    history.commit(3, {"d": "1\n"}, "topic")
    history.git("checkout", "--quiet", "main")
    history.git("merge", "--quiet", "--no-ff", "-m", "merge", "topic", at=4)
    clone = Clone(tmp_path / "clone.git", Place("acme/shop", str(history.folder)))

    async def both():
        tip = await clone.update()
        return await all_of(clone, LANDED, after=f"{tip}^"), await all_of(clone, WRITTEN, after=f"{tip}^")

    assert asyncio.run(both()) == (["merge", ("d", 1, 0)], ["topic", ("d", 1, 0)])


def test_a_forced_push_is_seen(tmp_path, history):
    clone = Clone(tmp_path / "clone.git", Place("acme/shop", str(history.folder)))

    async def forced():
        before = await clone.update()
        history.git("reset", "--quiet", "--hard", "HEAD^")
        history.commit(3, {"b": "other\n"}, "instead")
        after = await clone.update()
        return [await clone.contains(sha) for sha in (before, after, "0" * 40, "", "main")]

    assert asyncio.run(forced()) == [False, True, False, False, True]


def test_a_partial_clone_holds_the_contents_its_patches_compare_and_no_more(tmp_path, history):
    """Both sides of third's edit, and after that those of all: a four times, b and c once."""
    clone = Clone(tmp_path / "clone.git", Place("acme/shop", partial(history)))
    steps = []

    async def read():
        await clone.update()
        steps.append(len(contents(tmp_path / "clone.git", history)))
        late = await all_of(clone, since=START + 2 * DAY)
        steps.append(len(contents(tmp_path / "clone.git", history)))
        return late, await all_of(clone)

    assert asyncio.run(read()) == (["third", ("a", 1, 1)], ALL)
    assert steps == [0, 2]
    # a's 1/2, 1/3 and 1/4; b's and c's are one content
    assert len(contents(tmp_path / "clone.git", history)) == 4


def test_contents_come_in_one_request_however_many_commits(tmp_path):
    """One request for the branch and one for all contents; the second reading asks for nothing."""
    history = History(tmp_path / "origin")
    history.fast((day / 10, {"a": f"{day}\n", f"b{day}": f"{day}\n"}, f"{day}") for day in range(40))
    server = Served(history.folder)

    async def read():
        async with server.running() as url:
            clone = Clone(tmp_path / "clone.git", Place("acme/shop", url, "main", TOKEN))
            await clone.update()
            told = [len(await all_of(clone)), server.packs]
            return told, len(await all_of(clone)), server.packs

    # 40 commits; each has a and a file of its own
    assert asyncio.run(read()) == ([120, 2], 120, 2)


def test_more_contents_than_fit_into_one_request_come_in_several(tmp_path, history, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 2)
    clone = Clone(tmp_path / "clone.git", Place("acme/shop", partial(history)))

    async def read():
        await clone.update()
        return await all_of(clone)

    assert asyncio.run(read()) == ALL


def test_a_content_that_lacks_is_an_error_and_no_request(tmp_path, history, monkeypatch):
    async def nothing(self, chosen):
        pass

    monkeypatch.setattr(Clone, "_bring", nothing)
    clone = Clone(tmp_path / "clone.git", Place("acme/shop", partial(history)))

    async def read():
        await clone.update()
        return await all_of(clone)

    with pytest.raises(Garbled, match="acme/shop"):
        asyncio.run(read())


def test_a_submodule_is_no_content(tmp_path, history):
    other = History(history.folder / "module")
    other.commit(0, {"x": "1\n"})
    history.git("-c", "advice.addEmbeddedRepo=false", "add", "module")
    history.commit(3, {"b": "2\n"}, "fourth")
    clone = Clone(tmp_path / "clone.git", Place("acme/shop", partial(history)))

    async def read():
        await clone.update()
        return await all_of(clone, since=START + 3 * DAY)

    assert asyncio.run(read()) == ["fourth", ("b", 1, 1), ("module", 0, 0)]


def test_many_packs_become_one_and_nothing_is_lost(tmp_path, history, monkeypatch):
    monkeypatch.setattr(module, "PACKS", 2)
    clone = Clone(tmp_path / "clone.git", Place("acme/shop", partial(history)))

    async def read():
        for day in range(3, 6):
            await clone.update()
            await all_of(clone)
            history.commit(day, {"b": f"{day}\n"}, f"{day}")
        await clone.update()
        return len(list((tmp_path / "clone.git/objects/pack").glob("*.pack"))), await all_of(
            clone, since=START + 5 * DAY
        )

    packs, told = asyncio.run(read())
    assert packs <= 3
    assert told == ["5", ("b", 1, 1)]


@pytest.mark.parametrize(
    ("url", "branch", "kind", "words"),
    [
        ("{}", "nope", NotFound, "the branch is not there"),
        ("{}/nowhere", "main", NotFound, "there is no such repository"),
        ("{}/nowhere", "", NotFound, "there is no such repository"),
    ],
)
def test_what_is_not_there_is_named(tmp_path, history, url, branch, kind, words):
    clone = Clone(tmp_path / "clone.git", Place("acme/shop", url.format(history.folder), branch))
    with pytest.raises(kind, match=rf"^acme/shop: {words}"):
        asyncio.run(clone.update())


def test_an_empty_repository_has_no_branch(tmp_path):
    clone = Clone(tmp_path / "clone.git", Place("acme/shop", str(History(tmp_path / "origin").folder)))
    with pytest.raises(NotFound, match="is it empty"):
        asyncio.run(clone.update())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file away")
@pytest.mark.parametrize("part", ["", "/.git"])
def test_somebody_elses_local_repository_is_read_all_the_same(tmp_path, history, part):
    for place in (history.folder, *history.folder.rglob("*")):
        os.chown(place, 12345, 12345)
    clone = Clone(tmp_path / "clone.git", Place("acme/shop", f"{history.folder}{part}"))

    async def read():
        await clone.update()
        return await all_of(clone)

    assert asyncio.run(read()) == ALL


def test_hooks_and_settings_of_the_local_repository_do_nothing(tmp_path, history):
    owned = tmp_path / "owned"
    for name, value in {
        "core.fsmonitor": f"touch {owned}",
        "diff.external": f"touch {owned}",
        "core.pager": f"touch {owned}",
        "uploadpack.packObjectsHook": f"touch {owned}",
        "diff.noprefix": "true",
        "color.ui": "always",
        "log.showSignature": "true",
    }.items():
        history.git("config", name, value)
    history.write(".gitattributes", "* diff=x filter=x\n")
    history.git("config", "diff.x.textconv", f"touch {owned}")
    clone = Clone(tmp_path / "clone.git", Place("acme/shop", str(history.folder)))

    async def read():
        await clone.update()
        return await all_of(clone)

    assert asyncio.run(read()) == ALL
    assert not owned.exists()


class Served:
    """A history over HTTP, by git's own server side, for who has the credential."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packs = 0
        self.redirect = ""
        self.seen: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append(request.headers.get("Authorization", ""))
        if self.redirect:
            raise web.HTTPFound(self.redirect + request.path_qs)
        if request.headers.get("Authorization") != TOKEN:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        body = await request.read()
        if b"command=fetch" in body:
            self.packs += 1
        process = await asyncio.create_subprocess_exec(
            "git",
            "http-backend",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=CLEAN
            | {
                "GIT_PROJECT_ROOT": str(self.folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": request.path,
                "QUERY_STRING": request.query_string,
                "REQUEST_METHOD": request.method,
                "CONTENT_TYPE": request.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": "",
                "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
                "REMOTE_ADDR": "127.0.0.1",
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "uploadpack.allowFilter",
                "GIT_CONFIG_VALUE_0": "true",
            },
        )
        printed, _ = await process.communicate(body)
        head, _, body = printed.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.pop("Status", "200").split()[0])
        return web.Response(status=status, body=body, headers=headers)

    def running(self):
        return _Running(self)


class _Running:
    def __init__(self, served: Served) -> None:
        self.served = served

    async def __aenter__(self) -> str:
        application = web.Application(client_max_size=1 << 26)
        application.router.add_route("*", "/{path:.*}", self.served.answer)
        self.runner = web.AppRunner(application)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self.runner.addresses[0][1]}/.git"

    async def __aexit__(self, *raised: object) -> None:
        await self.runner.cleanup()


def test_the_credential_is_sent_and_kept_nowhere(tmp_path, history):
    server = Served(history.folder)

    async def read():
        async with server.running() as url:
            clone = Clone(tmp_path / "clone.git", Place("acme/shop", url, "", TOKEN))
            await clone.update()
            return await all_of(clone)

    assert asyncio.run(read()) == ALL
    assert set(server.seen) == {TOKEN}
    secret = TOKEN.split()[1].encode()
    for path in (tmp_path / "clone.git").rglob("*"):
        assert path.is_dir() or (secret not in path.read_bytes() and b"127.0.0.1" not in path.read_bytes())


@pytest.mark.parametrize("sent", ["", basic("x", "wrong")])
def test_a_wrong_credential_is_told_and_not_shown(tmp_path, history, sent):
    async def read():
        async with Served(history.folder).running() as url:
            await Clone(tmp_path / "clone.git", Place("acme/shop", url, "main", sent)).update()

    with pytest.raises(Unauthorised, match=r"^acme/shop: the server wants another credential") as error:
        asyncio.run(read())
    assert not sent or sent.split()[1] not in str(error.value)


def test_the_credential_does_not_follow_a_redirect(tmp_path, history):
    here, there = Served(history.folder), Served(history.folder)

    async def read():
        async with here.running() as url, there.running() as other:
            here.redirect = other.removesuffix("/.git")
            await Clone(tmp_path / "clone.git", Place("acme/shop", url, "main", TOKEN)).update()

    with pytest.raises(Garbled, match=r"^acme/shop: the server redirects"):
        asyncio.run(read())
    assert there.seen == []


def test_disk_use_is_told_and_bounded(tmp_path, history):
    history.commit(3, {"big": os.urandom(300_000)}, "big")
    clone = Clone(tmp_path / "clone.git", Place("acme/shop", str(history.folder)))

    async def size():
        await clone.update()
        return await clone.size()

    assert 300_000 < asyncio.run(size()) < 600_000
    shutil.rmtree(tmp_path / "clone.git")
    small = Clone(tmp_path / "clone.git", Place("acme/shop", str(history.folder)), most=200_000)
    with pytest.raises(Overloaded, match="larger than 200000 bytes"):
        asyncio.run(small.update())
