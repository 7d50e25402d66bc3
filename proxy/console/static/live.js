"use strict";
// Keeps an open page true: asks for it anew when the console says that something has changed, and
// counts down what is due. Without this file the page is complete; it is only as old as its load.
(() => {
  const script = document.currentScript;
  const announce = document.getElementById("announce");
  const live = document.getElementById("live");
  const swapped = ["top", "main"];
  let asking = false;
  let again = false;

  const trouble = (page) => page.querySelector("[data-trouble]")?.dataset.trouble ?? "";

  function take(page) {
    const before = trouble(document);
    const open = [...document.querySelectorAll("details[open]")].map((each) => each.id);
    const focused = document.activeElement?.getAttribute("href") ?? document.activeElement?.id;
    const scrolled = [...document.querySelectorAll(".scroll")].map((each) => each.scrollTop);
    for (const id of swapped) {
      const now = page.getElementById(id);
      if (now) document.getElementById(id).replaceWith(document.adoptNode(now));
    }
    document.title = page.title;
    document.getElementById("icon").href = page.getElementById("icon").getAttribute("href");
    for (const id of open) if (id) document.getElementById(id)?.setAttribute("open", "");
    document.querySelectorAll(".scroll").forEach((each, at) => (each.scrollTop = scrolled[at] ?? 0));
    if (focused) focus(focused);
    if (trouble(document) !== before) announce.textContent = trouble(document);
    count();
  }

  function focus(name) {
    const links = [...document.querySelectorAll("a, [id]")];
    links.find((each) => (each.getAttribute("href") ?? each.id) === name)?.focus({ preventScroll: true });
  }

  async function ask() {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      lost();
    }
    asking = false;
    if (again) {
      again = false;
      ask();
    }
  }

  function span(seconds) {
    const left = Math.ceil(seconds);
    if (left < 60) return `${left}\u00a0s`;
    const minutes = Math.floor(left / 60);
    if (minutes < 60) return `${minutes}\u00a0min`;
    return `${Math.floor(minutes / 60)}\u00a0h ${minutes % 60}\u00a0min`;
  }

  function count() {
    for (const each of document.querySelectorAll("[data-until]")) {
      const left = Number(each.dataset.until) - Date.now() / 1000;
      each.textContent = left > 0 ? span(left) : "a moment";
    }
  }

  function found() {
    live.textContent = "Live.";
  }

  function lost() {
    live.textContent = "No connection to Faultline; trying again.";
  }

  const source = new EventSource(script.dataset.events);
  source.addEventListener("open", found);
  source.addEventListener("error", lost);
  source.addEventListener("status", ask);
  setInterval(count, 1000);
})();
