"""The list of what blocks."""

import pytest

from mog_lint.blocking import Kind, canonical, knowledge


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("time.sleep", Kind.CALL),
        ("requests.sessions.Session().get", Kind.CALL),
        ("sqlite3.connect().cursor().execute", Kind.CALL),
        ("boto3.client().list_objects", Kind.CALL),
        ("pymongo.MongoClient().__getitem__().__getitem__().find_one", Kind.CALL),
        ("pathlib.Path().parent.read_text", Kind.FILE),
        ("queue.Queue().get", Kind.WAIT),
        ("concurrent.futures.ThreadPoolExecutor().submit().result", Kind.WAIT),
        ("asyncio.get_event_loop().run_until_complete", Kind.LOOP),
        ("_thread.lock.acquire", Kind.WAIT),
        ("concurrent.futures._base.Future.result", Kind.WAIT),
        ("posix.system", Kind.CALL),
    ],
)
def test_what_blocks(name: str, kind: Kind) -> None:
    found = knowledge().find(name)
    assert found is not None
    assert found.kind is kind


@pytest.mark.parametrize(
    "name",
    [
        "time.sleep()",
        "time.time",
        "os.path.abspath",
        "pathlib.Path().name",
        "boto3.client().generate_presigned_url",
        "x",
    ],
)
def test_what_does_not(name: str) -> None:
    assert knowledge().find(name) is None


def test_a_project_has_the_last_word() -> None:
    known = knowledge(("shop.*.fetch", "time.sleep -> shop.sleep"), ("requests.*",))
    assert known.find("shop.a.b.fetch") is not None
    sleep = known.find("time.sleep")
    assert sleep is not None
    assert sleep.instead == "shop.sleep"
    assert known.find("requests.get") is None


def test_instances_are_spelt_as_their_class() -> None:
    assert canonical("requests.session().get") == "requests.Session.get"
    assert canonical("open") == "open"
