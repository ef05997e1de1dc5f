"""Asking one question of iMIS for the doctor: what comes of it is a finding, never an error."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from imis_sso.connectors.imis_rest import answers
from imis_sso.connectors.imis_rest.login import LogIn
from imis_sso.connectors.imis_rest.redaction import Redactor
from imis_sso.connectors.imis_rest.shapes import answer_shape
from imis_sso.connectors.imis_rest.transport import Answer, NoAnswer, Request
from imis_sso.domain.observed import Finding, Need, Shape
from imis_sso.domain.problems import Problem

CLOSED: Final = frozenset({401, 403, 404, 405, 501})
"""Statuses by which iMIS says that a door is closed (product facts 3.2)."""
_SHORTEST: Final = 4


class LogInFailed(Exception):  # noqa: N818  # the end of the questions, not an error of ours
    """Nothing can be asked: the log-in failed, or iMIS cannot be reached at all."""

    def __init__(self, detail: str, *, refused: bool | None) -> None:
        super().__init__(detail)
        self.detail, self.refused = detail, refused


@dataclass(frozen=True)
class Question:
    """One request and what it is about; `shape` names the file of its answer in a capture."""

    request: Request
    text: str
    claim: str
    shape: str
    need: Need = ""
    ask: str = ""

    def finding(self, answer: str, *, held: bool | None, shape: Shape | None = None) -> Finding:
        """Give the finding; the vendor is asked only where it did not hold."""
        ask = "" if held else self.ask
        return Finding(
            self.text, answer, held, claim=self.claim, need=self.need, ask=ask, shape=shape
        )


Judge = Callable[[Answer], list[Finding]]


class Asking:
    """Sends questions by the connector's own session; knows what must not be told."""

    def __init__(
        self,
        call: Callable[[Request], Awaitable[Answer]],
        log_in: LogIn,
        redacting: Callable[[], Redactor],
        host: str,
    ) -> None:
        self._call, self.log_in, self._redacting = call, log_in, redacting
        self._host = host.partition(":")[0]

    def clean(self, text: str) -> bool:
        """Tell whether a name holds neither a secret in play nor who or where we are."""
        folded = text.casefold()
        words = [each.casefold() for each in (self._host, self.log_in.username)]
        if any(len(word) >= _SHORTEST and word in folded for word in words):
            return False
        return self._redacting().sentence(text) == " ".join(text.split())

    async def knock(self, request: Request) -> Answer:
        """Send the first request, by which the log-in is proved. Raises LogInFailed."""
        try:
            return await self._call(request)
        except NoAnswer as failure:
            raise LogInFailed(failure.problem.detail, refused=None) from None
        except Problem as problem:
            raise LogInFailed(problem.detail, refused=True) from None

    async def put(self, question: Question, judge: Judge) -> list[Finding]:
        """Ask, and have the answer judged where it is a success."""
        try:
            answer = await self._call(question.request)
        except NoAnswer as failure:
            return [question.finding(failure.problem.detail, held=None)]
        except Problem as problem:
            return [question.finding(problem.detail, held=None)]
        return self.judged(question, answer, judge)

    def judged(self, question: Question, answer: Answer, judge: Judge) -> list[Finding]:
        """Judge an answer: a closed door and an unreadable body are findings, too."""
        shape = Shape(question.shape, answer_shape(answer, self.clean))
        if not answer.is_success:
            problem = answers.problem(answer, "answer this question", self._redacting())
            held = False if answer.status in CLOSED else None
            return [question.finding(problem.detail, held=held, shape=shape)]
        try:
            return judge(answer)
        except Problem as problem:
            return [question.finding(problem.detail, held=None, shape=shape)]
