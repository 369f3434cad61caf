// What the pages gain with JavaScript; none of them needs it. No data is kept, nothing is evaluated.
"use strict";

(() => {
  // A partial reload must not take away what somebody has opened or typed.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const element = event.target;
    if (!element.matches("[data-quiet]")) return;
    if (element.querySelector("details[open]") || element.contains(document.activeElement)) event.preventDefault();
  });

  // Where the session is over, a partial reload gets the login page: then the whole page has to go there.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const answered = new URL(event.detail.xhr.responseURL || location.href, location.href);
    if (answered.pathname === "/login") {
      event.preventDefault();
      location.reload();
    }
  });

  // An error is said where the answer was to appear; what somebody typed stays as it is.
  document.addEventListener("htmx:responseError", (event) => {
    if (event.target.matches("[data-quiet]")) return;
    const said = document.createElement("p");
    said.className = "note bad";
    said.setAttribute("role", "alert");
    said.textContent = event.detail.xhr.status === 401
      ? "You are not logged in any more. Log in in another tab, then try again here; nothing on this page is lost."
      : `That did not work (${event.detail.xhr.status}). Try again in a moment; nothing on this page is lost.`;
    event.detail.target.replaceChildren(said);
  });

  // A click must not send a form twice.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || event.defaultPrevented) return;
    setTimeout(() => { button.disabled = true; }, 0);
  });
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("button[disabled]:not([data-off])")) button.disabled = false;
  });

  // The log stays at its end unless somebody has scrolled up.
  let atEnd = true;
  document.addEventListener("htmx:sseBeforeMessage", () => {
    const log = document.querySelector(".log");
    atEnd = !log || log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  });
  document.addEventListener("htmx:sseMessage", () => {
    const log = document.querySelector(".log");
    if (log && atEnd) log.scrollTop = log.scrollHeight;
  });

  // Line numbers beside the settings, and the way from a problem to its line.
  const editor = document.querySelector(".editor");
  if (editor) {
    const area = editor.querySelector("textarea");
    const lines = editor.querySelector(".lines");
    const number = () => {
      const count = area.value.split("\n").length;
      lines.textContent = Array.from({ length: count }, (_, index) => index + 1).join("\n");
      lines.scrollTop = area.scrollTop;
    };
    area.addEventListener("input", number);
    area.addEventListener("scroll", () => { lines.scrollTop = area.scrollTop; });
    number();
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-line]");
      if (!link) return;
      event.preventDefault();
      const line = Number(link.dataset.line);
      const before = area.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
      const end = area.value.indexOf("\n", before);
      area.focus();
      area.setSelectionRange(before, end < 0 ? area.value.length : end);
      area.scrollTop = Math.max(0, (line - 6) * (area.scrollHeight / area.value.split("\n").length));
    });
    let changed = false;
    area.addEventListener("input", () => { changed = true; });
    area.form.addEventListener("submit", () => { changed = false; });
    addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
  }

  // Search in the reference of the settings.
  const search = document.querySelector("input[data-search]");
  if (search) {
    search.parentElement.hidden = false;
    search.addEventListener("input", () => {
      const word = search.value.trim().toLowerCase();
      for (const section of document.querySelectorAll(".reference details")) {
        let any = false;
        for (const entry of section.querySelectorAll("[data-entry]")) {
          const found = !word || entry.dataset.entry.includes(word);
          entry.hidden = !found;
          any = any || found;
        }
        section.hidden = !any;
        section.open = Boolean(word) && any;
      }
    });
  }
})();
