"""A line of HAProxy's runtime socket: commands between semicolons, each of words between blanks.

A backslash takes away the meaning of what follows (``management.txt``, 9.3).
"""


def commands(line: str) -> list[str]:
    """The commands of a line, as they were written; at least one, which may be empty.  One at the end that is empty is none."""
    found = [""]
    escaped = False
    for character in line:
        if character == ";" and not escaped:
            found.append("")
            continue
        found[-1] += character
        escaped = character == "\\" and not escaped
    return found[:-1] if len(found) > 1 and not found[-1].strip() else found


def words(command: str) -> list[str]:
    """The words of a command, without the backslashes that were not meant."""
    found: list[str] = []
    word: str | None = None
    escaped = False
    for character in command:
        if character.isspace() and not escaped:
            if word is not None:
                found.append(word)
            word = None
            continue
        escaped = character == "\\" and not escaped
        word = (word or "") + ("" if escaped else character)
    return found if word is None else [*found, word]
