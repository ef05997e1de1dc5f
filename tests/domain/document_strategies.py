"""Valid documents and changes of them, for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from imis_sso.domain.documents import (
    Document,
    ImisSsoSettings,
    OidcAuthentication,
    OpenIDConnect,
    Setting,
    nested,
)
from imis_sso.domain.trust import Pins

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True)
HOSTS = st.lists(LABELS, min_size=1, max_size=3).map(".".join)
PORTS = st.just("") | st.integers(1, 65535).filter(lambda port: port != 443).map(":{}".format)
PATHS = st.lists(st.from_regex(r"[A-Za-z0-9._~!$&'()*+,;=:@-]{0,6}", fullmatch=True), max_size=3)
LINES = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")) | st.sampled_from("<>&\"\\'*•${%"),
    max_size=12,
).map(str.strip)
BODIES = st.text(
    st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\t<>&\u2028\u2029"),
    max_size=30,
)
BASES = st.builds("https://{}{}/".format, HOSTS, PORTS)
ADDRESSES = st.builds(lambda base, path: base + "/".join(path), BASES, PATHS)
FORMS = {
    "one line of text": LINES,
    "text, line ends LF": BODIES,
    "https address": st.just("") | ADDRESSES,
    "https base address ending in a slash": st.just("") | BASES,
}
VERSIONS = st.from_regex(r"v1-[0-9a-f]{16}", fullmatch=True)
WRITABLE: tuple[type[Document], ...] = (OpenIDConnect, OidcAuthentication, ImisSsoSettings)


def values_of(setting: Setting) -> st.SearchStrategy[str | bool]:
    """Give the valid, canonical values of one setting."""
    if setting.kind == "boolean":
        return st.booleans()
    if setting.choices:
        return st.sampled_from(setting.choices)
    assert setting.form is not None
    return FORMS[setting.form.name]


@st.composite
def documents(draw: st.DrawFn, model: type[Document]) -> Document:
    """Draw a valid document of a kind, its rules kept."""
    values: dict[str, Any] = {each.path: draw(values_of(each)) for each in model.settings()}
    if values.get("type", "entra_id") != "entra_id":
        values["tenant_id"] = ""
    spoken = {keys.ref: LABELS, keys.version: VERSIONS} if (keys := model.secret) else {}
    for key, versions in spoken.items():
        if key in model.model_fields:
            values[key] = draw(st.just("") | versions)
    return model.model_validate(nested(values))


def any_document() -> st.SearchStrategy[Document]:
    """Draw a valid document of any writable kind."""
    return st.sampled_from(WRITABLE).flatmap(documents)


@st.composite
def partial(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """Draw a declaration of some of a document's keys, at every depth."""
    chosen: dict[str, Any] = {}
    for key, value in document.items():
        if draw(st.booleans()):
            chosen[key] = draw(partial(value)) if isinstance(value, dict) else value
    return chosen


PINS = Pins(frozenset({"sso.example.org"}), frozenset({"members.example.org"}))
DEFAULTS = OpenIDConnect.defaults()
