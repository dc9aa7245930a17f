"""The library's calls, made by the desk's own client, so that the address guard stands in their way too."""

from contextvars import ContextVar

import aiohttp
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

from channels import outcome

_TIMEOUT_S = 12.0
_CONNECT_S = 8.0
# The Bot API hands out files of 20 MB at most.
LARGEST_FILE = 20 * 1024 * 1024
_LARGEST_ANSWER = LARGEST_FILE + 64 * 1024


answered: ContextVar[bytes] = ContextVar("answered", default=b"")
"""The body of the last answer in this task."""


class Unsent(NetworkError):
    """No connection could be made: the platform has seen nothing of the call."""


class GuardedRequest(BaseRequest):
    """`session` is the desk's client, which is opened and closed elsewhere."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    @property
    def read_timeout(self) -> float:
        """Seconds."""
        return _TIMEOUT_S

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(  # noqa: PLR0917 - as the library declares it
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = None,
        write_timeout: object = None,
        connect_timeout: object = None,
        pool_timeout: object = None,
    ) -> tuple[int, bytes]:
        """The answer's status and body. No error names the URL: the token is in it."""
        seconds = _TIMEOUT_S
        # The library says by a value of its own that none was asked for.
        if isinstance(read_timeout, int | float):
            seconds = max(seconds, float(read_timeout))
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=_CONNECT_S)
        try:
            async with self._session.request(
                method, url, data=_form(request_data), timeout=timeout, allow_redirects=False
            ) as answer:
                content = await answer.content.read(_LARGEST_ANSWER)
                while len(content) < _LARGEST_ANSWER and (more := await answer.content.read(_LARGEST_ANSWER)):
                    content += more
                answered.set(content)
                return answer.status, content
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            raise Unsent(str(outcome.failure(error, "the Bot API"))) from None
        except TimeoutError:
            raise TimedOut("the Bot API did not answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(str(outcome.failure(error, "the Bot API"))) from None


def _form(data: RequestData | None) -> aiohttp.FormData | None:
    if data is None:
        return None
    form = aiohttp.FormData(quote_fields=False)
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, type_) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=type_)
    return form
