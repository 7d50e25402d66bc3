"""Whether one glob takes all that another one takes: then a later route is never reached.

Pure. A glob has `*` (any text) and `?` (one character); all else means itself.
"""


def covers(wide: str, narrow: str) -> bool:
    """Say whether every text that `narrow` takes is taken by `wide`.

    The narrow glob is read as a text whose own stars and question marks only `wide`'s can take.
    That misses a few exotic pairs, and never claims one that is not so.
    """
    at = mark = begin = 0
    star: int | None = None
    while mark < len(narrow):
        if at < len(wide) and wide[at] == "*":
            star, begin, at = at, mark, at + 1
        elif at < len(wide) and _takes(wide[at], narrow[mark]):
            at, mark = at + 1, mark + 1
        elif star is not None:
            begin += 1
            at, mark = star + 1, begin
        else:
            return False
    return all(character == "*" for character in wide[at:])


def _takes(wide: str, narrow: str) -> bool:
    return wide == narrow if narrow == "*" else wide in {"?", narrow}
