"use strict";

// The server renders every page; this keeps one true while it is looked at. When something changes
// the page is fetched again, and those of its sections that differ are put in place.

(() => {
  const LEAST_MS = 1000;  // between two fetches
  const POLL_MS = 15000;  // when no events can be had
  let timer = null;
  let last = 0;
  let fetching = false;
  // What sections were when they came: what was put into them since is no change.
  const served = new WeakMap();

  const say = (text) => {
    const place = document.getElementById("connection");
    if (place && place.textContent !== text) place.textContent = text;
  };

  const isBusy = (section) => {
    const focus = document.activeElement;
    return section.contains(focus) && focus.matches("input, select, textarea");
  };

  const openDetails = (section) =>
    [...section.querySelectorAll("details[open]")].map((part) => part.id).filter(Boolean);

  const replace = (section, fresh) => {
    if (isBusy(section) || served.get(section) === fresh.innerHTML) return;
    const focused = section.contains(document.activeElement) ? pathTo(section) : null;
    const scrolls = [...section.querySelectorAll(".scroll")].map((part) => part.scrollLeft);
    const open = openDetails(section);
    const next = document.importNode(fresh, true);
    section.replaceWith(next);
    served.set(next, fresh.innerHTML);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    next.querySelectorAll(".scroll").forEach((part, i) => { part.scrollLeft = scrolls[i] || 0; });
    if (focused !== null) next.querySelectorAll("a, button, summary, .scroll")[focused]?.focus();
    prepare(next);
  };

  // Which of the section's focusable elements has the focus.
  const pathTo = (section) =>
    [...section.querySelectorAll("a, button, summary, .scroll")].indexOf(document.activeElement);

  const refresh = async () => {
    timer = null;
    if (fetching || document.hidden) return;
    fetching = true;
    last = Date.now();
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.status === 401) return location.reload();
      if (!answer.ok) return say(" · not up to date: the coordinator answers " + answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = [...page.querySelectorAll("main section[id]")];
      const known = [...document.querySelectorAll("main section[id]")];
      if (fresh.map((s) => s.id).join() !== known.map((s) => s.id).join()) {
        document.querySelector("main").replaceWith(document.importNode(page.querySelector("main"), true));
        begin();
      } else {
        known.forEach((section, i) => replace(section, fresh[i]));
      }
      document.querySelector("footer time").replaceWith(page.querySelector("footer time"));
      say("");
    } catch {
      say(" · not up to date: the coordinator does not answer");
    } finally {
      fetching = false;
    }
  };

  const soon = () => {
    timer ??= setTimeout(refresh, Math.max(0, last + LEAST_MS - Date.now()));
  };

  // Asks before what cannot be taken back.
  const prepare = (root) => {
    root.querySelectorAll("button[data-confirm]").forEach((button) => {
      button.addEventListener("click", (event) => {
        if (!confirm(button.dataset.confirm)) event.preventDefault();
      });
    });
    root.querySelectorAll("[data-load]").forEach(load);
  };

  // What takes longer than a page may is a page of its own; it is shown in its link's place.
  const load = async (place) => {
    const path = place.dataset.load;
    try {
      const answer = await fetch(path, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const part = page.querySelector("main .part");
      if (part) place.replaceChildren(document.importNode(part, true));
    } catch {
      // The link stays.
    } finally {
      place.removeAttribute("data-load");
    }
  };

  const begin = () => {
    document.querySelectorAll("main section[id]").forEach((s) => served.set(s, s.innerHTML));
    prepare(document);
  };

  begin();
  const path = document.body.dataset.events;
  if (!path) return;
  let poll = null;
  const events = new EventSource(path);
  events.addEventListener("changed", soon);
  events.addEventListener("open", () => {
    if (poll) clearInterval(poll);
    poll = null;
    if (last) soon();
  });
  events.addEventListener("error", () => { poll ??= setInterval(soon, POLL_MS); soon(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
})();
