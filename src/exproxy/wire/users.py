"""How users are called."""


def canonical(name: bytes) -> str:
    r"""All spellings of a name made one: ``CONTOSO\Anna``, ``anna@contoso.com`` and ``ANNA`` are ``anna``.

    Namesakes in two domains are one here too: they share a server, which does no harm, and a limit of guesses.
    """
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        text = name.decode("latin-1")
    return text.rpartition("\\")[2].partition("@")[0].strip().casefold()
