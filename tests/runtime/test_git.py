"""What git is told, what may not reach it, and how it ends."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from exporter.errors import (
    ConfigError,
    Garbled,
    NotFound,
    Overloaded,
    RateLimited,
    Refused,
    ServerError,
    StoreFull,
    TooSlow,
    Unauthorised,
    Unreachable,
)
from exporter.runtime import git as module
from exporter.runtime.git import Git, basic, protocol

HOSTILE = {
    "PATH": os.environ["PATH"],
    "HOME": "/home/ada",
    "GIT_DIR": "/elsewhere",
    "GIT_SSH_COMMAND": "touch /tmp/owned",
    "GIT_PROXY_COMMAND": "touch /tmp/owned",
    "GIT_EXTERNAL_DIFF": "touch /tmp/owned",
    "GIT_PAGER": "less",
    "GIT_CONFIG_PARAMETERS": "'core.pager=less'",
    "GIT_TRACE": "1",
    "SECRET": "s3cret",
    "LANG": "de_DE.UTF-8",
    "https_proxy": "http://proxy.example:3128",
}


@pytest.fixture
def git(tmp_path):
    return Git(tmp_path / "clone.git", "acme/shop", timeout=30, most=1 << 30)


def script(folder: Path, text: str) -> str:
    """A program to run in git's place."""
    place = folder / "git.sh"
    place.write_text(f"#!/bin/sh\n{text}\n")
    place.chmod(0o755)
    return str(place)


def test_nothing_of_the_process_environment_decides_what_git_does(tmp_path):
    told = Git(tmp_path, "acme/shop", timeout=1, most=1, environ=HOSTILE).environment()
    assert set(told) & set(HOSTILE) == {"PATH", "HOME", "GIT_DIR", "GIT_SSH_COMMAND", "https_proxy"}
    assert told["GIT_DIR"] == str(tmp_path)
    assert told["HOME"] == os.devnull
    assert told["GIT_SSH_COMMAND"] == "ssh -oBatchMode=yes"
    assert (told["GIT_CONFIG_NOSYSTEM"], told["GIT_CONFIG_GLOBAL"]) == ("1", os.devnull)
    assert (told["GIT_TERMINAL_PROMPT"], told["GIT_ASKPASS"], told["LC_ALL"]) == ("0", "", "C")


def test_git_sees_our_settings_and_no_others(git):
    async def listed():
        await git.prepare()
        return await git.run("config", "--list", "--show-scope", allow="https", settings={"x.y": "z"})

    lines = asyncio.run(listed()).decode().splitlines()
    assert {line.split("\t")[0] for line in lines} == {"command", "local"}
    assert "command\tprotocol.allow=never" in lines
    assert "command\tprotocol.https.allow=always" in lines
    assert "command\tx.y=z" in lines
    assert [line for line in lines if line.startswith("local")] == [
        "local\tcore.repositoryformatversion=0",
        "local\tcore.filemode=true",
        "local\tcore.bare=true",
    ]


@pytest.mark.parametrize(
    ("url", "spoken"),
    [
        ("https://git.example/acme/shop.git", "https"),
        ("http://127.0.0.1:8080/shop", "http"),
        ("ssh://git@git.example/acme/shop", "ssh"),
        ("git@git.example:acme/shop.git", "ssh"),
        ("file:///srv/shop.git", "file"),
        ("/srv/shop.git", "file"),
        ("./shop", "file"),
        ("/srv/a:b/shop", "file"),
    ],
)
def test_the_protocol_is_read_from_the_address(url, spoken):
    assert protocol(url) == spoken


@pytest.mark.parametrize("url", ["ext::sh -c touch% /tmp/owned", "git://git.example/shop", "fd::17", "ftp://x/y"])
def test_other_protocols_are_refused(url):
    with pytest.raises(ConfigError, match="only run over"):
        protocol(url)


def test_a_refused_address_is_named_without_its_password():
    with pytest.raises(ConfigError) as error:
        protocol("ftp://ada:s3cret@git.example/shop")
    assert "s3cret" not in str(error.value)


def test_a_token_is_sent_as_a_password():
    assert basic("x-access-token", "abc") == "Basic eC1hY2Nlc3MtdG9rZW46YWJj"  # base64 of x-access-token:abc


SAID = [
    ("fatal: Authentication failed for 'https://git.example/shop.git/'", Unauthorised),
    ("fatal: could not read Username for 'https://git.example': terminal prompts disabled", Unauthorised),
    ("fatal: unable to access 'https://x/': The requested URL returned error: 403", Refused),
    ("fatal: unable to access 'https://x/': The requested URL returned error: 429", RateLimited),
    ("fatal: unable to access 'https://x/': The requested URL returned error: 502", ServerError),
    ("fatal: unable to access 'https://x/': The requested URL returned error: 302", Garbled),
    ("fatal: unable to access 'https://x/': Could not resolve host: x", Unreachable),
    ("remote: Repository not found.\nfatal: repository 'https://x/' not found", NotFound),
    ("fatal: couldn't find remote ref refs/heads/nope", NotFound),
    ("git@x: Permission denied (publickey).\nfatal: Could not read from remote repository.", Unauthorised),
    ("fatal: detected dubious ownership in repository at '/srv/shop'", Refused),
    ("fatal: write error: No space left on device", StoreFull),
    ("fatal: transport 'ext' not allowed", ConfigError),
    ("error: RPC failed; curl 56\nfatal: early EOF", Unreachable),
    ("fatal: something nobody has heard of", Garbled),
]


