// The chat in the frame: joins log, outbox and link, and talks with the page around it.
import { effect, html, render, signal } from "../ui/html.js";
import { known, language } from "../ui/language.js";
import { lasting } from "../ui/storage.js";
import { Chat } from "./chat.js";
import { Link } from "./link.js";
import { Log } from "./log.js";
import { Outbox } from "./outbox.js";

const channel = location.pathname.split("/")[2];
const framed = window.parent !== window;

const log = new Log();
const outbox = new Outbox(channel);
const link = new Link(channel, outbox, take, () => log.clear());
const unread = signal(0);
const draft = signal("");
const open = signal(!framed);
const visible = signal(!document.hidden);
let around = {};
let host = null; // the origin of the page around this one, known once it has spoken
let consent = false;
let seenPage = null;
const loadedAt = new Date().toISOString();

function take(frame) {
  if (frame.type === "typing") log.writing(frame.author_name);
  if (frame.type === "joined") log.joined(frame.name);
  if (frame.type === "accepted") {
    log.taken(frame);
    tell({ keep: lasting ? "used" : link.token });
  }
  if (frame.type !== "message") return;
  const { message } = frame;
  log.put(message);
  if (message.client_id) outbox.settle(message.client_id);
  if (!open.value && message.author !== "customer" && message.created_at > loadedAt) unread.value += 1;
  see();
}

function tell(what) {
  if (framed) window.parent.postMessage(what, host ?? "*");
}

function say(frame) {
  const { page, title, referrer } = around;
  outbox.add(frame.type === "message" ? { ...frame, context: { page, title, referrer } } : frame);
  link.flush();
}

function see() {
  if (open.value && visible.value) link.seen();
}

const actions = {
  write: (said) => say({ type: "message", ...said }),
  pick: (option) => say({ type: "action", value: option.value, text: option.label }),
  upload: (file) => link.upload(file),
  typing: () => link.typing(),
  close: () => tell({ close: true }),
  remove: (entry) => outbox.settle(entry.frame.client_id),
  edit(entry) {
    draft.value = entry.frame.text;
    outbox.settle(entry.frame.client_id);
  },
};

// What a site may ask for with `frontdesk.push([verb, ...])`; the loader knows open and close.
const verbs = {
  ask: (text) => (draft.value = `${text}`),
  identify: (user, hmac) => link.identify(user, hmac),
  consent: (given) => (consent = given === true),
  track: (name, data) => consent && link.visited({ type: "event", name: `${name}`, data }),
};

function look({ page, title }) {
  if (!consent || !page || page === seenPage) return;
  seenPage = page;
  link.visited({ type: "page", page, title });
}

addEventListener("message", ({ source, origin, data }) => {
  if (!framed || source !== window.parent || (host && origin !== host)) return;
  if (!host && !lasting && data.kept) link.token = data.kept;
  host = origin;
  around = { page: data.page, title: data.title, referrer: data.referrer };
  language.value = known(data.language);
  open.value = data.open === true;
  if (open.value) unread.value = 0;
  for (const [verb, ...given] of data.calls ?? []) if (Object.hasOwn(verbs, verb)) verbs[verb](...given);
  look(around);
  link.connect();
});
document.addEventListener("visibilitychange", () => (visible.value = !document.hidden));

effect(() => void (document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en"));
effect(() => tell({ unread: unread.value }));
effect(() => link.state.value && see());

render(html`<${Chat} ...${{ log, outbox, link, draft, open, framed, actions }} />`, document.body);
tell({ ready: true });
// A frame waits for the page around it, which answers `ready`: it may know the visitor.
if (!framed) link.connect();
