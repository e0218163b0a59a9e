"""Problem pages: what each problem's `type` points to, for people, without a login."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from events.api.problem_kind import problem_kind, problem_kinds

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title></head>
<body><main>
<h1>{title}</h1>
{content}
</main></body>
</html>
"""


@require_safe
def problem_page(request: HttpRequest, code: str) -> HttpResponse:
    """Explain one kind of problem."""
    kind = problem_kind(code)
    if kind is None:
        raise Http404
    content = format_html(
        "<p><code>{}</code>, HTTP status {}</p>\n<p>{}</p>\n<h2>What to do</h2>\n<p>{}</p>\n"
        '<p><a href="/problems/">All problems</a></p>',
        kind.code,
        kind.status,
        kind.meaning,
        kind.remedy,
    )
    return _page(kind.title, content)


@require_safe
def problem_list(request: HttpRequest) -> HttpResponse:
    """List every kind of problem."""
    rows = format_html_join(
        "\n",
        '<li>{} <a href="{}">{}</a></li>',
        ((kind.status, kind.type, kind.title) for kind in problem_kinds()),
    )
    return _page("Problems", format_html("<ul>\n{}\n</ul>", rows))


def _page(title: str, content: SafeString) -> HttpResponse:
    return HttpResponse(format_html(_PAGE, title=title, content=content))
