"""`imis-sso pages`: are the vendors' pages as described; describe one; accept a change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from imis_sso.cli.console import DIFFERENT, Failure, say, say_json
from imis_sso.cli.page_looks import LOG_IN, Seen, look_at, named, on_doors, parts_of
from imis_sso.cli.target import DEFAULT_CONFIG, ConfigOption, JsonOption, load_registry, user_name

if TYPE_CHECKING:
    from imis_sso.described_pages import PageDoors

app = typer.Typer(
    help="Compare the products' pages with their descriptions; record and accept pages.",
    no_args_is_help=True,
)
MaybeEnvironment = Annotated[
    str | None, typer.Argument(metavar="[ENV]", help="Environment; none with --fleet.")
]
_ONE_OF: Final = "name an environment, or say --fleet"


@app.command("check")
def check(
    environment: MaybeEnvironment = None,
    fleet: Annotated[
        bool, typer.Option("--fleet", help="Every environment of the registry, one by one.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Compare every described page with the live one; nothing is written to the products.

    Exit code 0: as described and accepted, 2: something changed, 1: could not look.
    """
    if (environment is None) is not fleet:
        raise Failure(_ONE_OF)
    registry, settings = load_registry(config)
    names = list(registry.environments) if environment is None else [environment]

    async def work(doors: PageDoors) -> list[Seen]:
        return await look_at(doors, names, log_in=True)

    found = on_doors(work, registry, settings, names)
    if json:
        say_json(
            {"environments": [each.as_json() for each in found], "fingerprints": _groups(found)}
        )
    else:
        for each in found:
            _print(each)
        _print_groups(found)
    if any(each.failures for each in found):
        raise Failure(code=1)
    if any(not look.as_described for each in found for _, look in each.looks):
        raise Failure(code=DIFFERENT)


@app.command("accept")
def accept(
    environment: MaybeEnvironment = None,
    page: Annotated[str | None, typer.Argument(help="One page; without it all of them.")] = None,
    fleet: Annotated[
        str | None,
        typer.Option(
            "--fleet",
            metavar="FINGERPRINT",
            help="Every page of the registry that is exactly like this now.",
        ),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Accept pages as they are now: writes that a change blocked go on.

    A page that is not as its page file describes it is not accepted. Exit code 1 then, or where a
    page could not be looked at.
    """
    if (environment is None) is (fleet is None):
        raise Failure("name an environment, or say --fleet with a fingerprint")
    registry, settings = load_registry(config)
    names = list(registry.environments) if environment is None else [environment]

    async def work(doors: PageDoors) -> list[str]:
        return await _accept(doors, names, page, fleet)

    faults = on_doors(work, registry, settings, names)
    if faults:
        raise Failure(*faults)


async def _accept(
    doors: PageDoors, names: list[str], page: str | None, wanted: str | None
) -> list[str]:
    faults, accepted = [], 0
    for seen in await look_at(doors, names, page=page):
        faults += [f"{seen.environment}: {each}" for each in seen.failures]
        done, refused = await _accept_seen(doors, seen, wanted)
        accepted += done
        faults += refused
    if not accepted and not faults:
        faults = [f"no page has the fingerprint {wanted}; imis-sso pages check --fleet lists them"]
    return faults


async def _accept_seen(doors: PageDoors, seen: Seen, wanted: str | None) -> tuple[int, list[str]]:
    """Accept what was seen in one environment; give how many pages, and why not the others."""
    who, accepted, refused = f"cli.{user_name()}", 0, []
    async with doors.of(seen.environment) as connectors:
        by_name = {each.connector: each for each in connectors}
        for connector, look in seen.looks:
            digest = look.seen.digest if look.seen else ""
            if wanted not in {None, digest}:
                continue
            place = f"{seen.environment}: {connector}/{look.page}"
            try:
                await doors.accept(seen.environment, by_name[connector], look, who)
            except ValueError as error:
                refused.append(f"{place}: {error}")
            else:
                accepted += 1
                _print_accepted(place, digest, [each.text for each in look.changed])
    return accepted, refused


def _print_accepted(place: str, digest: str, texts: list[str]) -> None:
    say(f"{place}: accepted as {digest}.")
    for each in texts:
        say(f"  {each}")


@app.command("record")
def record(
    environment: Annotated[str, typer.Argument(metavar="ENV", help="Environment.")],
    page: Annotated[str, typer.Argument(help="The page, for example imis-sso-settings.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; one that is there is kept."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write a page file by looking at the page: labels, kinds and texts, never a value.

    It is for a person to review: what was not found stands in it as a comment.
    """
    if output is not None and output.exists():
        msg = f"{output} is there already; it is not overwritten"
        raise Failure(msg)
    registry, settings = load_registry(config)

    async def work(doors: PageDoors) -> str:
        async with doors.of(environment) as connectors:
            pages, name = named(connectors, page)
            return await pages.record(name)

    text = on_doors(work, registry, settings, [environment])
    if output is None:
        say(text.rstrip())
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        msg = f"{output}: cannot be written: {error.strerror}"
        raise Failure(msg) from None
    say(f"{output}: written. Review it, then put it into pages_dir.", error=True)


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of page files, for editors."""
    from imis_sso.connectors.browser.page_schema import page_file_schema

    say_json(page_file_schema())


def _print(seen: Seen) -> None:
    for connector, look in seen.looks:
        place = f"{seen.environment}: {connector}/{look.page}"
        words = "as described" if look.as_described else "CHANGED"
        if look.seen is not None and look.accepted is None and look.as_described:
            words = "as described, nothing accepted yet"
        say(f"{place}: {words}.")
        for line in parts_of(look):
            say(f"  {line}")
    for each in seen.failures:
        say(f"{seen.environment}: {each}", error=True)


def _groups(found: list[Seen]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str], list[str]] = {}
    for seen in found:
        for connector, look in seen.looks:
            if look.page != LOG_IN:
                digest = look.seen.digest if look.seen else ""
                groups.setdefault((f"{connector}/{look.page}", digest), []).append(seen.environment)
    return [
        {"page": page, "fingerprint": digest or None, "environments": names}
        for (page, digest), names in sorted(groups.items())
    ]


def _print_groups(found: list[Seen]) -> None:
    for each in _groups(found):
        digest = each["fingerprint"] or "not seen"
        say(f"{each['page']}  {digest}  {', '.join(each['environments'])}")
