"""What the system calls an error."""

import os
import sys

if sys.platform == "win32":
    import ctypes

    def system_words(code: int) -> str:
        """Windows has words of its own for its sockets' errors, which ``strerror`` of its C library does not know."""
        return ctypes.FormatError(code).strip().rstrip(".") or os.strerror(code)

else:

    def system_words(code: int) -> str:
        """Of an ``errno``."""
        return os.strerror(code)
