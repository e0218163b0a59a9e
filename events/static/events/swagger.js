"use strict";

window.addEventListener("load", () => {
  const page = document.getElementById("swagger-ui");
  window.SwaggerUIBundle({
    dom_id: "#swagger-ui",
    url: page.dataset.schema,
    deepLinking: true,
    persistAuthorization: false,
    validatorUrl: null,
    // A request of the session needs the token of the cookie.
    requestInterceptor: (request) => {
      const found = document.cookie.match(/(?:^|;\s*)csrftoken=([^;]+)/);
      if (found && new URL(request.url, location.href).origin === location.origin) {
        request.headers["X-CSRFToken"] = decodeURIComponent(found[1]);
      }
      return request;
    },
  });
});
