"""Files that only those may read who may do everything."""

import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import pywintypes
    import win32con
    import win32file
    import win32security

    RIGHTS = "D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;OW)"
    """In SDDL: nothing is inherited from the folder; the system, administrators and the owner, which is the service's account."""

    def write_private(path: Path, text: str) -> None:
        """A new file in the place of one that is there, with its rights from the first moment.

        :raises OSError: it cannot be written.
        """
        path.unlink(missing_ok=True)
        attributes = pywintypes.SECURITY_ATTRIBUTES()
        attributes.SECURITY_DESCRIPTOR = win32security.ConvertStringSecurityDescriptorToSecurityDescriptor(RIGHTS, 1)
        try:
            file = win32file.CreateFile(str(path), win32con.GENERIC_WRITE, 0, attributes, win32con.CREATE_NEW, 0, None)
            try:
                win32file.WriteFile(file, text.encode())
            finally:
                file.close()
        except pywintypes.error as error:
            raise OSError(0, error.strerror, str(path), error.winerror) from error

else:

    def write_private(path: Path, text: str) -> None:
        """A new file in the place of one that is there, with its rights from the first moment: its owner's.

        :raises OSError: it cannot be written.
        """
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(text)
