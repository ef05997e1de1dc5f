"""Run the Terraform command line that a shared library carries.

Called as ``embedded_terraform.py LIBRARY ARGUMENT…``; behaves as ``terraform ARGUMENT…``.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys


def run(library: str, arguments: list[str]) -> int:
    """Load the library and run one Terraform command; gives Terraform's exit status."""
    # Python's own handler would only run after Terraform has returned.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    call = ctypes.CDLL(library).RunCli
    call.argtypes = [
        ctypes.c_int64,
        ctypes.POINTER(ctypes.c_char_p),
        ctypes.c_int64,
        ctypes.c_int64,
    ]
    call.restype = ctypes.c_int
    words = [os.fsencode(argument) for argument in arguments]
    return int(call(len(words), (ctypes.c_char_p * len(words))(*words), 1, 2))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]))
