// For the pages of messages, which also work without it. With it, messages arrive by themselves,
// are shown while they are sent, and what was typed is kept in this browser until it was.
"use strict";

const find = (query, root = document) => root.querySelector(query);
const all = (query, root = document) => [...root.querySelectorAll(query)];

// Times, as the server writes them, but in the reader's own zone.
const told = (options) => (when) => new Intl.DateTimeFormat("en-GB", options).format(when);
const clock = told({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const weekday = told({ weekday: "long" });
const month = told({ month: "long" });
const date = (when, now) =>
  `${when.getDate()}\u00a0${month(when)}` +
  (when.getFullYear() === now.getFullYear() ? "" : `\u00a0${when.getFullYear()}`);

const age = (when, now) => {
  const seconds = (now - when) / 1000;
  if (seconds < 60) return "now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86400 ? `${Math.floor(seconds / 3600)} h` : date(when, now);
};

const heading = (when, now) => {
  const before = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (when.toDateString() === now.toDateString()) return "Today";
  if (when.toDateString() === before.toDateString()) return "Yesterday";
  return `${weekday(when)}, ${date(when, now)}`;
};

const retime = () => {
  const now = new Date();
  for (const time of all("time[data-age]")) time.textContent = age(new Date(time.dateTime), now);
  for (const time of all("time[data-clock]")) time.textContent = clock(new Date(time.dateTime));
};

/** Puts the day above the first message of each. */
const regroup = (list) => {
  let before = "";
  for (const day of all(".day", list)) day.remove();
  for (const message of all("[data-message]", list)) {
    const when = new Date(find("time", message).dateTime);
    if (when.toDateString() !== before) {
      const day = document.createElement("li");
      day.className = "day";
      day.append(Object.assign(document.createElement("h3"), { textContent: heading(when, new Date()) }));
      const above = message.previousElementSibling;
      (above?.matches(".first-new") ? above : message).before(day);
    }
    before = when.toDateString();
  }
};

// What is kept in this browser, for this member alone; host.js forgets it when they sign out.
const kept = (name) => {
  const key = `gatherlog ${document.body.dataset.account} ${name}`;
  return {
    read: () => {
      try {
        return JSON.parse(localStorage.getItem(key));
      } catch {
        return null; // storage is turned off, or somebody else wrote it
      }
    },
    write: (value) => {
      try {
        if (value?.length) localStorage.setItem(key, JSON.stringify(value));
        else localStorage.removeItem(key);
      } catch {
        // Storage is turned off or full: then nothing is kept.
      }
    },
  };
};

const keepDraft = (field, name) => {
  const draft = kept(`draft ${name}`);
  if (field.value) draft.write(field.value);
  else field.value = draft.read() ?? "";
  field.addEventListener("input", () => draft.write(field.value));
  return draft;
};

const piece = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  return template.content.firstElementChild;
};

/** Puts an element in place of its former self, or before the first that `isNext`. */
const settle = (list, former, element, isNext) => {
  const hadFocus = former?.contains(document.activeElement);
  if (isNext) {
    former?.remove();
    list.insertBefore(element, [...list.children].find(isNext) ?? null);
  } else {
    former.replaceWith(element);
  }
  if (hadFocus) find("a", element)?.focus();
};

const announce = (text) => {
  find("[data-told]").textContent = text;
};

const showCount = (count) => {
  document.title = (count ? `(${count}) ` : "") + document.title.replace(/^\(\d+\) /, "");
};

/** Follows what happens; the browser reconnects by itself unless the server has refused. */
const follow = (page, show) => {
  const offline = find("[data-offline]");
  let last = "";
  let waiting;
  const open = () => {
    const url = new URL(page.dataset.follow, location.href);
    if (last) url.searchParams.set("cursor", last);
    const source = new EventSource(url);
    source.onopen = () => {
      page.classList.add("live");
      clearTimeout(waiting);
      if (offline) offline.hidden = true;
    };
    source.onerror = () => {
      page.classList.remove("live");
      clearTimeout(waiting);
      waiting = setTimeout(() => { if (offline) offline.hidden = false; }, 4000);
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 5000);
    };
    source.onmessage = (event) => {
      last = event.lastEventId;
      const news = JSON.parse(event.data);
      showCount(news.count);
      show(news);
    };
  };
  if ("EventSource" in window) open();
};

