// Keeps a page that may change up to date: asks for it again, and changes only what differs, so that focus, scroll
// positions, opened details and selected text stay as they are.

const RETRY_SECONDS = 10;
const KEPT = new Set(["open"]);
const main = document.querySelector("main");
const stale = document.getElementById("stale");
let timer = 0;

function plan(failed = false) {
  clearTimeout(timer);
  const seconds = Number(main.dataset.refresh);
  if (seconds) timer = setTimeout(refresh, 1000 * (failed ? Math.max(seconds, RETRY_SECONDS) : seconds));
}

async function refresh() {
  if (document.hidden) return; // asked again as soon as it is seen
  let failed = false;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-cache" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main");
    if (fresh) {
      document.title = page.title;
      const log = main.querySelector("pre.log");
      const follows = log && log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
      morph(main, fresh);
      if (follows) toEnd();
    }
  } catch {
    failed = true;
  }
  stale.hidden = !failed;
  plan(failed);
}

function morph(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !KEPT.has(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !KEPT.has(name)) old.setAttribute(name, value);
  }
  const keyed = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let next = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const known = wanted.id ? keyed.get(wanted.id) : undefined;
    if (known && known !== next) old.insertBefore(known, next);
    const place = known ?? next;
    if (place && same(place, wanted)) {
      if (place.nodeType === Node.ELEMENT_NODE) morph(place, wanted);
      else if (place.data !== wanted.data) place.data = wanted.data;
      next = place.nextSibling;
    } else {
      old.insertBefore(document.importNode(wanted, true), next);
    }
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

function same(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName && (one.id ?? "") === (other.id ?? "");
}

function toEnd() {
  const log = main.querySelector("pre.log");
  if (log) log.scrollTop = log.scrollHeight;
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && main.dataset.refresh) refresh();
});
toEnd();
plan();
