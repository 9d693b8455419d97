"""A web service that leaves slow work to a queue: one endpoint waits for the answer, one hands out a job to ask for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import Body, FastAPI, HTTPException
from pydantic import BaseModel
from text_tasks import Statistics, app, statistics

from mog import ResultState
from mog.errors import ResultLost

PATIENCE = 10.0
"""Seconds that a client is kept waiting."""


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Connect to the queue while the server runs."""
    async with app:
        yield


api = FastAPI(lifespan=lifespan)
Text = Annotated[str, Body(embed=True)]


class Job(BaseModel):
    """A submitted text; `statistics` is there once `state` is SUCCESS."""

    id: UUID
    state: ResultState
    statistics: Statistics | None = None


@api.post("/statistics")
async def answer(text: Text) -> Statistics:
    """Submit the text and wait for its statistics."""
    result = await app.submit(statistics, text)
    try:
        await result.wait(timeout=PATIENCE)
    except TimeoutError:
        raise HTTPException(504, f"not done yet: look at /jobs/{result.id}") from None
    return await result.get()


@api.post("/jobs", status_code=202)
async def accept(text: Text) -> Job:
    """Submit the text and return at once."""
    result = await app.submit(statistics, text)
    return Job(id=result.id, state=result.state)


@api.get("/jobs/{job_id}")
async def look(job_id: UUID) -> Job:
    """Tell how far a job is."""
    try:
        result = await app.result(job_id)
    except ResultLost:
        raise HTTPException(404, f"no job {job_id}") from None
    return Job(id=job_id, state=result.state, statistics=await result.get() if result.successful else None)
