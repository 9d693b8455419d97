"""The slow part of the service: runs in a worker (`mog run`), never in the web server."""

from collections import Counter

from pydantic import BaseModel

from mog import App, Context, task

app = App("text")


class Statistics(BaseModel):
    """What is told about a text."""

    words: int
    different_words: int
    most_common: str | None


# A plain `def`: counting computes, so it runs in a thread and leaves the worker's event loop free.
@task(name="text.statistics")
def statistics(context: Context, text: str) -> Statistics:
    """Count the words of a text."""
    context.logger.info("counting the words of %d characters", len(text))
    words = Counter(text.lower().split())
    most_common = next((word for word, _ in words.most_common(1)), None)
    return Statistics(words=words.total(), different_words=len(words), most_common=most_common)