// The list of conversations.
const rows = find("[data-rows]");
if (rows) {
  follow(rows.closest("[data-follow]"), (news) => {
    for (const { id, html } of news.rows) {
      const former = find(`[data-conversation="${id}"]`, rows);
      if (!html) {
        former?.remove();
        continue;
      }
      const row = piece(html);
      const isNext = (other) => +other.dataset.order < +row.dataset.order;
      const isFurtherOn = !former && find("[data-more]") && ![...rows.children].some(isNext);
      if (isFurtherOn) continue; // it is on another page, and stays there
      settle(rows, former, row, isNext);
      if (row.matches(".unread")) announce(row.innerText);
      if (find("[data-empty]")) find("[data-empty]").hidden = true;
    }
    retime();
  });
} else if (!find("[data-talk]") && find("[data-follow]")) {
  follow(find("[data-follow]"), () => {});
}

// One conversation.
const talk = find("[data-talk]");
const list = find("[data-messages]");
const form = find("[data-composer]");

const isAtEnd = () => innerHeight + scrollY > document.documentElement.scrollHeight - 160;
const toEnd = () =>
  scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });

const changed = new Map(); // by id: messages further up than the page goes, as they are by now

/** Shows a message, new or changed; gives it if it is new. */
const place = (html) => {
  const message = piece(html);
  const former = find(`[data-message="${message.dataset.message}"]`, list);
  const first = find("[data-message]", list);
  if (!former && first && +message.dataset.number < +first.dataset.number) {
    changed.set(message.dataset.message, html); // it is shown when one scrolls up to it
    return null;
  }
  const isNext = (other) =>
    other.matches(".waiting") || +other.dataset.number > +message.dataset.number;
  settle(list, former, message, former ? null : isNext);
  if (find("[data-empty]")) find("[data-empty]").hidden = true;
  return former ? null : message;
};

const tellRead = async () => {
  const others = all("[data-message]:not(.own)", list);
  const upto = others.at(-1)?.dataset.message;
  if (!upto || upto === tellRead.last || document.visibilityState !== "visible") return;
  tellRead.last = upto;
  const body = new URLSearchParams({ form: find("[name=form]").value, upto });
  const isTold = await fetch(`${talk.dataset.talk}/read`, { method: "POST", body, keepalive: true })
    .then((answer) => answer.ok, () => false);
  if (!isTold && tellRead.last === upto) tellRead.last = null; // the next message or look tries again
};

const showNew = (message) => {
  const hidden = document.visibilityState !== "visible";
  if (hidden && !find(".first-new", list)) {
    message.before(piece('<li class="first-new"><span>New</span></li>'));
  }
  announce(`${find(".by", message).textContent} ${find(".text", message).textContent}`);
};

let seen = 0; // the number up to which the other has read, if that is shown

const showSeen = () => {
  const own = all("[data-message].own", list);
  const last = own.filter((one) => +one.dataset.number <= seen).at(-1);
  for (const one of own) find("[data-seen]", one).hidden = one !== last;
};

/** Lets the member write, who may have left the conversation, and have been written to again. */
const showPart = (takesPart) => {
  if (find("[data-composer]")) find("[data-composer]").hidden = !takesPart;
  if (find("[data-gone]")) find("[data-gone]").hidden = takesPart;
};

if (talk && "newest" in talk.dataset) {
  seen = Math.max(0, ...all("[data-seen]:not([hidden])").map((one) => +one.closest("[data-number]").dataset.number));
  follow(talk, (news) => {
    const atEnd = isAtEnd();
    const arrived = news.messages.map(({ html }) => place(html)).filter((one) => one);
    const others = arrived.filter((one) => !one.matches(".own"));
    others.forEach(showNew);
    seen = Math.max(seen, news.seen);
    showSeen();
    regroup(list);
    retime();
    if (arrived.length && atEnd) toEnd();
    else if (others.length && find("[data-below]")) find("[data-below]").hidden = false;
    if (news.left !== null) showPart(!news.left);
    tellRead();
  });
  addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") tellRead();
    else find(".first-new", list)?.remove(); // what was new has been seen
  });
  addEventListener("scroll", () => {
    if (find("[data-below]") && isAtEnd()) find("[data-below]").hidden = true;
  }, { passive: true });
} else if (talk) {
  follow(talk, () => {});
}

