"""What a message says to write is right when it is written: the next load finds nothing more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from prober.loading.declarations import load
from prober.model.errors import ConfigurationError

FILES = {
    "set": "owner: us\nendpoints: [bot]\nschedule: {every: 6h}\nprobes: [{id: a, prompt: Pick.}]\n",
    "schedule": "owner: us\nendpoints: [bot]\nschedule: HERE\nprobes: [{id: a, prompt: Pick.}]\n",
    "objective": "owner: us\nendpoints: [bot]\nschedule: {every: 6h}\nobjectives: [{name: o, HERE}]\n"
    "probes: [{id: a, prompt: Pick., expect: [{type: equals, value: Red}]}]\n",
    "probe": "owner: us\nendpoints: [bot]\nschedule: {every: 6h}\nprobes: [{id: a, prompt: Pick., HERE}]\n",
    "endpoint": "endpoints:\n  bot: {provider: scripted, model: m, HERE}\n",
    "alerts": "routes: [{to: [log]}]\nHERE\n",
    "top": "owner: us\nendpoints: [bot]\nschedule: {every: 6h}\nprobes: [{id: a, prompt: Pick.}]\nHERE\n",
}
NAMES = {"endpoint": "endpoints.yaml", "alerts": "alerts.yaml"}


def said(folder: Path, place: str, text: str) -> str:
    """What is wrong with a text at a place, in files that are right; empty where nothing is."""
    (folder / "set.yaml").write_text(FILES["set"])
    (folder / "endpoints.yaml").write_text("endpoints:\n  bot: {provider: scripted, model: m}\n")
    (folder / NAMES.get(place, "set.yaml")).write_text(FILES[place].replace("HERE", text))
    try:
        load(folder)
    except ConfigurationError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("place", "wrong", "suggested", "followed"),
    [
        # Another form
        ("endpoint", "timeout: 30", "write timeouts: {total_s: 30}, in seconds", "timeouts: {total_s: 30}"),
        ("endpoint", "timeouts: 30", "write {total_s: 30}", "timeouts: {total_s: 30}"),
        ("endpoint", "timeouts: 2 min", "write {total_s: 120}", "timeouts: {total_s: 120}"),
        ("endpoint", "reference: 8", "write {rounds: 8}", "reference: {rounds: 8}"),
        ("endpoint", "reference: trail", "write trial", "reference: trial"),
        ("endpoint", "confirm: 3", "write {rounds: 3}", "confirm: {rounds: 3}"),
        ("endpoint", "confirm: false", "write {rounds: 0}", "confirm: {rounds: 0}"),
        ("endpoint", "severity: high", "write lines such as refusal: critical", "severity: {refusal: critical}"),
        ("schedule", "12h", 'write {every: "12h"}', '{every: "12h"}'),
        ("schedule", "'@daily'", 'write {every: "1d"}', '{every: "1d"}'),
        # Numbers with the unit that their field has, and with a currency
        ("endpoint", "timeouts: {total_s: 90s}", "write 90", "timeouts: {total_s: 90}"),
        ("endpoint", "timeouts: {total_s: 1m30s}", "write 90", "timeouts: {total_s: 90}"),
        ("endpoint", "reference: {rounds: 8, hours: 7d}", "write 168", "reference: {rounds: 8, hours: 168}"),
        ("endpoint", "budget: {dollars_per_day: $3}", "write 3", "budget: {dollars_per_day: 3}"),
        ("objective", "measure: faster_than, seconds: 2s, at_least: 95 %", "write 2",
         "measure: faster_than, seconds: 2, at_least: 95 %"),
        ("objective", "measure: passed, at_least: 99.5", 'write "99.5 %"', 'measure: passed, at_least: "99.5 %"'),
        ("objective", "measure: passed, at_least: 0.995", 'write "99.5 %"', 'measure: passed, at_least: "99.5 %"'),
        ("objective", "measure: passed, at_most: 1", 'write one such as "95 %"', 'measure: passed, at_most: "95 %"'),
        # Durations and days keep their number
        ("endpoint", "confirm: {pause: 45}", 'such as "45s" or "45m"', 'confirm: {pause: "45s"}'),
        ("schedule", "{every: 6}", 'such as "6s" or "6m"', '{every: "6m"}'),
        ("schedule", "{every: hourly}", "write 1h", "{every: 1h}"),
        ("schedule", "{every: Weekly}", "write 7d", "{every: 7d}"),
        ("top", "keep_replies: 30", 'such as "30d"', 'keep_replies: "30d"'),
        ("top", "keep_replies: 2 weeks", "write 14d", "keep_replies: 14d"),
        # Times of day
        ("alerts", "digest: {at: 9}", 'write "09:00"', 'digest: {at: "09:00"}'),
        ("alerts", "digest: {at: '9'}", 'write "09:00"', 'digest: {at: "09:00"}'),
        ("alerts", "digest: {at: 9:30}", 'write "09:30" in quotes', 'digest: {at: "09:30"}'),
        ("alerts", "digest: {at: 7 p.m.}", 'write "19:00"', 'digest: {at: "19:00"}'),
        ("alerts", "digest: {at: 12am}", 'write "00:00"', 'digest: {at: "00:00"}'),
        ("alerts", "digest: {at: 25}", 'put it in quotes: "25"', 'digest: {at: "09:00"}'),
        ("endpoint", "maintenance: [{begins: '2:00', lasts: 2h}]", 'write at: "02:00" for every day',
         'maintenance: [{at: "02:00", lasts: 2h}]'),
        ("schedule", "{cron: '0 9 * * *', timezone: Pacific}", 'did you mean "America/Los_Angeles"?', "{cron: '0 9 * * *', timezone: America/Los_Angeles}"),
        ("schedule", "{cron: '0 9 * * *', timezone: Eastern Time}", 'did you mean "America/New_York"?', "{cron: '0 9 * * *', timezone: America/New_York}"),
        ("schedule", "{cron: '0 9 * * *', timezone: PST}", 'did you mean "America/Los_Angeles"?', "{cron: '0 9 * * *', timezone: America/Los_Angeles}"),
        ("schedule", "{cron: '0 9 * * *', timezone: CEST}", 'did you mean "Europe/Berlin"?', "{cron: '0 9 * * *', timezone: Europe/Berlin}"),
        ("schedule", "{cron: '0 9 * * *', timezone: San Francisco}", 'did you mean "America/Los_Angeles"?', "{cron: '0 9 * * *', timezone: America/Los_Angeles}"),
        ("schedule", "{cron: '0 9 * * *', timezone: America/San_Francisco}", 'did you mean "America/Los_Angeles"?', "{cron: '0 9 * * *', timezone: America/Los_Angeles}"),
        ("schedule", "{cron: '0 9 * * *', timezone: Europe/Munich}", 'did you mean "Europe/Berlin"?', "{cron: '0 9 * * *', timezone: Europe/Berlin}"),
        ("schedule", "{cron: '0 9 * * *', timezone: Asia/Beijing}", 'did you mean "Asia/Shanghai"?', "{cron: '0 9 * * *', timezone: Asia/Shanghai}"),
        ("schedule", "{cron: '0 9 * * *', timezone: W. Europe Standard Time}", 'did you mean "Europe/Berlin"?', "{cron: '0 9 * * *', timezone: Europe/Berlin}"),
        ("schedule", "{cron: '0 9 * * *', timezone: India}", 'did you mean "Asia/Kolkata"?', "{cron: '0 9 * * *', timezone: Asia/Kolkata}"),
        ("schedule", "{cron: '0 9 * * *', timezone: America/New York}", 'did you mean "America/New_York"?', "{cron: '0 9 * * *', timezone: America/New_York}"),
        ("schedule", "{cron: '0 9 * * *', timezone: utc}", 'did you mean "UTC"?', "{cron: '0 9 * * *', timezone: UTC}"),
        # The sign of these zones is turned round: two hours ahead of UTC is Etc/GMT-2
        *(("schedule", f"{{cron: '0 9 * * *', timezone: '{wrong}'}}", 'write "Etc/GMT-2"', "{cron: '0 9 * * *', timezone: Etc/GMT-2}")
          for wrong in ("GMT+2", "UTC+2", "UTC+02:00", "+02:00")),
        ("schedule", "{every: 1 hour}", "write 1h", "{every: 1h}"),
        ("schedule", "{every: '1 Hour'}", "write 1h", "{every: 1h}"),
        ("schedule", "{every: an hour}", "write 1h", "{every: 1h}"),
        ("schedule", "{every: every six hours}", "write 6h", "{every: 6h}"),
        ("schedule", "{every: half a day}", "write 12h", "{every: 12h}"),
        ("schedule", "{every: twice a day}", "write 12h", "{every: 12h}"),
        ("schedule", "{every: 4x/day}", "write 6h", "{every: 6h}"),
        ("schedule", "{every: 21600000 ms}", "write 6h", "{every: 6h}"),
        ("schedule", "{every: fortnightly}", "write 14d", "{every: 14d}"),
        ("schedule", "{every: '6:00'}", "write 6h, or cron:", "{every: 6h}"),
        ("schedule", "{every: 6:00}", "write 6h, or cron:", "{every: 6h}"),
        ("schedule", "{every: {hours: 6}}", "write \"6h\"", "{every: \"6h\"}"),
        ("schedule", "every hour", 'write {every: "1h"}', '{every: "1h"}'),
        ("schedule", "{hours: 6}", 'write every: "6h"', '{every: "6h"}'),
        ("schedule", "{every: 6h, jitter: off}", "leave the field out to switch it off", "{every: 6h}"),
        ("top", "keep_replies: 3 months", "write 90d", "keep_replies: 90d"),
        ("top", "keep_replies: off", "leave the field out", ""),
        # What is no switch
        *(("endpoint", f"confirm: {word}", "write {rounds: 0}", "confirm: {rounds: 0}")
          for word in ("off", "no", "'off'", "none", "disabled", "0")),
        *(("endpoint", f"{field}: {word}", "leave the field out", "")
          for field, word in (("confirm", "on"), ("budget", "off"), ("maintenance", "no"), ("limits", "none"), ("reference", "yes"))),
        ("endpoint", "confirm: {enabled: false}", "write rounds: 0", "confirm: {rounds: 0}"),
        ("endpoint", "reference: off", "write fields such as {rounds: 12, hours: 168}", "reference: {rounds: 12, hours: 168}"),
        ("endpoint", "reference: {rounds: 12, asked_again: no}", "write 0", "reference: {rounds: 12, asked_again: 0}"),
        ("endpoint", "reference: {warm_up: 6}", "write {rounds: 6}", "reference: {warm_up: {rounds: 6}}"),
        ("alerts", "reminders: off", "write {critical: null, warning: null}", "reminders: {critical: null, warning: null}"),
        ("alerts", "digest: on", 'write {at: "09:00"}', 'digest: {at: "09:00"}'),
        ("alerts", "digest: 9am", 'write {at: "09:00"}', 'digest: {at: "09:00"}'),
        ("alerts", "quiet_hours: 10pm-7am", 'write {start: "22:00", end: "07:00"}', 'quiet_hours: {start: "22:00", end: "07:00"}'),
        # Another unit, and names of other tools
        *(("endpoint", f"reference: {wrong}", "write hours: 168", "reference: {hours: 168}")
          for wrong in ("{days: 7}", "{weeks: 1}", "{duration: 7d}")),
        *(("endpoint", f"reference: {wrong}", "write {hours: 168}", "reference: {hours: 168}") for wrong in ("7d", "1 week")),
        ("endpoint", "limits: {rpm: 60}", 'did you mean "asks_per_minute"?', "limits: {asks_per_minute: 60}"),
        ("endpoint", "timeouts: {total: 30}", 'did you mean "total_s"?', "timeouts: {total_s: 30}"),
        ("endpoint", "budget: {dollars: 5}", "write dollars_per_day", "budget: {dollars_per_day: 5}"),
        ("endpoint", "budget: 5", "a budget has fields such as {dollars_per_day: 5", "budget: {dollars_per_day: 5}"),
        # Cron of other programs
        ("schedule", "{cron: hourly}", 'write "0 * * * *"', '{cron: "0 * * * *"}'),
        ("schedule", "{cron: '0 30 9 * * *'}", 'write "30 9 * * *"', '{cron: "30 9 * * *"}'),
        ("schedule", "{cron: '0 0 9 * * ?'}", 'write "0 9 * * *"', '{cron: "0 9 * * *"}'),
        ("schedule", "{cron: '0 9 * * ? *'}", 'write "0 9 * * *"', '{cron: "0 9 * * *"}'),
        ("schedule", "{cron: '0 9 ? * MON-FRI *'}", 'write "0 9 * * MON-FRI"', '{cron: "0 9 * * MON-FRI"}'),
        ("schedule", "{cron: '30 0 9 * * *'}", 'write for instance "0 6 * * mon-fri"', '{cron: "0 6 * * mon-fri"}'),
        ("schedule", "{at: '09:00'}", 'write a schedule with cron, such as {cron: "0 9 * * *"}', '{cron: "0 9 * * *"}'),
        # Checks of several texts
        ("probe", "expect: [{type: contains-any, value: 'red, blue'}]", 'write value: ["red", "blue"]',
         'expect: [{type: contains-any, value: ["red", "blue"]}]'),
        ("probe", "expect: [{type: contains, value: [a, b]}]", "write a check contains for each text that must be there, "
         "or contains-any if one of them is enough", "expect: [{type: contains, value: a}, {type: contains, value: b}]"),
        ("probe", "expect: [{type: not-contains, value: [a, b]}]",
         "write a check not-contains for each text that must not be there",
         "expect: [{type: not-contains, value: a}, {type: not-contains, value: b}]"),
        ("probe", "expect: [{type: max-length, value: '10'}]", "write 10, without quotes",
         "expect: [{type: max-length, value: 10}]"),
        # Yes and no of YAML, where true or false is meant and where a text is
        ("probe", "template: no", 'write false, or "no" in quotes if it is a text', "template: false"),
        ("probe", "expect: [{type: equals, value: no}]", 'write false, or "no" in quotes if it is a text',
         'expect: [{type: equals, value: "no"}]'),
        # A name of another tool beside the field that means the same
        ("probe", "name: first", "id is there already; remove one of the two", "tags: []"),
        ("probe", "question: Pick?", "prompt is there already; remove one of the two", "tags: []"),
        ("endpoint", "engine: m2", "model is there already; remove one of the two", "stream: true"),
        ("endpoint", "modell: m2", "model is there already; remove one of the two", "stream: true"),
        ("objective", "measure: passed, threshold: 95 %", 'did you mean "at_least"?', "measure: passed, at_least: 95 %"),
        ("objective", "measure: passed, at_least: 95 %, over: 7d", 'did you mean "window"?',
         "measure: passed, at_least: 95 %, window: 7d"),
    ],
)  # fmt: skip
def test_what_is_suggested_is_right_when_written(
    tmp_path: Path, place: str, wrong: str, suggested: str, followed: str
) -> None:
    found = said(tmp_path, place, wrong)
    assert re.search(rf"; {re.escape(suggested)}|, {re.escape(suggested)}", found), found
    assert said(tmp_path, place, followed) == ""


@pytest.mark.parametrize("period", ["second", "minute", "week", "year"])
def test_a_budget_of_another_period_is_not_taken_for_one_of_ours(tmp_path: Path, period: str) -> None:
    found = said(tmp_path, "endpoint", f"budget: {{tokens_per_{period}: 3}}")
    assert "write one of: asks_per_hour, " in found and "did you mean" not in found
