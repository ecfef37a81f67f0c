"""Which requests reach the dashboard, and as whom."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
import uvicorn

from dashboard.door import Door, main


def knock(
    kind: str = "http",
    client: str = "10.0.0.9",
    path: str = "/",
    location: str | None = None,
    query: bytes = b"",
    more: tuple[tuple[bytes, bytes], ...] = (),
    url: str = "https://canary.example.com",
    **headers: str,
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """What is sent back, and the headers that the pages see."""
    seen: dict[str, str] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update({name.decode(): value.decode() for name, value in scope["headers"]})
        to = [] if location is None else [(b"location", location.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": to})

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    door = Door(app, url, "x-forwarded-email", "127.0.0.1, 10.1.0.0/16")
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()] + [*more]
    asyncio.run(
        door({"type": kind, "path": path, "query_string": query, "headers": raw, "client": (client, 1)}, None, send)
    )  # type: ignore[arg-type]
    return sent, seen


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8501", "localhost:8501", "[::1]:8501", "canary.example.com", "10.2.3.4", "LOCALHOST:8501",
        "Canary.Example.COM:443", "[::ffff:127.0.0.1]:8501", "localhost", "canary.example.com:8501",
    ],
)  # fmt: skip
def test_the_names_of_the_dashboard_are_let_in_and_may_not_be_framed(host: str) -> None:
    sent, _ = knock(host=host)
    assert sent[0]["status"] == 200
    assert (b"x-frame-options", b"DENY") in sent[0]["headers"]
    assert (b"content-security-policy", b"frame-ancestors 'none'") in sent[0]["headers"]


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8501", "", "[", "canary.example.com.evil.example", "evil.example@localhost"),
        *(
            "evil.example.",
            "localhost.evil.example",
            "[::ffff:127.0.0.1",
            "127.0.0.1:99999999",
            "localhost\t",
            "lоcalhost",
        ),
        *("localhost:8501, evil.example", "127.0.0.1.evil.example", "2130706433", "localhost:8501/x"),
    ],
)
def test_any_other_name_is_refused(host: str) -> None:
    assert knock(host=host)[0][0]["status"] == 421
    assert knock("websocket", host=host)[0] == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize(
    ("path", "query", "leads"),
    [
        ("/", b"incident=3", b"incident?incident=3"),
        ("/base/", b"incident=3", b"incident?incident=3"),
        ("/", b"endpoint=incident=3", None),
        ("/incident", b"incident=3", None),
    ],
)
def test_the_link_of_a_message_leads_to_its_incident_without_a_step_in_the_history(path, query, leads) -> None:
    headers = dict(knock(host="localhost", path=path, query=query)[0][0]["headers"])
    assert headers.get(b"location") == leads


@pytest.mark.parametrize(
    ("origin", "enters"),
    [
        ("http://localhost:8501", True), ("https://canary.example.com", True), ("http://evil.example", False),
        ("http://localhost:3000", False), ("null", False), ("http://[", False), ("//localhost:8501", False),
        ("http://localhost:8501@evil.example", False), ("http://evil.example#localhost:8501", False),
    ],
)  # fmt: skip
def test_only_its_own_pages_open_its_socket(origin: str, enters: bool) -> None:
    sent, _ = knock("websocket", host="localhost:8501", origin=origin)
    assert (sent[0]["type"] != "websocket.close") == enters


@pytest.mark.parametrize(
    ("url", "origin", "enters"),
    [
        ("https://Canary.Example.com", "https://canary.example.com", True),
        ("https://canary.example.com:443/", "https://canary.example.com", True),
        ("http://canary.example.com:80", "http://canary.example.com", True),
        ("https://canary.example.com:8443", "https://canary.example.com:8443", True),
        ("https://canary.example.com:8443", "https://canary.example.com", False),
        ("https://canary.example.com", "https://canary.example.com:444", False),
        ("https://canary.example.com", "ftp://canary.example.com", False),
        ("https://canary.example.com:99999", "https://canary.example.com", False),
    ],
)
def test_the_declared_address_is_compared_as_browsers_write_it(url: str, origin: str, enters: bool) -> None:
    sent, _ = knock("websocket", url=url, host="localhost:8501", origin=origin)
    assert (sent[0]["type"] != "websocket.close") == enters
    sent, _ = knock(path="/auth/login", location="https://id.example/", url=url, host="localhost:8501",
                    referer=f"{origin}/incident?incident=7")  # fmt: skip
    [kept] = [value for name, value in sent[0]["headers"] if name == b"set-cookie"]
    assert (b"incident%3D7" in kept) == enters
    if enters:
        assert knock(url=url, host="CANARY.example.com", origin=origin)[0][0]["status"] == 200


@pytest.mark.parametrize(
    ("client", "believed"), [("127.0.0.1", True), ("10.1.2.3", True), ("10.2.0.1", False), ("unix", False)]
)
def test_who_is_signed_in_is_trusted_from_declared_proxies_only(client: str, believed: bool) -> None:
    _, seen = knock(client=client, host="localhost:8501", x_forwarded_email="alice@example.com")
    assert ("x-forwarded-email" in seen) == believed


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "twice",
    [
        (b"host", b"evil.example"), (b"Host", b"localhost:8501"), (b"HOST", b""), (b"origin", b"http://localhost:8501"),
        (b"Origin", b"http://evil.example"), (b"ORIGIN", b"null"),
    ],
)  # fmt: skip
def test_two_hosts_or_two_origins_are_refused(kind: str, twice: tuple[bytes, bytes]) -> None:
    sent, seen = knock(kind, host="localhost:8501", origin="http://localhost:8501", more=(twice,))
    assert seen == {}
    assert sent[0].get("status", sent[0].get("code")) in (421, 1008)


@pytest.mark.parametrize(
    ("more", "believed"),
    [
        ((), True),
        (((b"x-forwarded-email", b"admin@example.com"),), False),
        (((b"X-Forwarded-Email", b"admin@example.com"),), False),
        (((b"X-FORWARDED-EMAIL", b""),), False),
        (((b"x_forwarded_email", b"admin@example.com"),), True),  # another header, which nothing reads
        (((b"x-forwarded-for", b"10.1.2.3"), (b"x-real-ip", b"10.1.2.3"), (b"forwarded", b"for=10.1.2.3")), True),
    ],
)
def test_a_name_that_is_given_twice_is_nobodys(more: tuple[tuple[bytes, bytes], ...], believed: bool) -> None:
    for client, known in (("127.0.0.1", believed), ("::ffff:127.0.0.1", believed), ("10.2.0.1", False)):
        _, seen = knock(client=client, host="localhost:8501", x_forwarded_email="alice@example.com", more=more)
        assert (seen.get("x-forwarded-email") == "alice@example.com") is known
        assert "admin@example.com" not in [value for name, value in seen.items() if "-" in name]


HERE = {"host": "canary.example.com"}


def cookie_left_by(referer: str) -> str:
    """The cookie of one who signs in from a page, as the browser sends it back."""
    sent, _ = knock(path="/auth/login", location="https://id.example/", referer=referer, **HERE)
    [kept] = [value.decode() for name, value in sent[0]["headers"] if name == b"set-cookie"]
    assert "HttpOnly; SameSite=Lax" in kept
    return kept.partition(";")[0]


def led_to(cookie: str) -> str:
    sent, _ = knock(path="/oauth2callback", location="/", cookie=f"a=b; {cookie}", **HERE)
    [location] = [value.decode() for name, value in sent[0]["headers"] if name == b"location"]
    return location


def test_who_signs_in_from_an_incident_comes_back_to_it() -> None:
    cookie = cookie_left_by("https://canary.example.com/incident?incident=7&range=1+day")
    assert led_to(cookie) == "/incident?incident=7&range=1+day"


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example/x",
        "",
        "https://canary.example.com//evil.example",
        "https://canary.example.com/\\evil",
        "http://[",
        *(
            "https://canary.example.com/\t/evil.example",
            "https://canary.example.com/\n/evil.example",
            "//evil.example/x",
        ),
        *("https://canary.example.com@evil.example/", "https://evil.example\\@canary.example.com/", "/\\evil.example"),
        *(
            "https://canary.example.com.evil.example/",
            "javascript:alert(1)",
            "https:evil.example",
            "https:///evil.example",
        ),
        *(
            "https://canary.example.com/é",
            "https://canary.example.com/\x00",
            "https://canary.example.com/" + "a" * 3000,
        ),
    ],
)
def test_nobody_is_led_to_another_place(page: str) -> None:
    assert led_to(cookie_left_by(page)) == "/"


@pytest.mark.parametrize(
    "query",
    [
        "incident=7",
        "incident=7&x=a%20b%22%3B",
        "incident=7&to=https://evil.example",
        "incident=7;a=b,c",
        "q=%2F%2Fevil",
    ],
)
def test_a_link_with_odd_characters_survives_the_sign_in(query: str) -> None:
    assert led_to(cookie_left_by(f"https://canary.example.com/incident?{query}")) == f"/incident?{query}"


@pytest.mark.parametrize(
    "forged",
    [
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%0d%0aa",
        "%2F%0d%0aa",
        "é",
        ";;=",
        "%252F%252Fevil.example",
        "%2F%09%2Fevil.example",
        "%2F%5Cevil.example",
        "%2F%00",
        "x" * 9000,
        "javascript%3Aalert(1)",
    ],
)
def test_a_forged_cookie_leads_nowhere(forged: str) -> None:
    assert led_to(f"canary_signs_in_from={forged}") == "/"


@pytest.mark.parametrize("leaves", [True, False])
def test_a_page_closed_while_it_is_drawn_is_no_error(leaves: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        with contextlib.suppress(OSError):
            await send({"type": "websocket.send", "bytes": b""})
        raise RuntimeError("WebSocket is not connected.")

    async def send(message: Any) -> None:
        if leaves:
            raise OSError

    door = Door(app, "http://localhost:8501", None, "")
    scope = {"type": "websocket", "path": "/", "query_string": b"", "headers": [(b"host", b"localhost")]}
    with contextlib.nullcontext() if leaves else pytest.raises(RuntimeError):
        asyncio.run(door(scope, None, send))  # type: ignore[arg-type]


@pytest.fixture
def streamlit_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `main` changes in Streamlit, and in the environment, is as it was after the test."""
    from streamlit import net_util
    from streamlit.web.server.starlette import starlette_server

    monkeypatch.setattr(net_util, "get_external_ip", net_util.get_external_ip)
    monkeypatch.setattr(starlette_server, "create_starlette_app", vars(starlette_server)["create_starlette_app"])
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")


