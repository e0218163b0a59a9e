"""ApiView: what all views of the API have in common."""

from rest_framework.views import APIView


class ApiView(APIView):
    """REST framework's view, without OPTIONS: it would be named in Allow and answered with 405."""

    http_method_names = [name for name in APIView.http_method_names if name != "options"]
