"""Why a configuration that is right in itself cannot take effect here."""

from collections.abc import Iterable


class SiteError(Exception):
    """Ports, files or descriptors that are not to be had; one sentence each."""

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__(self.sentences)

    def __str__(self) -> str:
        return "\n".join(self.sentences)
