"""A view with Django's CSRF check, one whose path has a trailing slash, and one with neither."""

from __future__ import annotations

import json
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY="not used",
    ALLOWED_HOSTS=["*"],
    MIDDLEWARE=[
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
)


def receive(request: HttpRequest) -> HttpResponse:
    """Parse the body and accept the message."""
    if request.GET.get("Token") != os.environ["MEWS_TOKEN"]:
        return HttpResponse(status=401)
    try:
        json.loads(request.body)
    except ValueError:
        return HttpResponse(status=400)
    return HttpResponse(status=202)


urlpatterns = [
    path("webhooks/mews", receive),
    path("slash/", csrf_exempt(receive)),
    path("exempt", csrf_exempt(receive)),
]
application = get_wsgi_application()
