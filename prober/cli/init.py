"""`prober init`: writes the starter probe sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prober.cli.output import say
from prober.model.errors import ConfigurationError

app = typer.Typer(add_completion=False)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to write them.")] = Path("probes"),
) -> int:
    """Write the starter probe sets into a folder; existing files are left alone."""
    starters = starter_files()
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source in starters:
            try:
                with (folder / source.name).open("xb") as file:
                    file.write(source.read_bytes())
                written.append(source.name)
            except FileExistsError:
                continue
    except OSError as error:
        raise ConfigurationError(f"{folder}: cannot be written ({error.strerror}); choose another folder") from error
    kept = [source.name for source in starters if source.name not in written]
    if written:
        say(f"Wrote {', '.join(written)} into {folder}/.")
    if kept:
        say(f"Left alone in {folder}/, because they exist: {', '.join(kept)}.")
    say(
        "",
        "Next:",
        f"  1. describe your endpoint in {folder / 'endpoints.yaml'}, and name it in the probe sets",
        f"  2. prober validate {folder}",
        f"  3. prober plan {folder}",
        f"  4. prober run {folder}",
    )
    return 0


def starter_files() -> tuple[Path, ...]:
    """The starter probe sets and their schemas: in the wheel inside the package, in a checkout beside it."""
    package = Path(__file__).parents[1]
    for home in (package / "starter", package.parent / "probes"):
        if home.is_dir():
            return tuple(sorted(path for path in home.iterdir() if path.suffix in {".yaml", ".json"}))
    raise ConfigurationError("this installation has no starter probe sets; reinstall canary-prober")
