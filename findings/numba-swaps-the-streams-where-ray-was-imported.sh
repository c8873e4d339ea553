#!/usr/bin/env bash
# numba 0.68.1 beside ray 2.60.0: compiling in a thread swaps sys.stdout and sys.stderr of the whole process. Where colorama can
# be imported, each error that numba makes (and drops itself, while it tries overloads) calls colorama's init, which takes the
# streams that are there, and its deinit, which puts them back. `import ray` makes colorama importable where nobody installed
# it: ray puts its own thirdparty_files on sys.path. What redirects sys.stderr between the two (contextlib.redirect_stderr,
# the captures of click and pytest) loses its redirection.
# Seen: no assignment to sys.stderr by the thread without ray, 33 with it, none with NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING=1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q numba==0.68.1 ray==2.60.0
cd "$folder"
cat >try.py <<'PY'
import importlib.util
import sys
import threading
import types
from importlib.metadata import version

if "ray" in sys.argv:
    import ray

    assert version("ray") == ray.__version__ == "2.60.0"
import numba

assert version("numba") == "0.68.1"
assert (importlib.util.find_spec("colorama") is not None) == ("ray" in sys.argv)


class Watched(types.ModuleType):
    assigned = 0

    def __setattr__(self, name, value):
        if name == "stderr" and threading.current_thread() is not threading.main_thread():
            Watched.assigned += 1
        super().__setattr__(name, value)


def compile_one():
    numba.njit("float64(float64)")(lambda x: x + len([x, x]))


sys.__class__ = Watched
thread = threading.Thread(target=compile_one)
thread.start()
thread.join()
print(Watched.assigned)
PY
export NUMBA_CACHE_DIR="$folder/cache"
plain=$(venv/bin/python try.py)
beside=$(venv/bin/python try.py ray)
avoided=$(NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING=1 venv/bin/python try.py ray)
echo "assignments: without ray $plain, with ray $beside, with the variable $avoided"
test "$plain" = 0 -a "$beside" -gt 0 -a "$avoided" = 0
