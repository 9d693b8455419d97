"""Mognet's place for :func:`mog.testing.create_app_fixture`."""

from mog.testing.fixtures import create_app_fixture

__all__ = ["create_app_fixture"]
