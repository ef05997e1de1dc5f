"""Templates of the simulated products, rendered with everything escaped."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_SHARED = Path(__file__).with_name("templates")


class Templates:
    """The templates of a folder, and those that products have in common."""

    def __init__(self, folder: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader([folder, _SHARED]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )

    def render(self, template: str, **values: object) -> str:
        """Render one of them."""
        return self._environment.get_template(template).render(values)
