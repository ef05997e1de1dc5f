"""Which step of a log-in a page is. Pure: a description and a survey in, findings out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from enum import Enum
from typing import Final

from imis_sso.connectors.browser.description import FieldDescription, LogInDescription
from imis_sso.connectors.browser.structure import Comparison, compare, find_button, find_link
from imis_sso.connectors.browser.survey import SeenAction, SeenField, Survey

_CODE: Final = "code"


class Step(Enum):
    """A step of a log-in, named by what the page asks for."""

    CHOICE = "choice"
    NAME = "user name"
    PASSWORD = "password"  # noqa: S105  # the name of a step
    CODE = "code"
    PERSON = "person"


class LogInPages:
    """The pages of a log-in, as its description has them."""

    def __init__(self, description: LogInDescription) -> None:
        self._description = description
        second = description.second_factor
        self._code: Mapping[str, FieldDescription] = {} if second is None else {_CODE: second.code}
        waiting = () if second is None else second.waiting
        self._waiting = frozenset(waiting)
        self.markers = (*description.refused, *waiting)

    def step(self, survey: Survey) -> Step | None:
        """Give the step that a page is, None where it is no page of the log-in.

        That it waits for a person is only told where the survey looked for `markers`.
        """
        if self._code and _CODE in compare(self._code, survey).seen:
            return Step.CODE
        seen = self._compared(survey).seen
        if "password" in seen:
            return Step.PASSWORD
        if self._found(self._description.choice, survey):
            return Step.CHOICE
        is_name = "username" in seen and bool(self._description.next)
        if is_name and isinstance(find_button(self._description.next, survey), SeenAction):
            return Step.NAME
        return Step.PERSON if self._waiting & set(survey.markers) else None

    def said(self, survey: Survey) -> tuple[str, ...]:
        """Give the words of refusal on a page: its alerts, and the described ones."""
        return (*survey.alerts, *(each for each in survey.markers if each not in self._waiting))

    def fields(self, survey: Survey, step: Step, given: Collection[str]) -> Comparison:
        """Compare a page with what it must have at a step, `given` being what came before.

        With the user name other fields may be asked for; whatever is there then is taken.
        """
        if step is Step.CODE:
            return compare(self._code, survey)
        described = self._description.fields
        wanted = {name: each for name, each in described.items() if name not in given}
        compared = compare(wanted, survey)
        if step is Step.PASSWORD:
            return compared
        return replace(compared, faults={}, absent={})

    def button(self, survey: Survey, step: Step) -> SeenAction | str:
        """Find the button that ends a step, or say in a sentence why there is none."""
        second, described = self._description.second_factor, self._description
        if step is Step.CHOICE:
            return find_link(described.choice, survey)
        if step is Step.CODE and second is not None:
            return find_button(second.submit, survey)
        return find_button(described.next if step is Step.NAME else described.submit, survey)

    def _compared(self, survey: Survey) -> Comparison:
        return compare(self._description.fields, survey)

    @staticmethod
    def _found(names: Collection[str], survey: Survey) -> bool:
        return bool(names) and isinstance(find_link(tuple(names), survey), SeenAction)


def code_field(fields: Mapping[str, SeenField]) -> SeenField:
    """Give the field for the code among those of the code's step."""
    return fields[_CODE]
