"""Gates of others on the same pairs of outcomes. Run by the interpreter in which one of them is installed, and no more:

    python gates.py NAME < runs.json > verdicts.json

`runs.json`: a list of runs, each a list of blocks, each a list of (probe, reference passed, candidate passed). Answers
a list of [verdict, asks]; verdicts are `not_worse`, `worse` and `undecided`. Imports nothing of the prober.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

Block = Sequence[tuple[str, bool, bool]]
Verdict = tuple[str, int]
JSON_PROBE = "text/json"


def evalgate_ci(blocks: Sequence[Block]) -> Verdict:
    """McNemar's test against the baseline, once, on the whole budget; no floor on the pass rate."""
    from evalgate.gate import evaluate_gate

    pairs = [pair for block in blocks for pair in block]
    report = evaluate_gate([one[2] for one in pairs], 0.0, baseline_passes=[one[1] for one in pairs])
    return "not_worse" if report.passed else "worse", 2 * len(pairs)


def evalsig(blocks: Sequence[Block]) -> Verdict:
    """`watch`: an always-valid confidence sequence of the paired difference, looked at after every pair."""
    from evalsig.inference.sequential import sequential_gate

    differences = [float(new) - float(old) for block in blocks for _, old, new in block]
    found = sequential_gate(differences, alternative="two-sided")
    if not found.stopped:
        return "undecided", 2 * len(differences)
    return "worse" if found.delta < 0 else "not_worse", 2 * found.n_pairs


def driftcut(blocks: Sequence[Block]) -> Verdict:
    """Its decision after each batch, with its default thresholds; a probe is a category, three prompts of each a batch,
    and no judge."""
    from driftcut.config import DriftcutConfig
    from driftcut.decision import decide_run
    from driftcut.models import BatchResult, ModelResponse, PromptEvaluation, PromptResult, ResponseEvaluation
    from driftcut.trackers import LatencyTracker

    config: Any = DriftcutConfig.model_validate(
        {
            "name": "x",
            "models": {side: {"provider": "openai", "model": side} for side in ("baseline", "candidate")},
        }
    )
    sampling = config.sampling
    size, most = sampling.batch_size_per_category, sampling.max_batches
    batches, asks = [], 0
    said = ModelResponse(output="x", latency_ms=1.0)
    for number in range(most):
        part = [pair for block in blocks[number * size : (number + 1) * size] for pair in block]
        results = [
            PromptResult(
                prompt_id=f"{number}-{i}", category=probe, criticality="medium", prompt_text="",
                expected_output_type="json" if probe == JSON_PROBE else "free_text", baseline=said, candidate=said,
                evaluation=PromptEvaluation(
                    ResponseEvaluation(old, True), ResponseEvaluation(new, True), candidate_improved=new and not old,
                    candidate_failed=not new, candidate_regressed=old and not new,
                    schema_break=probe == JSON_PROBE and not new,
                ),
            )
            for i, (probe, old, new) in enumerate(part)
        ]  # fmt: skip
        batches.append(BatchResult(number + 1, results))
        asks += 2 * len(part)
        found = decide_run(
            config, batches, LatencyTracker(), total_prompts_planned=most * len(part), total_batches_planned=most,
            has_remaining_batches=number + 1 < most,
        )  # fmt: skip
        if found.outcome == "STOP":
            return "worse", asks
        if found.outcome == "PROCEED":
            return "not_worse", asks
    return "undecided", asks


GATES: dict[str, Callable[[Sequence[Block]], Verdict]] = {
    "evalgate-ci": evalgate_ci, "evalsig": evalsig, "driftcut": driftcut
}  # fmt: skip


if __name__ == "__main__":
    json.dump([GATES[sys.argv[1]](run) for run in json.load(sys.stdin)], sys.stdout)
