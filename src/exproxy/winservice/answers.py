"""What Windows' service manager refuses, for people."""

from exproxy.winservice.order import NAME

INSTALL = "exproxy service install -c FILE"
WORDS = {
    5: 'only an administrator may do that: open the console with "Run as administrator"',
    1053: f"{NAME} did not answer in time: the event log may say why, and so may python -m exproxy.winservice by hand",
    1056: f"{NAME} runs already",
    1057: "there is no such account, or that is not its password",
    1058: f"{NAME} is disabled: exproxy service remove, and install it again with another --start",
    1060: f"there is no service {NAME}: {INSTALL}",
    1061: f"{NAME} cannot be told that now: it is starting or stopping",
    1062: f"{NAME} does not run",
    1069: 'Windows refuses the account: its password, or it may not "log on as a service" (secpol.msc)',
    1072: f"{NAME} is being removed: close services.msc and the like, which hold it",
    1073: f"there is a service {NAME} already: exproxy service remove",
}
"""By Windows' error codes (winerror.h)."""
NOT_ACTIVE = 1062


class ManagerError(Exception):
    """The manager refuses.

    :param code: Windows'.
    :param text: what it says itself.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(WORDS.get(code) or f"Windows says: {text.strip().rstrip('.')} (error {code})")
        self.code = code
