"""What is said about the two products, one claim a line, each with its mark.

The text is that of the product facts, whose section a claim names. Findings refer to claims by
their id; `imis-sso doctor` tells which held on a tenant, docs/evidence.md on which tenants they
did.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Mark = Literal["D", "V", "I", "?"]
MARKS: Final[dict[Mark, str]] = {
    "D": "documented by the vendor",
    "V": "read from the vendor's own type metadata",
    "I": "inferred",
    "?": "unknown",
}
"""What each mark means (product facts, introduction)."""


@dataclass(frozen=True)
class Claim:
    """One claim: its mark, the section of the product facts, its text, and what rests on it."""

    id: str
    mark: Mark
    section: str
    text: str
    affects: str

    @property
    def is_open(self) -> bool:
        """Whether only a real tenant can tell: inferred or unknown."""
        return self.mark in ("I", "?")


_REST: Final = "imis_rest"
_STAFF: Final = "imis_staff_site"
_DASHBOARD: Final = "cloud_sso_dashboard"
_VERIFY: Final = "verification"
_WRITES: Final = "every write"

_RECIPE: Final = (
    Claim("recipe.licence", "D", "2", "OpenID Connect has to be a licensed feature.", "licence"),
    Claim("recipe.four-values", "D", "2", "Four values go from Cloud SSO to iMIS.", _VERIFY),
    Claim("recipe.values", "D", "2", "Type, claims and login hint are the recipe's.", _VERIFY),
    Claim("recipe.redirect", "D", "2", "Both sides hold one redirect URL.", _VERIFY),
    Claim("recipe.test-mode", "D", "2", "Test mode comes before enabled.", "activation"),
)
_IMIS: Final = (
    Claim("imis.modes", "D", "3.1", "There are three modes.", "activation"),
    Claim("imis.admin-credentials", "D", "3.1", "A system administrator keeps iMIS's.", "log-in"),
    Claim("imis.email-first", "D", "3.1", "The sign-in page asks for an e-mail first.", _VERIFY),
    Claim("imis.read-only-names", "D", "3.1", "Names are read-only while it is on.", "nothing"),
    Claim("imis.contract-type", "V", "3.2", "The record has the known properties.", _REST),
    Claim("imis.enumerations", "V", "3.2", "Mode and type have three values each.", _REST),
    Claim("imis.claims-text", "V", "3.2", "Claim type and value are text.", _REST),
    Claim("imis.no-email-body", "V", "3.2", "E-mail body is not in the record.", _REST),
    Claim("imis.email-body-place", "?", "3.2", "Where the e-mail body is stored.", _STAFF),
    Claim("imis.defaults-omitted", "I", "3.2", "A default is left out when read.", _REST),
    Claim("imis.several-records", "V", "3.2", "Several records are possible.", _REST),
    Claim("imis.metadata-served", "I", "3.2", "The record's metadata is served.", _REST),
    Claim("imis.record-served", "I", "3.2", "The record is served over REST.", _REST),
    Claim("imis.secret-shown", "?", "3.2", "How the secret is shown when read.", _WRITES),
    Claim("imis.token", "D", "3.3", "Name and password give a token.", _REST),
    Claim("imis.token-path", "D", "3.3", "The token's address is /token, or an older.", _REST),
    Claim("imis.token-life", "?", "3.3", "Whether a token's life is always told.", _REST),
    Claim("imis.roles", "D", "3.3", "RemoteService and SysAdmin are enough.", _REST),
    Claim("imis.enabled-log-in", "?", "3.3", "What enabled does to other accounts.", "activation"),
    Claim("imis.put-replaces", "D", "3.3", "A PUT replaces the whole record.", _REST),
    Claim("imis.list-form", "D", "3.3", "A list comes in its documented envelope.", _REST),
    Claim("imis.list-whole", "I", "3.3", "A list shows records as a read does.", _REST),
    Claim("imis.error-forms", "D", "3.3", "Errors come in the documented forms.", _REST),
    Claim("imis.system-settings", "D", "3.3", "Organisation and version are told.", "tenant pins"),
    Claim("imis.organisation-name", "I", "3.3", "Under which name they are told.", "tenant pins"),
    Claim("imis.licence-over-rest", "?", "3.4", "Whether REST tells what is licensed.", "licence"),
    Claim("imis.which-record", "?", "3.5", "Which of several records is the page's.", _REST),
    Claim("imis.new-id", "?", "3.5", "Where a new record's id is told.", _REST),
    Claim("imis.unread-secret", "?", "3.5", "Whether a secret left out is kept.", _WRITES),
    Claim("imis.enum-form", "?", "3.5", "Enumerations are numbers or names.", _REST),
    Claim("imis.unknown-properties", "?", "3.5", "Unknown properties are kept.", _WRITES),
    Claim("imis.permission", "?", "3.5", "How _haspermission answers.", _REST),
    Claim("imis.validate", "?", "3.5", "How _validate answers; it writes nothing.", _REST),
    Claim("imis.error-echo", "?", "3.5", "Whether an error repeats what was sent.", _REST),
    Claim("imis.sign-in-page", "?", "3.5", "What the public sign-in page looks like.", _VERIFY),
    Claim("imis.lost-answer", "?", "3.5", "What became of a write without answer.", _WRITES),
)
_STAFF_SITE: Final = (
    Claim("staff.log-in", "?", "3.5", "Where the log-in is and how it is labelled.", _STAFF),
    Claim("staff.page", "D", "2", "Settings > Contacts > OpenID Connect is the page.", _STAFF),
    Claim("staff.option-texts", "?", "3.5", "The visible texts of the options.", _STAFF),
    Claim("staff.fields-by-type", "?", "3.5", "Which fields a type shows.", _STAFF),
    Claim("staff.unlabelled", "?", "3.5", "Labels of four fields.", _STAFF),
    Claim("staff.save", "?", "3.5", "What Save shows.", _STAFF),
    Claim("staff.email-body", "?", "3.5", "E-mail body: plain or HTML, line ends.", _STAFF),
    Claim("staff.licence-list", "D", "2", "About iMIS lists what is licensed.", _STAFF),
    Claim("staff.licence-words", "?", "3.5", "How the list words the licence.", "licence"),
    Claim("staff.about-names", "I", "3.5", "About iMIS names whom and version.", "tenant pins"),
)
_CLOUD_SSO: Final = (
    Claim("cloud-sso.no-api", "D", "4", "There is no public management API.", _DASHBOARD),
    Claim("cloud-sso.public-documents", "D", "4", "Discovery and JWKS are public.", _VERIFY),
    Claim("cloud-sso.log-in", "D", "4.1", "Name, password and Cloud ID log in.", _DASHBOARD),
    Claim("cloud-sso.lock-out", "D", "4.1", "Repeated failures lock out.", _DASHBOARD),
    Claim("cloud-sso.right-dashboard", "I", "4.1", "A Cloud ID leads to its own.", "tenant pins"),
    Claim("cloud-sso.silent-refusal", "I", "4.1", "Silence after a log-in refuses.", _DASHBOARD),
    Claim("cloud-sso.refusal-words", "?", "4.1", "How a refusal is worded.", _DASHBOARD),
    Claim("cloud-sso.page", "D", "4.2", "iMIS SSO Settings shows four values.", _DASHBOARD),
    Claim("cloud-sso.one-input", "D", "4.2", "Redirect URL is the only input.", _DASHBOARD),
    Claim("cloud-sso.shown-fields", "?", "4.2", "Shown values cannot be edited.", _DASHBOARD),
    Claim("cloud-sso.navigation", "D", "4.2", "The way to the page.", _DASHBOARD),
    Claim("cloud-sso.directories", "D", "4.3", "Manage Directories has its fields.", _DASHBOARD),
    Claim("cloud-sso.return-url", "D", "4.3", "Return URL comes after a save.", _DASHBOARD),
    Claim("cloud-sso.edition-limit", "D", "4.3", "An edition limits directories.", _DASHBOARD),
    Claim("cloud-sso.prefixed-ids", "I", "4.3", "A new record orphans its users.", "directories"),
    Claim("cloud-sso.algorithm", "D", "4.4", "The algorithm can be chosen.", _VERIFY),
    Claim("cloud-sso.log-in-labels", "?", "4.5", "The text of the log-in button.", _DASHBOARD),
    Claim("cloud-sso.log-in-steps", "?", "4.5", "Steps and second factor.", _DASHBOARD),
    Claim("cloud-sso.saved-session", "I", "4.1", "Hidden cookies carry the log-in.", _DASHBOARD),
    Claim("cloud-sso.directory-labels", "?", "4.5", "Labels of directories.", _DASHBOARD),
    Claim("cloud-sso.secret-shown", "?", "4.5", "How the page shows the secret.", _WRITES),
    Claim("cloud-sso.save", "?", "4.5", "Whether saving asks, and what it says.", _DASHBOARD),
    Claim("cloud-sso.empty-redirect", "?", "4.5", "Whether it may be emptied.", "restore"),
    Claim("cloud-sso.untouched-secret", "?", "4.5", "Saving keeps the secret.", "directories"),
    Claim("cloud-sso.lock-out-scope", "?", "4.5", "What a lock-out counts by.", _DASHBOARD),
    Claim("cloud-sso.shows-cloud-id", "?", "4.5", "The page names its Cloud ID.", "tenant pins"),
)

CLAIMS: Final = (*_RECIPE, *_IMIS, *_STAFF_SITE, *_CLOUD_SSO)
"""Every claim, in the order of the product facts."""
_BY_ID: Final = {each.id: each for each in CLAIMS}


def claim(name: str) -> Claim:
    """Give the claim of an id; raises KeyError."""
    return _BY_ID[name]
