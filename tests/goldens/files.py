"""Expected files: written, read, and held against what came of a case."""

from __future__ import annotations

import difflib
import gzip
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.goldens.cases import Files, played

EXPECTED = Path(__file__).parent / "expected"


def write(name: str) -> Files:
    """Play a case and keep what comes of it."""
    with tempfile.TemporaryDirectory(prefix="goldens-") as home:
        files = played(name, Path(home))
    folder = EXPECTED / name
    folder.mkdir(parents=True, exist_ok=True)
    for stale in {path.name for path in folder.iterdir()} - set(files):
        (folder / stale).unlink()
    for file, text in files.items():
        content = text.encode("utf-8", "surrogatepass")
        if expected(name).get(file) != text:  # packed anew, the same text may be other bytes
            (folder / file).write_bytes(gzip.compress(content, 9, mtime=0) if file.endswith(".gz") else content)
    return files


def expected(name: str) -> Files:
    """What was kept of a case."""
    folder = EXPECTED / name
    return {path.name: _read(path) for path in sorted(folder.iterdir())} if folder.is_dir() else {}


def differences(name: str, files: Files) -> Iterator[str]:
    """Unified differences between what was kept and what came, file by file."""
    kept = expected(name)
    for file in sorted({*kept, *files}):
        if (file in kept) == (file in files) and _rounded(kept[file]) == _rounded(files[file]):
            continue
        before, after = (_rounded(side.get(file, "")).splitlines() for side in (kept, files))
        label = f"{name}/{file}"
        lines = list(difflib.unified_diff(before, after, f"expected/{label}", f"now/{label}", lineterm=""))
        yield "\n".join([*lines[:200], f"… {len(lines) - 200} more lines"] if len(lines) > 200 else lines) or (
            f"{label}: differs in the ends of lines, or is {'not expected' if file not in kept else 'missing'}"
        )


def _rounded(text: str) -> str:
    """Without the last digits of numbers, and without what holds them packed: processors round them differently."""
    text = re.sub(r'"bytes": "[^"]*"|sha256 of the memory: \w+', "packed numbers", text)
    return re.sub(r"-?\d+\.\d{6,}(?:e[-+]?\d+)?", lambda number: f"{float(number[0]):.8g}", text)


def _read(path: Path) -> str:
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8", "surrogatepass")
