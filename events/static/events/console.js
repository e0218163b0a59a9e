// Shows times in the viewer's zone; the page itself is complete without it, in UTC.
(function () {
  "use strict";

  const clock = new Intl.DateTimeFormat(undefined, {
    day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit",
    hour12: false,
  });
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

  function localise(root) {
    root.querySelectorAll("time.wb-moment:not([data-local])").forEach(function (element) {
      const at = new Date(element.getAttribute("datetime"));
      if (!Number.isNaN(at.getTime())) {
        element.textContent = clock.format(at);
        element.dataset.local = "";
      }
    });
  }

  // Forms that ask for times and say in which zone: in the viewer's, unless they are told another.
  function askInViewersZone() {
    document.querySelectorAll("input[type=hidden][name=zone]").forEach(function (named) {
      if (zone && (named.value === "" || named.value === "UTC")) {
        named.value = zone;
        named.form.querySelectorAll("input[type=datetime-local]").forEach(fromUtc);
        named.form.querySelectorAll(".wb-zone").forEach(function (told) { told.textContent = zone; });
      }
    });
  }

  function fromUtc(input) {
    const at = new Date(input.value + "Z");
    if (input.value && !Number.isNaN(at.getTime())) {
      at.setMinutes(at.getMinutes() - at.getTimezoneOffset());
      input.value = at.toISOString().slice(0, 19);
    }
  }

  // A page that renews itself keeps wide tables where the viewer has moved them.
  const moved = {};
  function keep(event) {
    event.target.querySelectorAll(".wb-scroll[aria-label]").forEach(function (table) {
      moved[table.getAttribute("aria-label")] = table.scrollLeft;
    });
  }
  function restore() {
    document.querySelectorAll(".wb-scroll[aria-label]").forEach(function (table) {
      table.scrollLeft = moved[table.getAttribute("aria-label")] || table.scrollLeft;
    });
  }

  document.addEventListener("DOMContentLoaded", function () { localise(document); askInViewersZone(); });
  document.addEventListener("htmx:beforeSwap", keep);
  document.addEventListener("htmx:load", function (event) { localise(event.target.parentNode || document); restore(); });
})();
