"""How an endpoint is reached, and what it accepts. A value may name environment variables, as in `${TEAM}`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from pydantic import Field

from prober.model.shape import Duration, Shape

Auth: TypeAlias = Literal["bearer", "api-key", "x-api-key", "x-goog-api-key", "google", "aws", "none"]
"""How a key is sent: as `Authorization: Bearer`, in a header of this name, or not at all.

`google` and `aws` take no key: Google's and AWS's own libraries sign in.
"""

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Timeouts(Shape):
    """How long an ask may take, in seconds."""

    connect_s: float = Field(5.0, gt=0, le=600)
    """To connect."""
    read_s: float = Field(60.0, gt=0, le=3600)
    """The longest silence between two parts of the answer."""
    total_s: float = Field(120.0, gt=0, le=3600)
    """The whole ask."""


class Connection(Shape):
    """Fields of an endpoint that say how it is reached, not what model answers."""

    auth: Auth | None = None
    """How the key is sent: as `Authorization: Bearer`, in the header that is named, or by the cloud's own library;
    by default as the provider expects it."""
    api_key_env: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Name of the environment variable that holds the key; never the key."""
    api_key_file: str | None = Field(None, min_length=1)
    """Instead, a file that holds the key; it is read for each ask, so that a new key counts at once."""
    api_key_command: tuple[str, ...] = ()
    """Instead, a program with its arguments that prints the key; it is run without a shell."""
    api_key_lasts: Duration | None = None
    """How long a printed key is used; without it, until the key says that it expires, or ten minutes."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Further request headers; `${NAME}` stands for the environment variable NAME."""
    query: dict[str, str] = Field(default_factory=dict)
    """Further query parameters of the address; `${NAME}` as in headers."""
    user_agent: str | None = Field(None, pattern=r"^[!-~]([ -~]{0,198}[!-~])?$")
    """Sent instead of `canary-prober`, by which a provider could recognise probes."""
    ca_file: str | None = Field(None, min_length=1)
    """Certificates (PEM) that are trusted for this endpoint, instead of the system's."""
    client_cert: str | None = Field(None, min_length=1)
    """Certificate (PEM) by which the prober identifies itself."""
    client_key: str | None = Field(None, min_length=1)
    """Its private key (PEM), where that is not in the same file."""

    @property
    def has_key(self) -> bool:
        """Whether it is declared where the key comes from."""
        return self.api_key_env is not None or self.api_key_file is not None or bool(self.api_key_command)

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the environment variables that headers and query need, each once."""
        values = (*self.headers.values(), *self.query.values())
        return tuple(dict.fromkeys(name for value in values for name in _VARIABLE.findall(value)))

    @property
    def constants(self) -> dict[str, dict[str, str]]:
        """What headers and query say whatever the environment holds: names, and values without the variables."""
        named = {
            "headers": {name.lower(): filled(value, lambda _: "${}") for name, value in self.headers.items()},
            "query": {name: filled(value, lambda _: "${}") for name, value in self.query.items()},
        }
        return {kind: values for kind, values in named.items() if values}


def filled(text: str, value_of: Callable[[str], str]) -> str:
    """The text with the value of each variable that it names."""
    return _VARIABLE.sub(lambda found: value_of(found[1]), text)


class Capabilities(Shape):
    """What the model accepts. Declared here, it overrides the built-in table of known models."""

    temperature: bool | None = None
    """Accepts a temperature."""
    top_p: bool | None = None
    """Accepts nucleus sampling."""
    logprobs: bool | None = None
    """Returns token probabilities."""
    seed: bool | None = None
    """Accepts a seed."""
    tools: bool | None = None
    """Can call tools."""
    system: bool | None = None
    """Accepts a system prompt."""
