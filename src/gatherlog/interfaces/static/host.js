// For all pages, which also work without it. With it, figures of guest lists update by themselves.
"use strict";

/** Shows the figures of an update and redraws the bar; true if any figure has changed. */
const show = (page, update) => {
  let isNew = false;
  for (const place of page.querySelectorAll("[data-figure]")) {
    const text = update.figures[place.dataset.figure];
    if (text !== undefined && place.textContent !== text) {
      place.textContent = text;
      isNew = true;
    }
  }
  for (const meal of page.querySelectorAll("[data-meal]")) {
    meal.hidden = update.figures[meal.dataset.meal] === "0";
  }
  const bar = page.querySelector(".bar");
  bar.setAttribute("aria-label", update.words);
  update.shares.forEach((share, place) => {
    bar.children[place].setAttribute("x", `${share.start}%`);
    bar.children[place].setAttribute("width", `${share.width}%`);
  });
  return isNew;
};

const page = document.querySelector("[data-live]");
const followFigures = () => {
  const source = new EventSource(page.dataset.live);
  source.onopen = () => page.classList.add("live");
  source.onerror = () => {
    page.classList.remove("live");
    // The browser reconnects by itself unless the server has refused, as while it starts.
    if (source.readyState === EventSource.CLOSED) setTimeout(followFigures, 5000);
  };
  source.onmessage = (event) => {
    // The list itself is not updated, so that no name moves while somebody is about to tap it.
    const note = document.querySelector("[data-changed]");
    if (show(page, JSON.parse(event.data)) && note) note.hidden = false;
  };
};
if (page && "EventSource" in window) followFigures();

for (const button of document.querySelectorAll("[data-copies]")) {
  const field = document.getElementById(button.dataset.copies);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy"); // where the page is not served over HTTPS
    }
    button.textContent = "Copied";
  });
}

for (const button of document.querySelectorAll("[data-prints]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// Preselect the host's own time zone for a new gathering.
const zone = document.querySelector("[data-own-zone]");
if (zone && !zone.value) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...zone.options].some((option) => option.value === own)) zone.value = own;
}

// "Near me" fills in where the browser is, if it is allowed to tell.
for (const button of document.querySelectorAll("[data-locates]")) {
  const field = document.getElementById(button.dataset.locates);
  const told = document.querySelector("[data-located]");
  button.hidden = !navigator.geolocation;
  button.addEventListener("click", () => {
    told.textContent = "Asking your device …";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        field.value = `${coords.latitude.toFixed(4)}, ${coords.longitude.toFixed(4)}`;
        told.textContent = "That is where you are. Choose how far, then “Find”.";
      },
      () => { told.textContent = "Your device does not tell where you are."; },
    );
  });
}

// A quick choice is added to what was typed already. Without scripts it is a link, which has only
// what was asked for before.
for (const choices of document.querySelectorAll("[data-fills]")) {
  choices.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const { form } = document.getElementById("day");
    const [now, wanted] = [location, link].map(({ search }) => new URLSearchParams(search));
    for (const name of ["ages", "day", "until"]) {
      const value = wanted.get(name) ?? "";
      if (value !== (now.get(name) ?? "")) form.elements[name].value = value;
    }
    event.preventDefault();
    form.requestSubmit();
  });
}

// What the pages of messages keep in this browser is not left to whoever uses it next.
const forget = () => {
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith("gatherlog ")) localStorage.removeItem(key);
    }
  } catch {
    // Storage is turned off, so nothing was kept.
  }
};
for (const form of document.querySelectorAll('form[action="/signout"]')) {
  form.addEventListener("submit", () => {
    forget();
    addEventListener("pagehide", forget); // what is kept while the page waits for its answer, too
  });
}
