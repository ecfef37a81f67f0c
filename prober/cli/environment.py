"""What a verb reads of the environment, without loading what others need: the dashboard starts so."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer
from pydantic import ValidationError

from prober.model.errors import ConfigurationError
from prober.settings import Settings

Database: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="Database; default PROBER_DATABASE_URL, or else sqlite:///prober.db.",
        show_default=False,
    ),
]


def settings_of(database: str | None = None, vantage: str | None = None) -> Settings:
    """The environment, with `database` and `vantage` in place of its own where given. Raises ConfigurationError."""
    try:
        settings = Settings()
    except ValidationError as error:
        wrong = ", ".join(  # never the value: it may be a secret
            f"{each['loc'][0]}" + (f" ({said} is read)" if (said := each.get("ctx", {}).get("expected")) else "")
            for each in error.errors()
        )
        raise ConfigurationError(f"these environment variables cannot be read: {wrong}; unset or fix them") from None
    given = {"database_url": database, "vantage": vantage}
    return settings.model_copy(update={name: value for name, value in given.items() if value is not None})
