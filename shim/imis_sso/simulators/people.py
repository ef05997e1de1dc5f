"""Invented people, whom the simulated directories hold and the simulated iMIS knows."""

from __future__ import annotations

from dataclasses import dataclass

FLAVOURS = ("cognito", "entra", "okta")


@dataclass(frozen=True)
class Person:
    """Somebody who does not exist: where they log in, and what their directory says of them."""

    email: str
    given_name: str
    family_name: str
    directory: str
    directory_id: str
    is_staff: bool

    @property
    def name(self) -> str:
        """Given and family name."""
        return f"{self.given_name} {self.family_name}"

    @property
    def external_id(self) -> str:
        """The id by which iMIS knows them.

        Inferred: Cloud SSO prefixes a directory's ids with its own record number (4.3).
        """
        return f"{FLAVOURS.index(self.directory) + 1}-{self.directory_id}"


PEOPLE = (
    Person("ada@example.org", "Ada", "Invented", "cognito", "6c1f2a10-ada", is_staff=True),
    Person("ben@example.org", "Ben", "Invented", "cognito", "6c1f2a10-ben", is_staff=False),
    Person("cleo@example.org", "Cleo", "Madeup", "entra", "0d9b-cleo", is_staff=True),
    Person("dan@example.org", "Dan", "Madeup", "entra", "0d9b-dan", is_staff=False),
    Person("eve@example.org", "Eve", "Fictional", "okta", "00u1-eve", is_staff=True),
    Person("finn@example.org", "Finn", "Fictional", "okta", "00u1-finn", is_staff=False),
)


def somebody(directory: str, *, staff: bool = True) -> Person:
    """Give a person of a directory, of the staff or not; raises StopIteration for no directory."""
    return next(each for each in PEOPLE if (each.directory, each.is_staff) == (directory, staff))
