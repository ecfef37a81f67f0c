"""`prober compare`: do two reply logs come from the same behaviour?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prober.cli.options import AsJson
from prober.cli.output import Json, bars, print_json, say, table
from prober.cli.reply_logs import From, replies_of
from prober.lab.compare import Compared, Difference
from prober.lab.compare import compare as compare_replies
from prober.model.errors import NotEnough
from prober.text import count

app = typer.Typer(add_completion=False)

EXIT_CODES = {"same": 0, "changed": 1, "insufficient_evidence": 3}


@app.command()
def compare(
    reference: Annotated[Path, typer.Argument(metavar="REFERENCE_LOG", help="Replies of the known behaviour.")],
    candidate: Annotated[Path, typer.Argument(metavar="CANDIDATE_LOG", help="Replies to test against it.")],
    tool: From = None,
    alpha: Annotated[
        float,
        typer.Option("--alpha", metavar="P", help="Probability of a false `changed`, over all channels together."),
    ] = 0.01,
    as_json: AsJson = False,
) -> int:
    """Test whether two reply logs come from the same behaviour. Replies are paired by probe if the logs share probes.

    Exit code 0 if they are the same, 1 if the behaviour changed, 3 if there is not enough evidence.
    """
    try:
        with bars() as shown:
            compared = compare_replies(
                replies_of([reference], shown, tool), replies_of([candidate], shown, tool), alpha
            )
    except NotEnough as error:
        if not as_json:
            raise
        print_json({"verdict": "insufficient_evidence", "alpha": alpha, "missing": str(error), "channels": []})
        return 3
    if as_json:
        print_json(_as_json(compared))
    else:
        _show(compared)
    return EXIT_CODES[compared.verdict]


def _as_json(compared: Compared) -> Json:
    return {
        "verdict": compared.verdict,
        "alpha": compared.alpha,
        "probes": compared.probes,
        "paired": compared.paired,
        "exchanged": compared.exchanged,
        "replies": {"reference": compared.replies[0], "candidate": compared.replies[1]},
        "failed": {"reference": compared.failed[0], "candidate": compared.failed[1]},
        "unmatched": compared.unmatched,
        "missing": compared.missing,
        "channels": [_channel(one) for one in compared.channels],
        "left_out": [{"channel": one.channel, "reason": one.reason} for one in compared.left_out],
    }


def _channel(one: Difference) -> Json:
    return {
        "channel": one.channel,
        "p_value": one.p_value,
        "changed": one.changed,
        "effect": one.effect,
        "interval": one.interval,
        "unit": one.unit,
        "words": one.words,
    }


def _show(compared: Compared) -> None:
    how = "paired by probe" if compared.paired else "as two groups of replies, because the logs share no probe"
    say(
        f"{compared.verdict}: {count(compared.probes, 'probe')}, "
        f"{count(compared.replies[0], 'reply')} against {compared.replies[1]:,}, {how}; "
        f"alpha {compared.alpha:g} over all channels"
    )
    if compared.missing:
        say(compared.missing)
    if any(compared.failed) or compared.unmatched:
        say(
            f"Left out: {compared.failed[0]:,} and {count(compared.failed[1], 'failed ask')}, "
            f"{count(compared.unmatched, 'probe')} answered in one log only"
        )
    if compared.channels:
        table(
            ("channel", "changed", "p-value", "effect", "in words"),
            [
                (one.channel, "changed" if one.changed else "", f"{one.p_value:.2g}", _effect(one), one.words)
                for one in compared.channels
            ],
        )
    for reason in dict.fromkeys(one.reason for one in compared.left_out):
        say(f"Not compared: {', '.join(one.channel for one in compared.left_out if one.reason == reason)}: {reason}")


def _effect(one: Difference) -> str:
    low, high = (
        f"{round(end, 6) + 0.0:.3g}" for end in one.interval or (0.0, 0.0)
    )  # + 0.0: no minus in front of a zero
    interval = f" [{low}, {high}]" if one.interval else ""
    return f"{round(one.effect, 6) + 0.0:.3g}{interval} {one.unit}"
