"""`prober router`: block and unblock the deployments of a router by the verdicts of their endpoints."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Annotated

import typer

from prober.asking.litellm_proxy import LiteLLMProxy
from prober.cli.database import open_store
from prober.cli.options import AsJson, Database, now_utc
from prober.cli.output import complain, print_json, say
from prober.incidents.deployments import RouterStep, router_steps
from prober.model.errors import ConfigurationError, NotEnough
from prober.model.shape import seconds
from prober.settings import secret
from prober.status.as_json import Json
from prober.status.system_status import system_status
from prober.store import Store
from prober.text import one_line

app = typer.Typer(add_completion=False)
KEY = "PROBER_LITELLM_KEY"


@app.command()
def router(
    litellm: Annotated[
        str, typer.Option("--litellm", metavar="URL", help="Address of a LiteLLM proxy.", show_default=False)
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    every: Annotated[
        str | None,
        typer.Option(
            "--every", metavar="TIME", help="Keep running, and check this often, such as 30s.", show_default="once"
        ),
    ] = None,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Block and unblock the deployments of a LiteLLM proxy by the verdicts of their endpoints: block while changed or
    unreachable.

    A deployment takes part if it says so: model_info: {prober_endpoint: NAME, prober_blocks: true}. It is unblocked
    when the verdict is ok again. The last deployment of a model is never blocked. The admin's key is read from
    PROBER_LITELLM_KEY.

    Exit code 1 if a deployment is, or should be, blocked; 3 if the proxy cannot be asked; else 0.
    """
    key = secret(KEY)
    if key is None:
        raise ConfigurationError(f"{KEY} is not set; put an admin's key of the proxy there")
    pause_s = None if every is None else _seconds(every)
    with closing(LiteLLMProxy(litellm, key.get_secret_value())) as proxy:
        while True:
            try:
                with open_store(database, read_only=True) as store:
                    steps, blocked = _look(store, proxy, dry_run)
            except NotEnough as error:
                if pause_s is None:
                    raise
                complain(str(error))
            else:
                if as_json:
                    print_json({"dry_run": dry_run, "blocked": blocked, "steps": [of_step(one) for one in steps]})
                else:
                    say(*(step_words(one, dry_run) for one in steps))
                if pause_s is None:
                    if not steps and not as_json:
                        say(f"Nothing to do; {blocked} of the deployments that take part are blocked.")
                    return 1 if blocked or any(one.block is not False for one in steps) else 0
            time.sleep(pause_s)


def _look(store: Store, proxy: LiteLLMProxy, dry_run: bool) -> tuple[tuple[RouterStep, ...], int]:
    """What is, or would be, done; and how many deployments that take part are blocked afterwards."""
    verdicts = {one.name: str(one.verdict) for one in system_status(store, now_utc()).endpoints}
    deployments = proxy.deployments()
    steps = router_steps(deployments, verdicts)
    change = 0
    for one in steps:
        if one.block is not None:
            change += 1 if one.block else -1
            if not dry_run:
                proxy.set_blocked(one.deployment, one.block)
    before = sum(one.is_ours and one.is_blocked for one in deployments)
    return steps, before if dry_run else before + change


def step_words(one: RouterStep, dry_run: bool) -> str:
    """One line."""
    about = f"{one.deployment.group} ({one.deployment.id}): {one.deployment.endpoint} is {one.verdict}"
    if one.block is None:
        return one_line(f"left in use, {about}, but it is the last deployment of this model")
    done = "block" if one.block else "unblock"
    return one_line(f"{f'would {done}' if dry_run else f'{done}ed'} {about}")


def of_step(one: RouterStep) -> Json:
    """Of `router --json`; docs/schemas/router.schema.json describes it."""
    return {
        "deployment": one.deployment.id,
        "model": one.deployment.group,
        "endpoint": one.deployment.endpoint,
        "verdict": one.verdict,
        "action": "none" if one.block is None else "block" if one.block else "unblock",
    }


def _seconds(every: str) -> float:
    try:
        found = seconds(every)
    except (ValueError, KeyError):
        found = 0.0
    if not 1 <= found <= 86_400:
        raise ConfigurationError("--every: write a time from 1s to 1d, such as 30s")
    return found