@pytest.mark.parametrize(("said", "kind"), SAID, ids=[said[:50] for said, _ in SAID])
def test_what_git_says_becomes_an_error_that_names_the_repository(tmp_path, said, kind):
    (tmp_path / "said").write_text(said)
    binary = script(tmp_path, f"cat {tmp_path}/said >&2; exit 128")
    git = Git(tmp_path / "clone.git", "acme/shop", timeout=30, most=1, binary=binary)
    with pytest.raises(kind, match=r"^acme/shop: ") as error:
        asyncio.run(git.run("fetch"))
    assert type(error.value) is kind
    assert said.splitlines()[-1] in str(error.value) or said.splitlines()[0] in str(error.value)


def test_no_message_holds_a_secret(tmp_path):
    binary = script(
        tmp_path, 'echo "fatal: https://ada:hunter2@x/ Authorization: Basic dG9rZW4= token s3cret" >&2; exit 1'
    )
    git = Git(tmp_path / "clone.git", "acme/shop", timeout=30, most=1, binary=binary, secrets=("s3cret", ""))
    with pytest.raises(Garbled) as error:
        asyncio.run(git.run("fetch"))
    assert str(error.value) == "acme/shop: git failed: fatal: https://x/ Authorization: Basic … token …"


def test_without_git_the_remedy_is_named(tmp_path):
    git = Git(tmp_path / "clone.git", "acme/shop", timeout=30, most=1, binary="/nowhere/git")
    with pytest.raises(ConfigError, match="install git"):
        asyncio.run(git.prepare())


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    git = Git(tmp_path / "file/clone.git", "acme/shop", timeout=30, most=1)
    with pytest.raises(ConfigError, match=r"clone\.git cannot be used"):
        asyncio.run(git.prepare())


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int) -> bool:
    """Whether a process is gone within a second: a signal takes its moment."""
    until = time.monotonic() + 1
    while alive(pid) and time.monotonic() < until:
        os.sched_yield()
    return not alive(pid)


STUBBORN = (
    "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > {pid}; while :; do sleep 1; done' & while :; do sleep 1; done"
)


def test_a_command_that_is_too_slow_ends_with_all_it_started(tmp_path, monkeypatch):
    """Neither the command nor its child listens to a polite request."""
    monkeypatch.setattr(module, "GRACE", 0.1)
    binary = script(tmp_path, STUBBORN.format(pid=tmp_path / "pid"))
    git = Git(tmp_path / "clone.git", "acme/shop", timeout=0.5, most=1, binary=binary)
    with pytest.raises(TooSlow, match="git fetch took longer"):
        asyncio.run(git.run("fetch"))
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_silent_stream_is_too_slow(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "GRACE", 0.1)
    binary = script(tmp_path, "echo first; " + STUBBORN.format(pid=tmp_path / "pid"))
    git = Git(tmp_path / "clone.git", "acme/shop", timeout=0.5, most=1, binary=binary)

    async def read():
        stream = git.stream("log")
        assert await anext(stream) == b"first\n"
        await anext(stream)

    with pytest.raises(TooSlow, match="git log"):
        asyncio.run(read())
    assert gone(int((tmp_path / "pid").read_text()))


def test_who_stops_waiting_ends_the_command(tmp_path):
    fifo = tmp_path / "begun"
    os.mkfifo(fifo)
    binary = script(tmp_path, f"echo $$ > {fifo}; exec sleep 1000")
    git = Git(tmp_path / "clone.git", "acme/shop", timeout=1000, most=1, binary=binary)

    async def begin():
        running = asyncio.create_task(git.run("fetch"))
        pid = int(await asyncio.to_thread(fifo.read_text))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return pid

    assert gone(asyncio.run(begin()))


def test_who_stops_reading_ends_the_stream(tmp_path):
    binary = script(tmp_path, "echo $$; exec yes")
    git = Git(tmp_path / "clone.git", "acme/shop", timeout=30, most=1, binary=binary)

    async def first():
        stream = git.stream("log")
        piece = await anext(stream)
        await stream.aclose()
        return int(piece.split()[0])

    assert gone(asyncio.run(first()))


def test_a_folder_that_grows_too_large_ends_the_command(tmp_path):
    git = Git(tmp_path / "clone.git", "acme/shop", timeout=30, most=100_000)
    grow = "head -c 200000 /dev/zero > $GIT_DIR/big; exec sleep 1000"
    git.folder.mkdir()
    git = Git(git.folder, "acme/shop", timeout=30, most=100_000, binary=script(tmp_path, grow))
    with pytest.raises(Overloaded, match=r"acme/shop: the clone is larger than 100000 bytes; allow more"):
        asyncio.run(git.run("fetch", growing=True))


def test_much_input_and_much_output_do_not_wait_for_each_other(tmp_path):
    git = Git(tmp_path / "clone.git", "acme/shop", timeout=30, most=1, binary=script(tmp_path, "exec cat"))
    data = os.urandom(3_000_000)
    assert asyncio.run(git.run("cat", data=data)) == data


def test_much_said_of_errors_stops_nobody_and_its_end_is_kept(tmp_path):
    talk = "head -c 1000000 /dev/zero | tr '\\0' x >&2; echo; echo 'fatal: at last' >&2; exit 1"
    git = Git(tmp_path / "clone.git", "acme/shop", timeout=30, most=1, binary=script(tmp_path, talk))
    with pytest.raises(Garbled) as error:
        asyncio.run(git.run("fetch"))
    assert len(str(error.value)) < 300


def test_what_a_killed_git_left_is_cleared_away(git):
    asyncio.run(git.prepare())
    left = [git.folder / name for name in ("objects/pack/tmp_pack_x", "shallow.lock", "refs/heads/main.lock")]
    for each in left:
        each.write_text("half")
    asyncio.run(git.prepare())
    assert not any(each.exists() for each in left)
