"""Every address of the project."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

admin.autodiscover()

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("events.api.urls")),
    path("api/v1/", include("invoices.urls")),
]

handler400 = "events.api.failures.bad_request"
handler403 = "events.api.failures.permission_denied"
handler404 = "events.api.failures.not_found"
handler500 = "events.api.failures.internal_error"
