// Chooses the reader's time zone in the form, where the browser knows it and nobody chose one yet.
"use strict";
(() => {
  const select = document.getElementById("time_zone");
  if (!select || select.hasAttribute("data-chosen")) return;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const option of select.options) {
    if (option.value === zone) select.value = zone;
  }
})();
