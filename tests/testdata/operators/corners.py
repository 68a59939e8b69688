from __future__ import annotations

import json
import socket

MASK = 0xFF & ~0o17 | 1_000 ^ 2
COMPLEX = 1j - 2.5e3; SECOND = +MASK << 1
text = f"{MASK + 1:>{LIMIT % 3}} {not MASK!r} {'a' if MASK > 1 else 'b'}"
union: int | None = None
pair: list[int | str] = [*range(3), *(4,)]
mapping = {**{}, "a": 1 // 2, 'ü': -1}
only = {**mapping}
short = lambda a, /, b=1, *c, d: a ** b  # noqa: E731


# A comment that goes with its decorator.
@staticmethod
@json.register(
    1
)
async def several(a: int | None, /, b=1, *args, c: str = "x", **kw) -> int | str:
    assert(a<b), "no space"
    async for x in a:
        if x is c is not None != 3: continue
        break
    else:
        pass
    async with a, b as x:
        return[y for y in x if not y and y or y is None]
    try:
        del a; return b @ 2
    except json.JSONDecodeError:
        raise
    except (json.JSONDecodeError, OSError, socket.timeout) as error:
        pass
    except (KeyError):
        pass
    except:
        pass


while(MASK): MASK >>= 1
if True : pass
elif False:
    x = (1 <
         2 == None)
try:
    pass
except* OSError:
    pass


def chosen(value):
    """parso knows no `match`; its leaves are there all the same."""
    match value:
        case 1 | 2 if not value > 3:
            return -value + 1
        case {"a": True}:
            return value is 3
    return None
