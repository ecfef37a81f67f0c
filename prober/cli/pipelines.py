"""Workflows that `prober init --ci` writes: a pull request that edits the probes must not make the answers worse."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Final

_GITHUB: Final = """\
# Written by `prober init --ci github`. A pull request that edits the probes is refused if its prompts are answered
# worse than those of the branch it goes to. The key is a secret of the repository.
name: prober
on:
  pull_request:
    paths: ["FOLDER/**"]
permissions:
  contents: read
jobs:
  gate:
    runs-on: ubuntu-latest
ENVIRONMENT    steps:
      - uses: actions/checkout@v4
        with: {fetch-depth: 0, persist-credentials: false}
      - uses: actions/setup-python@v5
        with: {python-version: "3.12"}
      # canary-prober is not on PyPI yet: write the address of your clone, git+https://…, in its place.
      - run: python -m pip install --quiet canary-prober
      - run: prober validate FOLDER
      - run: git worktree add --detach .before "origin/$GITHUB_BASE_REF"
      - run: >-
          if [ -d ./.before/FOLDER ]; then prober gate ./.before/FOLDER --reference NAME --candidate-probes FOLDER
          --budget 300 --junit gate.xml --markdown gate.md; fi
      - if: always()
        run: if [ -e gate.md ]; then cat gate.md >> "$GITHUB_STEP_SUMMARY"; fi
"""
_GITLAB: Final = """\
# Written by `prober init --ci gitlab`. A merge request that edits the probes is refused if its prompts are answered
# worse than those of the branch it goes to. The key is a masked variable of the project.
prober:
  image: python:3.12
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
      changes: ["FOLDER/**/*"]
  variables: {GIT_DEPTH: "0"}
  script:
    # canary-prober is not on PyPI yet: write the address of your clone, git+https://…, in its place.
    - python -m pip install --quiet canary-prober
    - prober validate FOLDER
    - git worktree add --detach .before "$CI_MERGE_REQUEST_DIFF_BASE_SHA"
    - >-
      if [ -d ./.before/FOLDER ]; then prober gate ./.before/FOLDER --reference NAME --candidate-probes FOLDER
      --budget 300 --junit gate.xml --markdown gate.md; fi
  artifacts:
    when: always
    reports: {junit: gate.xml}
    paths: [gate.md]
"""
PIPELINES: Final[Mapping[str, tuple[str, str]]] = {
    "github": (".github/workflows/prober.yml", _GITHUB),
    "gitlab": (".gitlab-ci.yml", _GITLAB),
}
"""Name → (path from the top of the repository, text)."""


def pipeline(name: str, folder: str, endpoint: str, key: str) -> tuple[str, bytes]:
    """(path, content) of a workflow; `key` is the variable that holds the endpoint's key, empty where it has none."""
    path, text = PIPELINES[name]
    environment = f"    env:\n      {key}: ${{{{ secrets.{key} }}}}\n" if key else ""
    text = text.replace("ENVIRONMENT", environment).replace("FOLDER", folder).replace("NAME", shlex.quote(endpoint))
    return path, text.encode()
