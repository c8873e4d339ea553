"""The compiled inner loops of the TV-L1 method; importing them loads numba.

In: float32 arrays. Out: the same arrays, advanced.
"""

import os

# where colorama can be imported, numba's errors (which it makes and drops as it compiles) swap
# sys.stdout and sys.stderr of the whole process, here from a thread, and may put back old ones
os.environ.setdefault("NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING", "1")
