// Shows times in the viewer's zone; the page itself is complete without it, in UTC.
(function () {
  "use strict";

  const clock = new Intl.DateTimeFormat(undefined, {
    day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit",
    hour12: false,
  });

  function localise(root) {
    root.querySelectorAll("time.wb-moment:not([data-local])").forEach(function (element) {
      const at = new Date(element.getAttribute("datetime"));
      if (!Number.isNaN(at.getTime())) {
        element.textContent = clock.format(at);
        element.dataset.local = "";
      }
    });
  }

  document.addEventListener("DOMContentLoaded", function () { localise(document); });
  document.addEventListener("htmx:load", function (event) { localise(event.target.parentNode || document); });
})();
