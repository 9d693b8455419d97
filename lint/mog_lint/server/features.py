"""What the editor may say and ask, and who answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from mog_lint.config import PYPROJECT, find_pyproject
from mog_lint.server import actions, completion, navigation
from mog_lint.server.client import Client
from mog_lint.server.hover import hover
from mog_lint.server.places import path_of

if TYPE_CHECKING:
    from mog_lint.server.server import MogServer

WATCHED = ("**/*.py", f"**/{PYPROJECT}", "**/.gitignore")


# The conversation


def initialize(ls: MogServer, params: types.InitializeParams) -> None:
    """Learn what the editor can do, and which folders are open."""
    ls.client = Client.of(params.capabilities, ls.workspace.position_encoding or types.PositionEncodingKind.Utf16)
    named = [folder.uri for folder in params.workspace_folders or ()]
    ls.client.names.add_folders(named or filter(None, [ls.workspace.root_uri]))
    ls.projects.folders = set(ls.client.names.folders)


def initialized(ls: MogServer, _params: types.InitializedParams) -> None:
    """Ask to be told of changed files, and look at the projects of the folders."""
    if ls.client.watches:
        watchers = [types.FileSystemWatcher(pattern) for pattern in WATCHED]
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
        registration = types.Registration("mog-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
        ls.client_register_capability(types.RegistrationParams([registration]))
    for folder in ls.client.names.folders:
        ls.spawn(_open_folder(ls, folder))


def shutdown(ls: MogServer, _params: None) -> None:
    """Note that the end was asked for."""
    ls.was_asked_to_end = True


def folders_changed(ls: MogServer, params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Look at new folders, and forget those that were closed."""
    names = ls.client.names
    names.remove_folders(folder.uri for folder in params.event.removed)
    names.add_folders(folder.uri for folder in params.event.added)
    folders = set(names.folders)

    def work(_: object) -> None:
        ls.projects.folders = folders
        ls.projects.forget_homes()

    async def take_in() -> None:
        await ls.worker.run(work)
        for folder in folders:
            await _open_folder(ls, folder)
        await _forget_unused(ls)
        ls.refresh()

    ls.spawn(take_in())


async def _open_folder(ls: MogServer, folder: Path) -> None:
    """Look at the project that a folder is, or lies in; files of a folder without one are looked at when opened."""
    if find_pyproject(folder) is not None:
        await ls.indexing.open(folder / PYPROJECT)


async def _forget_unused(ls: MogServer) -> None:
    paths = [document.path for document in ls.documents.values()]
    folders = list(ls.client.names.folders)

    def work(_: object) -> None:
        files = [*paths, *(folder / PYPROJECT for folder in folders)]
        ls.projects.keep(home for file in files if (home := ls.projects.home(file)) is not None)

    await ls.worker.run(work)


# Documents


def opened(ls: MogServer, params: types.DidOpenTextDocumentParams) -> None:
    """Take in a document, and look at its project where that has not been done."""
    document = ls.keep(params.text_document.uri)
    if document is None:
        return

    def look_for_new_files(_: object) -> None:
        project = ls.projects.known(document.path)
        if project is not None and not project.holds(document.path):
            project.rescan()  # it may be new

    # Each of these queues its work as soon as it begins, so that what is asked next comes behind.
    ls.spawn(ls.indexing.resume())
    ls.spawn(ls.worker.run(look_for_new_files))
    ls.spawn(ls.indexing.open(document.path))
    ls.spawn(ls.show(document.uri))
    _push(ls, document.uri)


def changed(ls: MogServer, params: types.DidChangeTextDocumentParams) -> None:
    """Take in what was typed."""
    if params.text_document.uri in ls.documents:
        ls.keep(params.text_document.uri)
        ls.spawn(ls.show(params.text_document.uri))
        _push(ls, params.text_document.uri)


def saved(ls: MogServer, params: types.DidSaveTextDocumentParams) -> None:
    """Take up what was stopped; look at the disk, if the editor does not tell of other changes there."""
    path = path_of(params.text_document.uri)
    if path is None:
        return
    ls.spawn(ls.indexing.resume())
    if not ls.client.watches:
        ls.disk.changed([path])


def closed(ls: MogServer, params: types.DidCloseTextDocumentParams) -> None:
    """Let what is on disk count again, and forget projects that nobody looks at any more."""
    document = ls.drop(params.text_document.uri)
    if document is None:
        return

    def work(_: object) -> None:
        project = ls.projects.known(document.path)
        if project is not None:
            project.hide(document.path)

    async def take_in() -> None:
        await ls.worker.run(work)
        await _forget_unused(ls)

    ls.pushing.closed(document.uri)
    ls.spawn(take_in())


