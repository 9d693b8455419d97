import pytest

from mog_cli.errors import CommandError
from mog_cli.project_name import package_name


@pytest.mark.parametrize(
    ("name", "package"), [("hello", "hello"), ("image-service", "image_service"), ("a_b2", "a_b2"), ("X", "X")]
)
def test_package_of_a_name(name: str, package: str) -> None:
    assert package_name(name) == package


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "cannot be"),
        (".", "is a path"),
        ("a/b", "is a path"),
        ("2fast", "cannot be"),
        ("-x", "cannot be"),
        ("x-", "cannot be"),
        ("a.b", "cannot be"),
        ("naïve", "cannot be"),
        ("a b", "cannot be"),
        ("class", "Python language"),
        ("match", "Python language"),
        ("json", "standard library"),
        ("mog", "there already"),
        ("test", "there already"),
        ("tests", "there already"),
        ("typer", "there already"),
    ],
)
def test_names_that_are_refused(name: str, message: str) -> None:
    with pytest.raises(CommandError, match=message) as caught:
        package_name(name)
    assert caught.value.hint
    assert caught.value.code == 2


def test_the_name_that_is_proposed_is_allowed() -> None:
    with pytest.raises(CommandError) as caught:
        package_name("2 Fast!")
    assert package_name(caught.value.hint.removeprefix("try ")) == "fast"
