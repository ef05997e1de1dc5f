"""The behaviours a real product may show and nobody has documented (product facts 3.5 and 4.5)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class Variant:
    """One environment's choice for every open question; may be changed at any time.

    Every field rests on a fact marked unknown or inferred in the product facts; whoever reads the
    simulators must pass under every value. Numbers are seconds or HTTP statuses.
    """

    # Unknown: how the record shows its secret, and what a write without one does (3.5).
    imis_secret: Literal["clear", "masked", "absent"] = "clear"  # noqa: S105
    imis_unread_secret: Literal["wipes", "keeps"] = "wipes"  # noqa: S105
    # Inferred: values equal to their type's default are left out (3.2).
    imis_defaults: Literal["omitted", "present"] = "omitted"
    imis_enums: Literal["numbers", "names"] = "numbers"
    imis_put_status: Literal[200, 201, 202, 204] = 200
    imis_records: Literal["one", "none", "several", "several_active"] = "one"
    imis_post_id: Literal["body", "header", "list-only"] = "body"
    # Unknown: whether the entity answers over REST at all (3.2).
    imis_rest: Literal["served", "forbidden", "missing", "not_implemented"] = "served"
    imis_errors: Literal["plain", "echo"] = "plain"
    imis_validate: Literal["result", "error", "missing"] = "result"
    imis_permission: Literal["bare", "result", "boxed"] = "bare"
    imis_token_path: str = "/token"  # noqa: S105
    # Documented for people: enabled leaves iMIS credentials to system administrators only (3.1).
    # Unknown: what it does to the log-in of other accounts with RemoteService (3.3).
    imis_enabled_refuses_password: bool = False

    # The Staff site (3.5): its fields' labels are documented, and nothing else of its pages.
    staff_secret: Literal["masked", "empty", "shown", "reveal"] = "masked"  # noqa: S105
    staff_untouched_secret: Literal["keeps", "wipes"] = "keeps"  # noqa: S105
    staff_labels: Literal["documented", "decorated", "recased"] = "documented"
    staff_options: Literal["documented", "vendor", "codes"] = "documented"
    staff_markup: Literal["label_for", "wrapped", "labelledby", "table"] = "label_for"
    staff_render: Literal["server", "script", "single_page"] = "server"
    staff_render_delay: float = 0.15
    staff_type: Literal["script", "postback"] = "script"
    staff_type_hides: Literal["tenant", "addresses"] = "tenant"
    staff_save: Literal["postback", "partial"] = "postback"
    staff_save_button: Literal["button", "link"] = "button"
    staff_confirm: bool = False
    staff_question: Literal["browser", "page"] = "browser"
    staff_save_delay: float = 0.0
    staff_toast_delay: float = 0.2
    staff_errors: Literal["alert", "plain"] = "alert"
    staff_log_in: Literal["together", "in_turn"] = "together"
    staff_choice: Literal["beside", "after"] = "beside"
    staff_second_factor: Literal["none", "totp"] = "none"
    staff_expiry: Literal["in_place", "redirect"] = "redirect"
    staff_navigation: Literal["pages", "menu"] = "pages"
    staff_licences: Literal["list", "table", "absent"] = "list"
    staff_unlicensed: Literal["shown", "hidden"] = "shown"

    cloud_sso_secret: Literal["shown", "reveal", "copy", "absent"] = "shown"  # noqa: S105
    cloud_sso_markup: Literal["label_for", "wrapped", "aria_label", "aria_labelledby", "table"] = (
        "label_for"
    )
    cloud_sso_shown: Literal["input", "output"] = "input"
    cloud_sso_render: Literal["server", "script", "single_page"] = "server"
    cloud_sso_render_delay: float = 0.15
    cloud_sso_confirm: bool = False
    cloud_sso_question: Literal["browser", "page"] = "browser"
    # Unknown: labels, order and what else is on the page (4.2, 4.5).
    cloud_sso_labels: Literal["usual", "other"] = "usual"
    cloud_sso_order: Literal["usual", "reversed"] = "usual"
    cloud_sso_decoys: bool = False
    cloud_sso_required: bool = False
    cloud_sso_save_delay: float = 0.0
    cloud_sso_toast_delay: float = 0.2
    cloud_sso_navigation: Literal["external_directories", "cloud_sso"] = "external_directories"
    cloud_sso_login_button: str = "Log In"
    # Unknown: whether the log-in has steps, a choice, a second factor, or one session only.
    cloud_sso_login_steps: Literal["one", "two", "choice"] = "one"
    cloud_sso_second_factor: Literal["none", "totp", "push"] = "none"
    cloud_sso_session_limit: Literal["none", "one_per_user", "same_browser"] = "none"
    cloud_sso_expiry: Literal["in_place", "redirect"] = "in_place"
    # Unknown: how a directory's form shows its secret, and what one left alone in it does (4.5).
    cloud_sso_directory_secret: Literal["shown", "masked", "reveal", "absent"] = "shown"  # noqa: S105
    cloud_sso_unread_secret: Literal["wipes", "keeps"] = "wipes"  # noqa: S105
    # Unknown: whether the list of directories opens a record by a link or by a button.
    cloud_sso_directory_rows: Literal["links", "buttons"] = "links"
    cloud_sso_empty_redirect: Literal["accepted", "refused"] = "accepted"

    def as_dict(self) -> dict[str, object]:
        """Give every field with its present value, ready for JSON."""
        return asdict(self)

    def update(self, changes: Mapping[str, object]) -> None:
        """Set the named fields, all or none.

        Raises ValueError naming the field and what it takes.
        """
        hints = get_type_hints(type(self))
        for name, value in changes.items():
            if name not in hints:
                message = f"unknown variant {name!r}; known: {', '.join(hints)}"
                raise ValueError(message)
            _check(name, value, hints[name])
        for name, value in changes.items():
            setattr(self, name, value)


def _check(name: str, value: object, hint: object) -> None:
    if get_origin(hint) is Literal:
        if value not in get_args(hint) or isinstance(value, bool):
            message = f"{name} takes one of {', '.join(map(str, get_args(hint)))}"
            raise ValueError(message)
    elif not _is_instance(value, hint):
        message = f"{name} takes a value of type {getattr(hint, '__name__', hint)}"
        raise ValueError(message)


def _is_instance(value: object, hint: object) -> bool:
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return isinstance(hint, type) and isinstance(value, hint)
