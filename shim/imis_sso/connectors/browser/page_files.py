"""A connector's page files: those it brings, and the operator's in place of them.

An operator's file lies at `<pages_dir>/<connector>/<page>.yaml` and takes the place of the built-in
one of the same name. It may say where and how a field is found; what a field means is the model's:
every field of the built-in file must be there, and stay as secret as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Final, TypeVar

from imis_sso.connectors.browser.description import (
    FieldDescription,
    LogInDescription,
    PageDescription,
)
from imis_sso.connectors.browser.page_reading import PageFileError, load_log_in, load_page
from imis_sso.domain.documents import Document

LOG_IN: Final = "log-in"
_ENDING: Final = ".yaml"
_MAX_BYTES: Final = 256 * 1024

Description = TypeVar("Description", PageDescription, LogInDescription)


def labels_of(*models: type[Document]) -> dict[str, str]:
    """Give the labels of documents that share a page, by field; those of their secrets, too."""
    found = {each.path: each.label for model in models for each in model.settings()}
    return found | {keys.inline: keys.label for model in models if (keys := model.secret)}


class PageFiles:
    """The page files of the connector in a package, which has the built-in ones in `pages/`.

    `labels` are the models' labels by field, for each page; the log-in page, if there is one, has
    none. `pages_dir` is the operator's folder, if there is one. Each file is read once, when it is
    first asked for.
    """

    def __init__(
        self,
        package: str,
        pages_dir: Path | None = None,
        *,
        labels: Mapping[str, Mapping[str, str]],
    ) -> None:
        self.connector = package.rpartition(".")[2]
        self._built_in = files(package) / "pages"
        self._own = None if pages_dir is None else pages_dir / self.connector
        self._labels = labels
        self._pages: dict[str, PageDescription] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The pages' names, without the log-in page."""
        return tuple(self._labels)

    def labels(self, name: str) -> Mapping[str, str]:
        """Give the model's labels of a page, by field."""
        return self._labels[name]

    def page(self, name: str) -> PageDescription:
        """Give a page's description. Raises PageFileError with one line per fault."""
        if name not in self._pages:
            self._pages[name] = self._load_page(name)
        return self._pages[name]

    @cached_property
    def log_in(self) -> LogInDescription:
        """The description of the log-in page. Raises PageFileError with one line per fault."""
        text, source = self._built_in_text(LOG_IN), f"{LOG_IN}{_ENDING}"
        built_in = load_log_in(text, source)
        own = self._own_text(LOG_IN)
        if own is None:
            return built_in
        return _compatible(load_log_in(*own), built_in, own[1])

    def is_own(self, name: str) -> bool:
        """Tell whether a page is described by a file of the operator's."""
        return self._own_file(name).is_file() if self._own else False

    def faults(self) -> Iterator[str]:
        """Give a line, with file and key, for each fault of the operator's files."""
        yield from self._strangers()
        for name in self.names:
            try:
                self.page(name)
            except PageFileError as error:
                yield from str(error).splitlines()
        try:
            _ = self.log_in
        except PageFileError as error:
            yield from str(error).splitlines()

    def _strangers(self) -> Iterator[str]:
        # A file that nobody reads looks as if it were in force.
        known = {f"{name}{_ENDING}" for name in (*self.names, LOG_IN)}
        for path in _listed(self._own):
            if path.name not in known:
                listed = ", ".join(sorted(known))
                yield f"{path}: page: {self.connector} has no such page; there is: {listed}"

    def _load_page(self, name: str) -> PageDescription:
        labels = self._labels[name]
        built_in = load_page(self._built_in_text(name), f"{name}{_ENDING}", labels)
        own = self._own_text(name)
        if own is None:
            return built_in
        return _compatible(load_page(*own, labels), built_in, own[1])

    def _built_in_text(self, name: str) -> str:
        return self._built_in.joinpath(f"{name}{_ENDING}").read_text(encoding="utf-8")

    def _own_file(self, name: str) -> Path:
        return (self._own or Path()) / f"{name}{_ENDING}"

    def _own_text(self, name: str) -> tuple[str, str] | None:
        if not self.is_own(name):
            return None
        path = self._own_file(name)
        try:
            found = path.read_bytes()
            if len(found) > _MAX_BYTES:
                msg = f"{path}: page: is larger than {_MAX_BYTES // 1024} KiB"
                raise PageFileError(msg)
            return found.decode("utf-8"), str(path)
        except OSError as error:
            msg = f"{path}: page: cannot be read: {error.strerror}"
            raise PageFileError(msg) from None
        except UnicodeDecodeError:
            msg = f"{path}: page: is not in UTF-8"
            raise PageFileError(msg) from None


def folder_faults(pages_dir: Path, connectors: Mapping[str, PageFiles]) -> Iterator[str]:
    """Give a line for everything that is wrong with an operator's folder of page files."""
    if not pages_dir.is_dir():
        yield f"{pages_dir}: is no folder"
        return
    for path in _listed(pages_dir):
        if path.name not in connectors or not path.is_dir():
            listed = ", ".join(connectors)
            yield f"{path}: is no folder of a connector that has pages; there is: {listed}"
    for each in connectors.values():
        yield from each.faults()


def _listed(folder: Path | None) -> list[Path]:
    if folder is None or not folder.is_dir():
        return []
    return sorted(each for each in folder.iterdir() if not each.name.startswith("."))


def _compatible(own: Description, built_in: Description, source: str) -> Description:
    faults = [
        f"{source}: fields.{name}: {fault}"
        for name, each in built_in.fields.items()
        if (fault := _incompatible(own.fields.get(name), each))
    ]
    if isinstance(built_in, PageDescription) and isinstance(own, PageDescription):
        faults += [f"{source}: save: is missing"] if built_in.save and not own.save else []
        lacks_list = built_in.records is not None and own.records is None
        faults += [f"{source}: records: is missing"] if lacks_list else []
    if faults:
        raise PageFileError("\n".join(faults))
    return own


def _incompatible(own: FieldDescription | None, built_in: FieldDescription) -> str:
    if own is None:
        return "is missing; a field that the page may be without is `optional: true`"
    if own.secret != built_in.secret or _is_secret(own) != _is_secret(built_in):
        return "must be as secret as in the built-in page file"
    if (own.kind == "checkbox") != (built_in.kind == "checkbox"):
        return "a checkbox, and nothing else, stays a checkbox"
    unknown = sorted(own.texts.keys() - built_in.texts.keys()) if built_in.texts else []
    return f"texts: the model has no value {', '.join(unknown)}" if unknown else ""


def _is_secret(field: FieldDescription) -> bool:
    return field.secret or field.kind == "secret"
