"""A key that a provider echoes, in any spelling, stands in no text of the finished reply."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import json
import quopri
import re
import urllib.parse
from collections.abc import Callable

import pytest

from prober.asking.redaction import redacted, without_secrets
from prober.model.reply import Reply, ToolCall
from tests.asking.conftest import NOW, ask, endpoint_for
from tests.asking.wire_server import WireServer

SECRET = "sk-Ab3_x9+Zq/7LmN0pQ-rStUvWxYz12"

SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda key: key,
    "in a header's words": lambda key: f"Bearer {key}",
    "JSON": json.dumps,
    "JSON with slashes escaped": lambda key: key.replace("/", "\\/"),
    "JSON twice": lambda key: json.dumps(json.dumps({"key": key})),
    "JSON escapes": lambda key: "".join(f"\\u{ord(c):04x}" for c in key),
    "some JSON escapes": lambda key: "".join(f"\\u{ord(c):04X}" if n % 3 else c for n, c in enumerate(key)),
    "URL": lambda key: urllib.parse.quote(key, safe=""),
    "URL in lower case": lambda key: urllib.parse.quote(key, safe="").lower(),
    "URL, every character": lambda key: "".join(f"%{ord(c):02X}" for c in key),
    "URL twice": lambda key: urllib.parse.quote(urllib.parse.quote(key, safe=""), safe=""),
    "HTML": html.escape,
    "HTML numbers": lambda key: "".join(f"&#{ord(c)};" for c in key),
    "HTML hexadecimal numbers": lambda key: "".join(f"&#x{ord(c):X};" for c in key),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 behind one character": lambda key: base64.b64encode(f":{key}".encode()).decode(),
    "base64 behind a word": lambda key: base64.urlsafe_b64encode(f"Bearer {key}".encode()).decode(),
    "hexadecimal": lambda key: key.encode().hex(),
    "upper case": str.upper,
    "backwards": lambda key: key[::-1],
    "over two lines": lambda key: f"{key[:9]}\n{key[9:]}",
    "spaced": " ".join,
    "with empty characters": "\u200b".join,
    "masked with dots": lambda key: f"{key[:3]}...{key[-4:]}",
    "masked with stars": lambda key: f"{key[:2]}***{key[-2:]}",
    "masked with an ellipsis": lambda key: f"{key[:6]}…{key[-4:]}",
    "masked with bullets": lambda key: f"••••••{key[-6:]}",
    "cut at the end": lambda key: key[:-12],
    "cut at the start": lambda key: key[12:],
    "a list of characters": lambda key: json.dumps(list(key)),
    "put together": lambda key: f"'{key[:14]}' + '{key[14:]}'",
    "broken by a tag": lambda key: f"{key[:14]}<br>{key[14:]}",
    "broken by an entity": lambda key: f"{key[:14]}&shy;{key[14:]}",
    "with dots": ".".join,
    "octal": lambda key: "".join(f"\\{ord(c):03o}" for c in key),
    "wide": lambda key: "".join(chr(ord(c) + 0xFEE0) for c in key),
    "hexadecimal, spaced": lambda key: key.encode().hex(" "),
    "hexadecimal, listed": lambda key: ", ".join(f"0x{byte:02x}" for byte in key.encode()),
    "decimal": lambda key: json.dumps(list(key.encode())).strip("[]"),
    "base32": lambda key: base64.b32encode(key.encode()).decode().rstrip("="),
    "UTF-16 in base64": lambda key: base64.b64encode(key.encode("utf-16-le")).decode(),
    "UTF-16 in hex": lambda key: key.encode("utf-16-be").hex(),
    "base64 twice": lambda key: base64.b64encode(base64.b64encode(key.encode())).decode(),
    "rot13": lambda key: codecs.encode(key, "rot13"),
    "masked with dashes": lambda key: f"{key[:6]}-----{key[-4:]}",
    "masked with signs": lambda key: f"{key[:6]}####{key[-4:]}",
    "masked with lines": lambda key: f"{key[:6]}____{key[-4:]}",
    "masked with dots in brackets": lambda key: f"{key[:6]}[...]{key[-4:]}",
    "masked with a word": lambda key: f"{key[:6]}<hidden>{key[-4:]}",
    "masked with a word in parentheses": lambda key: f"{key[:4]} (truncated) {key[-4:]}".replace(" ", ""),
    "JSON three times": lambda key: json.dumps(json.dumps(json.dumps(key))),
    "JSON escapes, escaped twice": lambda key: "".join(f"\\\\u{ord(c):04x}" for c in key),
    "escapes with braces": lambda key: "".join(f"\\u{{{ord(c):x}}}" for c in key),
    "long escapes": lambda key: "".join(f"\\U{ord(c):08x}" for c in key),
    "URL three times": lambda key: urllib.parse.quote(urllib.parse.quote(urllib.parse.quote(key, safe=""))),
    "HTML numbers, escaped": lambda key: "".join(f"&amp;#{ord(c)};" for c in key),
    "HTML names": lambda key: key.replace("/", "&sol;").replace("+", "&plus;").replace("_", "&lowbar;"),
    "mail": lambda key: "".join(f"={ord(c):02X}" for c in key),
    "base64 over two lines": lambda key: "\n".join(re.findall(".{1,24}", base64.b64encode(key.encode()).decode())),
    "base64 in a URL": lambda key: urllib.parse.quote(base64.b64encode(key.encode()).decode(), safe=""),
    "base85": lambda key: base64.b85encode(key.encode()).decode(),
    "ascii85": lambda key: base64.a85encode(key.encode()).decode(),
    "binary digits": lambda key: " ".join(f"{byte:08b}" for byte in key.encode()),
    "hexadecimal, backwards": lambda key: key.encode()[::-1].hex(),
    "with zero bytes": "\0".join,
    "with slashes": "/".join,
    "spaced twice": "  ".join,
    "with wide spaces": "\u3000".join,
    "with separators of lines": "\u2028".join,
    "with marks of every kind": lambda key: "".join(f"{c}{'*|;+'[n % 4]}" for n, c in enumerate(key))[:-1],
    "with letters of other alphabets": lambda key: key.replace("k", "\u212a").replace("s", "\u017f"),
    "hexadecimal, some with a prefix": lambda key: " ".join(
        f"{('', 'x', '0x', '0X')[n % 4]}{byte:02x}" for n, byte in enumerate(key.encode())
    ),
    "with backslashes": "\\".join,
    "CSS": lambda key: "".join(f"\\{ord(c):x} " for c in key).rstrip(),
    "CSS with zeros": lambda key: "".join(f"\\{ord(c):06x}" for c in key),
    "some CSS": lambda key: "".join(c if c.isalnum() else f"\\{ord(c):x} " for c in key),
    "lines of a stream": lambda key: "\n\ndata: ".join((key[:7], key[7:20], key[20:])),
    "events of a stream": lambda key: "\r\n\r\nevent: delta\r\nid: 7\r\ndata: ".join((key[:7], key[7:20], key[20:])),
    "lines of a stream, escaped": lambda key: json.dumps("\n\ndata: ".join((key[:7], key[7:20], key[20:]))),
    "base64 of JSON": lambda key: base64.b64encode(json.dumps({"a": {"key": key}}).encode()).decode(),
    "base64 of JSON with slashes escaped": lambda key: base64.b64encode(
        json.dumps({"key": key}).replace("/", "\\/").encode()
    ).decode(),
    "base64 of JSON with escapes": lambda key: base64.b64encode(
        b'{"key":"%s"}' % "".join(f"\\u{ord(c):04x}" for c in key).encode()
    ).decode(),
    "base64 of a URL": lambda key: base64.b64encode(f"?k={urllib.parse.quote(key, safe='')}".encode()).decode(),
    "base64 twice, behind a word": lambda key: base64.b64encode(base64.b64encode(f"Bearer {key}".encode())).decode(),
    "base64 of words as UTF-16": lambda key: base64.b64encode(f"Bearer {key}".encode("utf-16-le")).decode(),
    "base64 of mail, broken": lambda key: (
        base64.encodebytes(f"Authorization: Bearer {key}, {key}".encode()).decode().strip()
    ),
    "base32 behind a word": lambda key: base64.b32encode(f"Bearer {key}".encode()).decode().rstrip("="),
    "base64, cut": lambda key: base64.b64encode(f"Bearer {key}".encode()).decode()[:-9],
    "tags between": lambda key: "</b><b>".join((key[:9], key[9:])),
    "mail with soft breaks": lambda key: key[:9] + "=\r\n" + key[9:].replace("/", "=2F"),
}


def remains(text: str) -> bool:
    """Whether five characters of the secret in a row are still there, in any of the simple spellings."""
    plain = urllib.parse.unquote(urllib.parse.unquote(html.unescape(text))).replace("\n", "")
    return any(SECRET[n : n + 5].lower() in plain.lower() for n in range(len(SECRET) - 4))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_is_found_in_any_spelling(spelling: str) -> None:
    text = f"The key {SPELLINGS[spelling](SECRET)} is wrong, they said."
    clean = redacted(text, SECRET)
    assert clean.startswith("The key ") and clean.endswith(" is wrong, they said.")
    assert "[redacted]" in clean and len(clean) < len("The key  is wrong, they said.") + 30
    assert not remains(clean)


@pytest.mark.parametrize(
    "spelled",
    [
        json.dumps,
        urllib.parse.quote,
        lambda key: urllib.parse.quote(urllib.parse.quote(key)),
        lambda key: quopri.encodestring(key.encode()).decode(),
        lambda key: "".join(f"\\{byte:03o}" if byte > 127 else chr(byte) for byte in key.encode()),
        html.escape,
        lambda key: "".join(f"&#{ord(character)};" for character in key),
    ],
)
def test_a_password_with_other_letters_is_found_escaped(spelled: Callable[[str], str]) -> None:
    password = "påsswörd-€-\U0001f600-9f8e7d6c"
    assert redacted(f"user {spelled(password)} end", password).replace('"', "") == "user [redacted] end"


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_text_of_a_reply_is_clean(spelling: str) -> None:
    said = f"x {SPELLINGS[spelling](SECRET)} y"
    reply = Reply(
        at=NOW, text=said, error_detail=said, model=said, reply_id=said, system_fingerprint=said, service_tier=said,
        finish_reason=said, refusal=said, tool_calls=(ToolCall(said, said),), headers={"body:provider": said},
        top_logprobs=((said, -1.0),), empty_because=said,
    )  # fmt: skip
    clean = without_secrets(reply, [None, "none", SECRET])
    assert repr(clean).count("[redacted]") == 13
    assert said not in repr(clean)


@pytest.mark.parametrize(
    "text",
    [
        "sk-learn is a library... and so on",
        "The task ... is done. xxxx",
        "sk-",
        "Wait... 12",
        "a/b/c = d_e_f ----- [hidden] <b> (see below) {x} #### ____",
        "x = 5; y =41 &amp;#97; &sol; C:\\\\Users\\\\sk 01100001 01100010",
        "",
        "a" * 1000,
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert redacted(text, SECRET) == text


@pytest.mark.slow
def test_a_token_of_thousands_of_characters_is_found() -> None:
    token = base64.urlsafe_b64encode(bytes(range(256)) * 8).decode()
    encoded = base64.b64encode(token.encode()).decode()
    for said in (token, json.dumps(token), encoded, token[:-100], f"{token[:9]}...{token[-9:]}"):
        clean = redacted(f"It is {said}.", token)
        assert "[redacted]" in clean and len(clean) < 30


def test_a_dummy_key_is_a_word() -> None:
    reply = Reply(at=NOW, text="none of it")
    assert without_secrets(reply, ["none", None]) == reply


@pytest.mark.parametrize("stream", [False, True])
def test_a_secret_split_over_the_pieces_of_a_stream_is_clean(
    server: WireServer, stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIRE_KEY", SECRET)
    call = {"index": 0, "function": {"name": "f", "arguments": json.dumps({"key": SECRET}).replace("/", "\\u002f")}}
    if stream:
        pieces = [{"content": SECRET[n : n + 5]} for n in range(0, len(SECRET), 5)] + [{"tool_calls": [call]}, {}]
        events = [{"choices": [{"delta": piece, "finish_reason": None if piece else "stop"}]} for piece in pieces]
        body = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        server.says(200, {"content-type": "text/event-stream", "x-ms-region": SECRET}, body.encode())
    else:
        message = {"content": SECRET, "tool_calls": [call]}
        body = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).replace("/", "\\/")
        server.says(200, {"content-type": "application/json", "x-ms-region": SECRET}, body.encode())
    reply = ask(endpoint_for("openai", server.url, stream=stream))
    assert reply.text == "[redacted]"
    assert json.loads(reply.tool_calls[0].arguments) == {"key": "[redacted]"}
    assert reply.headers["x-ms-region"] == "[redacted]"


@pytest.mark.parametrize("before", range(270, 300, 3))
def test_where_words_are_cut_no_piece_of_a_secret_stays(
    server: WireServer, before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIRE_KEY", SECRET)
    said = "w" * before + " " + "".join(f"\\u{ord(c):04x}" for c in SECRET) + " is wrong"
    server.says(401, {"content-type": "application/json"}, b'{"error": {"message": "%s"}}' % said.encode())
    assert not remains(ask(endpoint_for("openai", server.url)).error_detail)


FRAMES = {
    "OpenAI": lambda piece: "data: " + json.dumps({"id": "c", "choices": [{"index": 0, "delta": {"content": piece}}]}),
    "Anthropic": lambda piece: (
        "event: content_block_delta\ndata: "
        + json.dumps({"type": "content_block_delta", "delta": {"type": "text_delta", "text": piece}})
    ),
    "Gemini": lambda piece: "data: " + json.dumps({"candidates": [{"content": {"parts": [{"text": piece}]}}]}),
    "Ollama": lambda piece: json.dumps({"model": "m", "message": {"role": "assistant", "content": piece}}),
    "Replicate": lambda piece: f"event: output\nid: 1:0\ndata: {piece}",
    "logprobs": lambda piece: json.dumps({"logprobs": {"content": [{"token": piece, "logprob": -0.1}]}}),
}


@pytest.mark.parametrize("before", range(0, 50, 7))
def test_a_secret_in_uuencode_is_found(before: int) -> None:
    raw = f"{'w' * before} the key {SECRET} is wrong".encode()
    lines = [binascii.b2a_uu(raw[at : at + 45]).decode() for at in range(0, len(raw), 45)]
    clean = redacted(f"begin 644 x\n{''.join(lines)}`\nend\n", SECRET)
    assert "[redacted]" in clean and len(clean) < 45 * 1.4 * len(lines)


def test_a_secret_in_frames_of_which_each_is_base64_is_found() -> None:
    pieces = [SECRET[at : at + 3] for at in range(0, len(SECRET), 3)]
    each = [{"type": "content_block_delta", "delta": {"type": "text_delta", "text": piece}} for piece in pieces]
    said = "\x0b".join(json.dumps({"bytes": base64.b64encode(json.dumps(one).encode()).decode()}) for one in each)
    assert redacted(f"x {said} y", SECRET).count("bytes") <= 2


@pytest.mark.parametrize("escaped", [False, True])
@pytest.mark.parametrize("size", [1, 4, 13])
@pytest.mark.parametrize("frame", FRAMES)
def test_a_secret_in_the_pieces_of_a_stream_that_was_kept_is_found(frame: str, size: int, escaped: bool) -> None:
    said = f"The key {SECRET} is wrong."
    text = "\n\n".join(FRAMES[frame](said[at : at + size]) for at in range(0, len(said), size))
    clean = redacted(json.dumps({"error": text}) if escaped else text, SECRET)
    assert "[redacted]" in clean
    shown = [SECRET[at : at + 2] for at in range(0, len(SECRET) - 1) if f"{SECRET[at : at + 2]}" in clean]
    assert len(shown) <= 2, clean


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("my-api-key", "Set my API key, my_api key or my/api.key."),
        ("correct-horse", "A correct horse is incorrect: horse-correct."),
        ("local-dev-1", "local dev 1; localdev1"),
        ("--------", "a ------- b"),
        ("a-b-c-d-", "a b c d, A, B, C, D"),
    ],
)
def test_a_key_of_words_does_not_take_ordinary_words_away(secret: str, text: str) -> None:
    assert redacted(text, secret) == text
    assert redacted(f"{text} {secret}", secret) == f"{text} [redacted]"