/** Puts the messages before the first one above it, where the reader stays. */
const loadEarlier = async (link) => {
  const answer = await fetch(link.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const more = all("[data-messages] > li:not(.day)", page);
  if (!more.length) throw new Error("this is another page"); // such as that for signing in
  const height = document.documentElement.scrollHeight;
  list.prepend(...more.map((one) => {
    const html = changed.get(one.dataset.message);
    return html ? piece(html) : one;
  }));
  if (seen) showSeen();
  regroup(list);
  retime();
  const next = find("[data-earlier]", page);
  if (next) link.href = next.getAttribute("href");
  else link.parentElement.remove();
  scrollBy({ top: document.documentElement.scrollHeight - height, behavior: "instant" });
};

const earlier = find("[data-earlier]");
if (earlier && "IntersectionObserver" in window) {
  const observer = new IntersectionObserver(async (entries) => {
    if (!entries.at(-1).isIntersecting) return; // busy browsers tell of several moments at once
    observer.unobserve(earlier);
    try {
      await loadEarlier(earlier);
      if (earlier.isConnected) observer.observe(earlier); // it may still be in sight
    } catch {
      // The link is still there, to be followed by hand.
    }
  }, { rootMargin: "200px 0px 0px" });
  observer.observe(earlier);
}

// Sending: a message is shown at once, waits for the one before it, and stays until it was sent.
if (form) {
  const field = find("textarea", form);
  const draft = keepDraft(field, talk.dataset.talk);
  const unsent = kept(`unsent ${talk.dataset.talk}`);
  const items = new Map(); // by nonce: the text, and the element that shows it
  let sending = Promise.resolve();
  const known = new Set(); // nonces that this page has or had; what else is kept is another tab's
  const keep = () => {
    const others = (unsent.read() ?? []).filter(({ once }) => !known.has(once));
    unsent.write([...others, ...[...items].map(([once, { text }]) => ({ once, text }))]);
  };

  const state = (once, text, failure) => {
    const { element } = items.get(once);
    find("[data-state]", element).textContent = text;
    find(".failed", element).textContent = failure;
    find(".again", element).hidden = !failure;
  };

  const done = (once) => {
    items.get(once).element.remove();
    items.delete(once);
    keep();
  };

  const send = async (once) => {
    if (!items.has(once)) return; // discarded meanwhile
    const body = new URLSearchParams(new FormData(form));
    body.set("once", once);
    body.set("text", items.get(once).text);
    state(once, "Sending …", "");
    try {
      const headers = { Accept: "application/json" };
      const signal = AbortSignal.timeout?.(20000);
      const answer = await fetch(form.action, { method: "POST", body, headers, signal });
      if (answer.redirected) return state(once, "", "Not sent: you are no longer signed in.");
      const isRead = answer.headers.get("content-type")?.includes("json");
      const sent = isRead ? await answer.json() : { detail: "Please reload the page." };
      if (!answer.ok) return state(once, "", `Not sent. ${sent.detail}`);
      // What is followed may have shown it before, and tells more: that it was read, or changed.
      if (!find(`[data-message="${sent.id}"]`, list)) place(sent.html);
      done(once);
      find(".first-new", list)?.remove();
      regroup(list);
      retime();
    } catch {
      state(once, "", "Not sent: there is no connection.");
    }
  };

  const queue = (once) => {
    sending = sending.then(() => send(once));
  };

  const show = (once, text) => {
    const element = find("[data-waiting]").content.firstElementChild.cloneNode(true);
    find(".text", element).textContent = text;
    find("[data-again]", element).addEventListener("click", () => queue(once));
    find("[data-edit]", element).addEventListener("click", () => {
      done(once);
      field.value = field.value ? `${text}\n${field.value}` : text;
      draft.write(field.value);
      field.focus();
    });
    items.set(once, { text, element });
    known.add(once);
    list.append(element);
  };

  const nonce = () =>
    [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value;
    field.focus();
    if (!text.trim()) return;
    const once = nonce();
    show(once, text);
    keep();
    field.value = "";
    draft.write("");
    find(".error", form)?.remove();
    toEnd();
    queue(once);
  });
  field.addEventListener("keydown", (event) => {
    const isPlain = event.key === "Enter" && !event.shiftKey && !event.isComposing;
    if (isPlain && (event.ctrlKey || event.metaKey || matchMedia("(pointer: fine)").matches)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });

  if (matchMedia("(pointer: fine)").matches) find("[data-keys]", form).hidden = false;
  for (const { once, text } of unsent.read() ?? []) {
    show(once, text);
    state(once, "", "Not sent yet.");
  }
  addEventListener("online", () => [...items.keys()].forEach(queue));
}

const first = find("[data-draft]");
const started = kept("started");
if (first) {
  const { draft: name } = first.dataset;
  keepDraft(find("textarea", first), name);
  first.addEventListener("submit", () => started.write(name));
}
if (new URLSearchParams(location.search).get("done") === "started") {
  kept(`draft ${started.read()}`).write("");
  started.write("");
}

find("[data-zone]")?.remove();
if (list) regroup(list);
retime();
setInterval(retime, 30000);
if (talk && "newest" in talk.dataset) {
  const target = find(".first-new", list);
  if (target) target.scrollIntoView({ block: "start", behavior: "instant" });
  else toEnd();
}
