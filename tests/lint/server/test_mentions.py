"""Where a text mentions texts and names."""

import textwrap

import pytest

from mog_lint.server.mentions import Role, definitions, mentions

TEXT = textwrap.dedent(
    '''
    from mog import App, Request, task
    app = App("shop")

    @task(name="shop.resize", aliases=("shop.scale", "old"))
    async def resize(context, path: str, width: int = 8) -> int:
        """shop.resize"""
        return f"shop.resize {'shop.resize'}"

    class Api:
        async def upload(self):
            é = "é"; await app.submit("shop.resize", 1)
            await app.submit(resize, "shop.resize")
            app.submit_blocking(jobs.resize)
            Request[int](name="shop." "resize")
            context.gather(*[mog.Request(name="shop.resize") for _ in x])
            make(name="shop.resize")
            return resize
    '''
)


def found(content: str, text: str = TEXT) -> list[tuple[str, Role, str, str]]:
    listed = mentions(text, lambda candidate, _: candidate == content)
    ordered = sorted(listed, key=lambda item: item.span.start)
    return [(text[item.span.start : item.span.end], item.role, item.callee, item.function) for item in ordered]


def test_texts_are_found_with_where_they_stand() -> None:
    assert found("shop.resize") == [
        ('"shop.resize"', Role.DECLARES, "task", ""),
        ('"""shop.resize"""', Role.ELSEWHERE, "", "resize"),
        ("'shop.resize'", Role.ELSEWHERE, "", "resize"),
        ('"shop.resize"', Role.FIRST, "app.submit", "Api.upload"),
        ('"shop.resize"', Role.ELSEWHERE, "", "Api.upload"),
        ('"shop." "resize"', Role.NAME, "Request", "Api.upload"),
        ('"shop.resize"', Role.NAME, "mog.Request", "Api.upload"),
        ('"shop.resize"', Role.NAME, "make", "Api.upload"),
    ]
    assert found("shop.scale") == [('"shop.scale"', Role.DECLARES, "task", "")]


def test_names_are_found_with_where_they_stand() -> None:
    assert found("resize") == [
        ("resize", Role.FIRST, "app.submit", "Api.upload"),
        ("resize", Role.ELSEWHERE, "", "Api.upload"),
    ]
    assert found("jobs.resize") == [("jobs.resize", Role.FIRST, "app.submit_blocking", "Api.upload")]
    assert found("x", "f().submit(x)\nf[x](y)\n(a + b)(x)") == [
        ("x", Role.FIRST, ".submit", ""),
        ("x", Role.ELSEWHERE, "", ""),
        ("x", Role.FIRST, "", ""),
    ]


@pytest.mark.parametrize("text", ["x = (", "a = 'shop.resize'\0", "(" * 500 + ")" * 500, "a = '\ud800'"])
def test_what_is_not_python_mentions_nothing(text: str) -> None:
    assert found("shop.resize", text) == []
    assert definitions(text, "resize") == []


def test_functions_are_found_by_their_qualified_name() -> None:
    text = (
        "if x:\n    def a(): ...\nelse:\n    async  def  a(b, /, *c: int, d=1, **e) -> 'x': ...\n"
        "class B:\n    def a(self):\n        def é(): ...\n"
    )
    first, second = definitions(text, "a")
    assert [text[item.span.start : item.span.end] for item in (first, second)] == ["a", "a"]
    assert first.head == "def a()"
    assert second.head == "async def a(b, /, *c: int, d=1, **e) -> 'x'"
    assert [item.head for item in definitions(text, "B.a")] == ["def a(self)"]
    (inner,) = definitions(text, "B.a.<locals>.é")
    assert text[inner.span.start : inner.span.end] == "é"


def test_a_name_behind_a_backslash_is_found_where_its_function_begins() -> None:
    text = "def \\\n  a(): ...\n"
    assert [item.span.start for item in definitions(text, "a")] == [0]
