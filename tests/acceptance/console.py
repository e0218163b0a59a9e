"""Console: the admin's pages as a browser with a logged-in superuser sees them."""

import re
import urllib.request
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode

from tests.failpoints.people import OPERATOR

TIMEOUT_S = 30.0
FOR_BROWSERS = {"SECURE_COOKIES": "false"}  # for the web process: there is no HTTPS here
_LIST_PAGE = re.compile(r'href="(/admin/[a-z]+/[a-z]+/)"')
_ROW = re.compile(r'href="(/admin/[a-z]+/[a-z]+/[^/"]+/change/)[^"]*"')


class Console:
    """One session; log in before anything else."""

    def __init__(self, port: int) -> None:
        self._root = f"http://127.0.0.1:{port}"
        self._cookies = CookieJar()
        jar = urllib.request.HTTPCookieProcessor(self._cookies)
        self._browser = urllib.request.build_opener(jar)

    def log_in(self) -> None:
        """Log in as the superuser that every test's database has."""
        self.get("/admin/login/")
        form = {**OPERATOR, **self._token(), "next": "/admin/"}
        status, _ = self._ask("/admin/login/", urlencode(form).encode())
        assert status == 200
        assert any(each.name == "sessionid" for each in self._cookies)

    def get(self, path: str) -> tuple[int, str]:
        """Return the status of a page and the page."""
        return self._ask(path, None)

    def reveal(self, letter: str) -> tuple[int, str]:
        """Say why the message of the dead letter of this page is to be seen; return what is."""
        form = {**self._token(), "confirmed": "yes", "reason": "to see what it says"}
        return self._ask(letter.replace("/change/", "/message/"), urlencode(form).encode())

    def list_pages(self) -> list[str]:
        """Return the addresses of all lists that the first page leads to."""
        _, page = self.get("/admin/")
        return sorted(set(_LIST_PAGE.findall(page)))

    def rows_of(self, path: str) -> list[str]:
        """Return the addresses of what a list shows."""
        _, page = self.get(path)
        return sorted(set(_ROW.findall(page)))

    def _token(self) -> dict[str, str]:
        [token] = [each.value for each in self._cookies if each.name == "csrftoken"]
        return {"csrfmiddlewaretoken": token or ""}

    def _ask(self, path: str, form: bytes | None) -> tuple[int, str]:
        request = urllib.request.Request(self._root + path, data=form)  # noqa: S310 - our own
        try:
            with self._browser.open(request, timeout=TIMEOUT_S) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()
