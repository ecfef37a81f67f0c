"""Signing in by the clouds' own libraries: Google's default credentials, and AWS's signatures. Both are extras.

The libraries find the credentials as their own tools do (environment, files, profiles, the machine's role) and renew
them before they expire. All of it is bounded: what takes longer than WITHIN_S is given up.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias, TypeVar

from prober.asking.transport import Lost, Transport
from prober.model.connection import Timeouts
from prober.model.providers import CLOUDS
from prober.model.reply import Failure

T = TypeVar("T")

WITHIN_S: Final = 30.0
MOST_BYTES: Final = 64_000
SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"

_REGION: Final = re.compile(r"//bedrock[a-z-]*\.([a-z0-9-]+)\.amazonaws\.com")
Signed: TypeAlias = tuple[Mapping[str, str], tuple[str, ...]]
"""Request headers with lower-case names, and the secrets in them."""


class NoCredentials(Exception):
    """The text says what is missing and what to do. Never leaves this package."""

    failure: Failure = "missing_key"


class NoLibrary(NoCredentials):
    """The cloud's own library is not installed."""

    failure = "missing_library"

    def __init__(self, auth: str) -> None:
        extra = CLOUDS[auth].extra
        super().__init__(f"auth: {auth} needs the cloud's own library; run pip install 'canary-prober[{extra}]'")


class Google:
    """A token of Google's default credentials, kept by the library until shortly before it expires."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._credentials: Any = None
        self._transport: Transport | None = None

    def token(self) -> str:
        """Raises NoCredentials."""
        with self._lock:
            if self._credentials is None or not self._credentials.valid:
                within("Google's credentials", self._renew)
            return str(self._credentials.token)

    def _renew(self) -> None:
        try:
            from google.auth import default, exceptions
        except ImportError:
            raise NoLibrary("google") from None
        try:
            if self._credentials is None:
                self._credentials = default(scopes=[SCOPE])[0]
            self._credentials.refresh(self._send)
        except exceptions.DefaultCredentialsError:
            fix = "run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS"
            raise NoCredentials(f"Google's default credentials were not found or cannot be read; {fix}") from None
        except exceptions.GoogleAuthError as error:  # its words may hold what the server said of a secret
            fix = "sign in again, or check the service account"
            raise NoCredentials(f"Google gave no token ({type(error).__name__}); {fix}") from None

    def _send(self, url: str, method: str = "GET", body: object = None, headers: Any = None, **_: object) -> Any:
        """How the library asks for a token: over our one door, with its total deadline and proxies."""
        from google.auth import exceptions

        self._transport = self._transport or Transport()
        content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""
        way: Literal["GET", "POST"] = "GET" if method == "GET" else "POST"
        sent = {str(name).lower(): str(value) for name, value in (headers or {}).items()}
        outcome = self._transport.post(url, sent, content, Timeouts(total_s=WITHIN_S), MOST_BYTES, method=way)
        if isinstance(outcome, Lost):
            raise exceptions.TransportError(outcome.failure)  # type: ignore[no-untyped-call]
        return _Response(outcome.status, outcome.headers, outcome.body)


class _Response:
    """What the library expects back."""

    def __init__(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self.status, self.headers, self.data = status, headers, data


class Aws:
    """Signatures (SigV4) of single requests, with the credentials that AWS's tools would use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._credentials: Any = None

    def sign(self, url: str, body: bytes, headers: Mapping[str, str]) -> Signed:
        """Raises NoCredentials."""
        with self._lock:
            frozen, usual = within("AWS's credentials", self._found)
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        named = _REGION.search(url)
        region = named[1] if named else usual
        if not region:
            raise NoCredentials("the AWS region is not known; set AWS_DEFAULT_REGION to it")
        request = AWSRequest(method="POST", url=url, data=body, headers=dict(headers))
        SigV4Auth(frozen, "bedrock", region).add_auth(request)
        sent = {name.lower(): value for name, value in request.headers.items()}
        return sent, tuple(filter(None, (frozen.access_key, frozen.secret_key, frozen.token)))

    def _found(self) -> tuple[Any, str | None]:
        """The credentials of this moment, and the usual region."""
        try:
            from botocore.exceptions import BotoCoreError
            from botocore.session import get_session
        except ImportError:
            raise NoLibrary("aws") from None
        try:
            session = get_session()
            if self._credentials is None:
                self._credentials = session.get_credentials()
            if self._credentials is not None:
                return self._credentials.get_frozen_credentials(), session.get_config_variable("region")
        except BotoCoreError as error:
            fix = "sign in again (aws sso login), or check the profile"
            raise NoCredentials(f"AWS's credentials cannot be used ({type(error).__name__}); {fix}") from None
        fix = "run aws configure, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        raise NoCredentials(f"AWS's credentials were not found; {fix}")


GOOGLE: Final = Google()
AWS: Final = Aws()
"""Of this process, as tokens outlive the round they were fetched for."""


def within(what: str, work: Callable[[], T]) -> T:
    """What `work` returns or raises, unless it takes longer than WITHIN_S. Raises NoCredentials."""
    done: list[T] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            done.append(work())
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(WITHIN_S)
    if done:
        return done[0]
    if failed and isinstance(failed[0], NoCredentials):
        raise failed[0]
    why = f"failed ({type(failed[0]).__name__})" if failed else f"were not there within {WITHIN_S:g} s"
    raise NoCredentials(f"{what} {why}; try the cloud's own tool by hand to see why")
