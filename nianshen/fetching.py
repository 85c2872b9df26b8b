"""One page over HTTP for ``check URL``: what a person would do by hand, with an honest name and a limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

import requests

TIMEOUT_SECONDS = (10, 30)  # to connect, and between two pieces of the answer
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Page:
    """What came: the bytes as served (up to the limit), the last address, the headers with names in lower case."""

    data: bytes
    url: str
    headers: Mapping[str, str]


class FetchError(Exception):
    """The page could not be had; ``code`` is ``http_404``, ``timeout``, ``tls``, ``connection`` or ``bad_url``."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.code, self.zh, self.en = code, zh, en


def fetch(url: str, most_bytes: int) -> Page:
    """GET ``url``, following redirects; reads ``most_bytes`` and no more. Raises FetchError."""
    name = {"User-Agent": f"nianshen/{version('nianshen')} (check)"}
    try:
        with requests.get(url, headers=name, timeout=TIMEOUT_SECONDS, stream=True) as answer:
            if not answer.ok:
                status = answer.status_code
                raise FetchError(f"http_{status}", f"网站返回 {status}", f"the site answered {status}")
            data = b""
            for piece in answer.iter_content(_PIECE):
                data += piece
                if len(data) >= most_bytes:
                    break
            headers = {key.lower(): value for key, value in answer.headers.items()}
            return Page(data[:most_bytes], answer.url, headers)
    except requests.Timeout as error:
        raise FetchError("timeout", "网站没有及时应答", "the site did not answer in time") from error
    except requests.exceptions.SSLError as error:
        raise FetchError("tls", "网站证书有误", "the certificate of the site does not hold") from error
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError) as error:
        raise FetchError("bad_url", "网址有误", "the address is not valid") from error
    except requests.RequestException as error:
        raise FetchError("connection", "连接不上网站", "the site cannot be reached") from error
