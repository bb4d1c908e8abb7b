"""Whether the Hugging Face hub answers: its clients retry for a minute, in silence or loudly, before they say no."""

import ssl
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

_PATIENCE_S = 10.0


def answers(endpoint: str) -> bool:
    """Asks the hub once, for its address as its clients know it; any answer counts."""
    try:
        urlopen(Request(endpoint, method="HEAD"), timeout=_PATIENCE_S).close()
    except HTTPError:
        return True
    except URLError as error:
        return isinstance(error.reason, ssl.SSLError)  # someone answers; the hub's client has certificates of its own
    except OSError:
        return False
    return True