@pytest.mark.slow
@pytest.mark.usefixtures("streamlit_put_back")
@pytest.mark.parametrize(
    ("client", "proxies", "believed"),
    [("127.0.0.1", "127.0.0.1", True), ("127.0.0.1", "10.1.0.5", False), ("10.9.9.9", "127.0.0.1,10.1.0.5", False)],
)
def test_who_knocks_is_not_who_a_header_says(
    client: str, proxies: str, believed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy names its own clients in X-Forwarded-For; anybody can, and uvicorn would believe those of this machine."""
    from streamlit.web import cli
    from streamlit.web.server.starlette import starlette_server

    seen: list[bytes] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(value for name, value in scope["headers"] if name == b"x-user")

    def serves() -> None:
        config = uvicorn.Config(starlette_server.create_starlette_app(None))  # type: ignore[arg-type]
        config.load()
        scope = {"type": "http", "path": "/a", "query_string": b"", "scheme": "http", "client": (client, 1), "headers": [
            (b"host", b"localhost:8501"), (b"x-user", b"ada"), (b"x-forwarded-for", b"10.1.0.5")]}  # fmt: skip
        asyncio.run(config.loaded_app(scope, None, None))  # type: ignore[arg-type]

    monkeypatch.setenv("PROBER_DASHBOARD_USER_HEADER", "X-User")
    monkeypatch.setenv("PROBER_DASHBOARD_PROXIES", proxies)
    monkeypatch.setattr(starlette_server, "create_starlette_app", lambda runtime: page)
    monkeypatch.setattr(cli, "main", serves)
    monkeypatch.setattr("sys.argv", ["door"])
    main()
    assert seen == ([b"ada"] if believed else [])


@pytest.mark.slow
@pytest.mark.usefixtures("streamlit_put_back")
def test_no_host_outside_is_asked_for_the_address_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As Streamlit does on every address, which is that of a container, when it prints where it listens."""
    from streamlit import config, net_util
    from streamlit.web import bootstrap, cli
    from streamlit.web.server import server_util

    asked: list[str] = []
    options = {"server.headless": True, "server.address": "0.0.0.0", "server.enableCORS": True}
    monkeypatch.setattr(config, "get_option", lambda name, plain=config.get_option: options.get(name, plain(name)))
    monkeypatch.setattr(net_util, "_make_blocking_http_get", lambda url, **_: asked.append(url))

    def start() -> None:
        bootstrap._print_url(False)
        assert not server_util.is_url_from_allowed_origins("http://elsewhere.example")

    start()
    assert asked, "Streamlit no longer asks, and main need not stop it"
    asked.clear()
    monkeypatch.setattr(cli, "main", start)
    monkeypatch.setattr("sys.argv", ["door"])
    main()
    assert asked == []
    assert "Network URL" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("client", "is_believed"),
    [
        ("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("::1", True), ("0:0:0:0:0:0:0:1", True), ("11.0.0.1", False),
        ("::ffff:11.0.0.1", False), ("10.1.2.3, 11.0.0.1", False), ("10.1.2.3:80", False), ("010.1.2.3", False),
        ("10.1", False), ("167838211", False), ("", False), ("unix:", False), ("localhost", False), ("::10.1.2.3", False),
    ],
)  # fmt: skip
def test_a_proxy_is_known_by_its_address_in_every_spelling(client: str, is_believed: bool) -> None:
    async def nobody(scope: object, receive: object, send: object) -> None: ...

    assert Door(nobody, "https://canary.example", "x-user", "10.0.0.0/8, ::1").is_proxy(client) is is_believed
