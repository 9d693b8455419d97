"""Fetches exchange rates from a service that often fails: what is worth another attempt is made again, later.

Three things may go wrong. No answer: the task fails with OSError, and `retries` and `backoff` do the rest. An answer
that says when to come back: `Retry(delay=...)`. An answer that will not change: any other error ends the task.
"""

from contextlib import closing
from http.client import HTTPConnection
from os import environ

from mog import App, Context, Retry, exponential, task

app = App("rates")

SERVICE = environ.get("RATES_SERVICE", "localhost:8531")


class UnknownCurrency(Exception):
    """The service knows no such currency; asking again does not help."""


# A plain `def`: http.client blocks, so this runs in a thread and leaves the event loop free.
@task(name="rates.fetch", retries=5, backoff=exponential(0.2), retry_on=OSError)
def fetch(context: Context, currency: str) -> str:
    """Return what a euro is worth."""
    with closing(HTTPConnection(SERVICE, timeout=5)) as connection:
        connection.request("GET", f"/{currency}")
        answer = connection.getresponse()
        text = answer.read().decode()
        wait = answer.getheader("Retry-After")
    if wait is not None:
        raise Retry(delay=float(wait))
    if answer.status != 200:
        raise UnknownCurrency(currency)
    return f"1 EUR = {text} {currency}, at attempt {context.attempt}"