def files_changed(ls: MogServer, params: types.DidChangeWatchedFilesParams) -> None:
    """Take in what the editor tells of the disk."""
    paths = (path_of(change.uri) for change in params.changes)
    ls.disk.changed(path for path in paths if path is not None)


def progress_cancelled(ls: MogServer, params: types.WorkDoneProgressCancelParams) -> None:
    """Stop what a bar stands for."""
    ls.indexing.call_off(params.token)


def _push(ls: MogServer, uri: str) -> None:
    if not ls.client.pulls:
        ls.pushing.changed(uri)


# Questions


async def diagnostic(ls: MogServer, params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
    """Answer with a document's diagnostics, or with a word where they are those that the editor has."""
    found = await ls.diagnostics_of(params.text_document.uri)
    known_as = hashlib.blake2b(repr(found).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    if params.previous_result_id == known_as:
        return types.RelatedUnchangedDocumentDiagnosticReport(known_as)
    return types.RelatedFullDocumentDiagnosticReport(found, result_id=known_as)


async def code_action(ls: MogServer, params: types.CodeActionParams) -> list[types.CodeAction | types.Command]:
    """Answer with what can be done about findings."""
    uri, only = params.text_document.uri, params.context.only
    return await ls.ask(uri, lambda look, _: actions.actions(look, params.range, only, ls.pages), [])


async def hovered(ls: MogServer, params: types.HoverParams) -> types.Hover | None:
    """Answer with what is known of a place."""
    return await ls.ask(params.text_document.uri, lambda look, check: hover(look, params.position, check), None)


async def definition(ls: MogServer, params: types.DefinitionParams) -> list[types.Location]:
    """Answer with where a task is declared."""
    return await ls.ask(params.text_document.uri, lambda look, _: navigation.definition(look, params.position), [])


async def references(ls: MogServer, params: types.ReferenceParams) -> list[types.Location]:
    """Answer with all places that name a task."""
    declared = params.context.include_declaration
    return await ls.ask(
        params.text_document.uri,
        lambda look, check: navigation.references(look, params.position, declarations=declared, check=check),
        [],
    )


async def completed(ls: MogServer, params: types.CompletionParams) -> types.CompletionList:
    """Answer with what can be typed at a place."""
    nothing = types.CompletionList(is_incomplete=False, items=[])
    return await ls.ask(params.text_document.uri, lambda look, _: completion.completion(look, params.position), nothing)


async def document_link(ls: MogServer, params: types.DocumentLinkParams) -> list[types.DocumentLink]:
    """Answer with the rules that a document's comments name."""
    return await ls.ask(params.text_document.uri, lambda look, _: navigation.links(look, ls.pages), [])


FEATURES: tuple[tuple[str, Callable[..., Any], Any], ...] = (
    (types.INITIALIZE, initialize, None),
    (types.INITIALIZED, initialized, None),
    (types.SHUTDOWN, shutdown, None),
    (types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, folders_changed, None),
    (types.TEXT_DOCUMENT_DID_OPEN, opened, None),
    (types.TEXT_DOCUMENT_DID_CHANGE, changed, None),
    (types.TEXT_DOCUMENT_DID_SAVE, saved, types.SaveOptions(include_text=False)),
    (types.TEXT_DOCUMENT_DID_CLOSE, closed, None),
    (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, files_changed, None),
    (types.WINDOW_WORK_DONE_PROGRESS_CANCEL, progress_cancelled, None),
    (types.TEXT_DOCUMENT_DIAGNOSTIC, diagnostic, types.DiagnosticOptions(True, False, identifier="mog")),
    (types.TEXT_DOCUMENT_CODE_ACTION, code_action, types.CodeActionOptions(list(actions.KINDS))),
    (types.TEXT_DOCUMENT_HOVER, hovered, None),
    (types.TEXT_DOCUMENT_DEFINITION, definition, None),
    (types.TEXT_DOCUMENT_REFERENCES, references, None),
    (types.TEXT_DOCUMENT_COMPLETION, completed, types.CompletionOptions(list(completion.TRIGGERS))),
    (types.TEXT_DOCUMENT_DOCUMENT_LINK, document_link, types.DocumentLinkOptions()),
)
