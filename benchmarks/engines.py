"""Real engines on the loopback: Apache Flink from Maven, Prism built by Go, worker pools from our own Python.

    make ready     Engines.prepared(folder): the class path and the binary, once a machine
    bring up       flink_cluster, portable_service, worker_pool, object_store: each as a context, ended with it

Flink's own start scripts are in no package registry, so its main classes are started as they are.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.measuring import REPOSITORY, process_tree

FLINK = REPOSITORY / "benchmarks" / "flink"
_PRISM = "github.com/apache/beam/sdks/v2/go/cmd/prism"
_DRIVER = "org.apache.beam.runners.flink.FlinkJobServerDriver"
_MANAGER = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
_TASKS = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
_OPENED = ("lang", "lang.reflect", "util", "util.concurrent", "net", "io", "nio", "time", "text")
_OPENS = [f"--add-opens=java.base/java.{package}=ALL-UNNAMED" for package in _OPENED]
_PATIENCE_S = 180.0
_BUILD_S = 1500.0


@dataclass(frozen=True, slots=True)
class Engines:
    """What is on this machine to run.

    Attributes:
        flink: the folder of Flink's jars and `job-server.jar` over them; None without Java or Maven.
        prism: the binary; None without Go.
        missing: why something is not there.
    """

    flink: Path | None
    prism: Path | None
    missing: tuple[str, ...]

    @staticmethod
    def prepared(folder: Path) -> "Engines":
        """Fetches and builds what is not there yet."""
        folder.mkdir(parents=True, exist_ok=True)
        flink, missing = None, []
        if lacking := [name for name in ("java", "mvn") if shutil.which(name) is None]:
            missing.append(f"Flink: no {' and no '.join(lacking)} on the PATH")
        else:
            flink = _flink(folder / "flink-1.19-beam-2.62.0")
        prism = folder / f"prism-{version('apache-beam')}" / "prism"
        if not prism.is_file():
            if shutil.which("go") is None:
                return Engines(flink, None, (*missing, "Prism: no go on the PATH"))
            module = f"{_PRISM}@v{version('apache-beam')}"
            _build(["go", "install", module], {"GOBIN": str(prism.parent), "GOFLAGS": "-p=1"})
        return Engines(flink, prism, tuple(missing))


def _flink(folder: Path) -> Path:
    server = folder / "job-server.jar"
    if not server.is_file():
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={folder / 'lib'}", "-DincludeScope=runtime"]
        _build(["mvn", "-q", "-B", "-f", str(FLINK / "pom.xml"), *copy], {})
        write_jar(server, sorted(path.name for path in (folder / "lib").glob("*.jar")))
    return folder


def write_jar(server: Path, libraries: Sequence[str]) -> None:
    """Writes a jar without classes that names others beside it: what Beam's `--flink_job_server_jar` starts."""
    line = f"Class-Path: {' '.join(f'lib/{name}' for name in libraries)}"
    folded = "\n ".join(line[start : start + 70] for start in range(0, len(line), 70))  # a line has 72 bytes at most
    with zipfile.ZipFile(server, "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", f"Manifest-Version: 1.0\nMain-Class: {_DRIVER}\n{folded}\n")


def _build(command: Sequence[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=_BUILD_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:3])}: {(done.stdout + done.stderr)[-1500:]}")


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(
    name: str, command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a server with its log in a folder, and ends it with all that it started."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.log").open("ab") as log:
        server = subprocess.Popen(
            list(map(str, command)), cwd=folder, env=os.environ | dict(environment or {}), stdout=log, stderr=log
        )
    try:
        yield server
    finally:
        started = list(process_tree(server.pid))
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(10)
        for pid in started:
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        server.wait()


def wait_for_port(port: int) -> None:
    """Waits until somebody listens on the loopback.

    Raises:
        TimeoutError: nobody does.
    """
    given_up = time.monotonic() + _PATIENCE_S
    while time.monotonic() < given_up:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.3)
    raise TimeoutError(f"nobody listens on port {port}")


@contextmanager
def worker_pool(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A pool of Beam workers of our Python, in a folder of its own: its address, and its process."""
    port = free_port()
    command = [sys.executable, "-m", "apache_beam.runners.worker.worker_pool_main", f"--service_port={port}"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # it starts `python`
    with serving(f"pool-{port}", command, folder, {"PATH": path, "PYTHONPATH": str(REPOSITORY)}) as pool:
        wait_for_port(port)
        yield f"127.0.0.1:{port}", pool


@contextmanager
def portable_service(folder: Path) -> Iterator[str]:
    """Beam's own portable job service, in Python: its address."""
    port = free_port()
    command = [sys.executable, "-m", "apache_beam.runners.portability.local_job_service_main", f"--job_port={port}"]
    with serving("portable", command, folder, {"PYTHONPATH": str(REPOSITORY)}):
        wait_for_port(port)
        yield f"127.0.0.1:{port}"


@contextmanager
def object_store(folder: Path) -> Iterator[str]:
    """An S3 store in memory (moto's server): its address."""
    port = free_port()
    with serving("store", [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], folder):
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A standalone Flink and Beam's job service before it.

    Attributes:
        endpoint: HOST:PORT of the job service.
        logs: the folder of all logs.
    """

    endpoint: str
    logs: Path

    def restarts(self) -> int:
        """How often the job manager began a job again."""
        return (self.logs / "job-manager.log").read_text(errors="replace").count("to RESTARTING")


@contextmanager
def flink_cluster(flink: Path, folder: Path) -> Iterator[Cluster]:
    """One job manager, two task managers and a job service, each a process."""
    rest, rpc, blob, job = (free_port() for _ in range(4))
    conf = folder / "conf"
    conf.mkdir(parents=True, exist_ok=True)
    ports = f"rest.port: {rest}\njobmanager.rpc.port: {rpc}\nblob.server.port: {blob}\n"
    (conf / "config.yaml").write_text((FLINK / "config.yaml").read_text() + ports)
    with ExitStack() as stack:

        def start(name: str, main: str, *options: str) -> None:
            where = folder / name
            temporary = [f"-Dio.tmp.dirs={where}"] if main != _DRIVER else []
            command = ["java", "-Xmx512m", "-XX:MaxDirectMemorySize=400m", *_OPENS, "-cp", f"{flink}/lib/*", main]
            where.mkdir(exist_ok=True)
            stack.enter_context(serving(name, [*command, *options, *temporary], folder))

        start("job-manager", _MANAGER, "--configDir", str(conf))
        for number in (1, 2):
            start(f"task-manager-{number}", _TASKS, "--configDir", str(conf))
        _wait_for_slots(f"http://127.0.0.1:{rest}/overview")
        service = ["--job-host=127.0.0.1", f"--job-port={job}", "--artifact-port=0", "--expansion-port=0"]
        start("job-service", _DRIVER, *service, f"--flink-master=127.0.0.1:{rest}", f"--artifacts-dir={folder / 'a'}")
        wait_for_port(job)
        yield Cluster(f"127.0.0.1:{job}", folder)


def _wait_for_slots(overview: str) -> None:
    given_up = time.monotonic() + _PATIENCE_S
    while time.monotonic() < given_up:
        with suppress(URLError, OSError), urlopen(overview, timeout=2) as answer:
            if b'"slots-total":2' in answer.read():
                return
        time.sleep(0.5)
    raise TimeoutError(f"two task managers did not come: {overview}")
