// What an agent has begun to write: one draft a ticket and kind ("reply", "note" or "forward"). The tab keeps their texts
// while it lives; the desk keeps the reply or note that was written last on a ticket, for the agent's other devices.
import { effect, signal } from "../ui/html.js";
import { call, callWithTag } from "./api.js";
import { me } from "./desk.js";

const KEPT = "frontdesk:begun";
const SAVE_AFTER_MS = 1000;
const LONGEST_ON_LEAVING = 20_000; // characters; browsers let no more than 64 KiB outlive a page
const KINDS = ["reply", "note"];
const NONE = '"v0"';
// `desk`: the text as the desk had it when this tab last heard.
const EMPTY = { text: "", desk: "", files: [], to: null, cc: null, bcc: null, message: null, article: null, sending: false, newer: null, attempt: null };

const tags = new Map(); // by ticket, the version that the desk had
let owner = null; // whose they are
const drafts = signal(kept());
export const writers = signal({}); // by ticket, the colleagues who have begun to write on it

function kept() {
  try {
    const { agent, begun } = JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
    owner = agent;
    return Object.fromEntries(Object.entries(begun).map(([name, texts]) => [name, { ...EMPTY, ...texts }]));
  } catch {
    return {};
  }
}

effect(() => {
  const begun = Object.entries(drafts.value).flatMap(([name, { text, desk }]) => (text || desk ? [[name, { text, desk }]] : []));
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ agent: owner, begun: Object.fromEntries(begun) }));
  } catch {
    // Storage is refused: what the desk does not keep lasts as long as the page.
  }
});

// Somebody else has signed in.
effect(() => {
  const agent = me.value?.id;
  if (!agent || agent === owner) return;
  const others = owner;
  owner = agent;
  if (!others) return;
  tags.clear();
  drafts.value = {};
});

export const draftOf = (ticketId, kind) => drafts.value[`${ticketId}:${kind}`] ?? EMPTY;

function put(ticketId, kind, changes) {
  drafts.value = { ...drafts.value, [`${ticketId}:${kind}`]: { ...draftOf(ticketId, kind), ...changes } };
}

export function redraft(ticketId, kind, changes) {
  put(ticketId, kind, changes);
  if ("text" in changes && kind !== "forward") later(ticketId, kind);
}

// --- the desk's copy

const turns = new Map(); // by ticket, what is being asked of the desk: one thing after another

/** Does something about a ticket's drafts once what was begun before is done. */
export function inTurn(ticketId, work) {
  const turn = (turns.get(ticketId) ?? Promise.resolve()).then(work);
  turns.set(ticketId, turn.catch(() => {}));
  return turn;
}

let pending = null;

function later(ticketId, kind) {
  if (pending && (pending.ticketId !== ticketId || pending.kind !== kind)) saveNow();
  clearTimeout(pending?.timer);
  pending = { ticketId, kind, timer: setTimeout(saveNow, SAVE_AFTER_MS) };
}

/** Saves what was typed last without waiting for the agent to stop. */
export function saveNow() {
  if (!pending) return null;
  const { ticketId, kind, timer } = pending;
  clearTimeout(timer);
  pending = null;
  return inTurn(ticketId, () => save(ticketId, kind));
}

addEventListener("pagehide", saveNow);
document.addEventListener("visibilitychange", () => document.hidden && saveNow());

const pathOf = (ticketId) => `/tickets/${ticketId}/draft`;
const other = (kind) => (kind === "note" ? "reply" : "note");

async function save(ticketId, kind) {
  const { text, desk } = draftOf(ticketId, kind);
  const blank = !text.trim();
  if (text === desk || (blank && !desk)) return;
  const how = { etag: tags.get(ticketId), keepalive: text.length <= LONGEST_ON_LEAVING };
  try {
    const { etag } = blank ? await callWithTag("DELETE", pathOf(ticketId), how) : await callWithTag("PUT", pathOf(ticketId), { ...how, body: { kind, text } });
    tags.set(ticketId, etag ?? NONE);
    has(ticketId, kind, blank ? "" : text);
  } catch (problem) {
    // Written on another device meanwhile. Anything else is tried again with the next words.
    if (problem.status === 412) await load(ticketId).catch(() => {});
  }
}

/** The desk has this text of one kind, and none of the other. */
function has(ticketId, kind, desk) {
  put(ticketId, kind, { desk });
  if (draftOf(ticketId, other(kind)).desk) put(ticketId, other(kind), { desk: "" });
}

/** What was sent is no draft any more, on the desk as well; what the agent has of the other kind is saved in its place. */
export function sent(ticketId, kind) {
  if (draftOf(ticketId, kind).desk) tags.set(ticketId, NONE);
  put(ticketId, kind, EMPTY);
  const rest = other(kind);
  if (kind !== "forward" && draftOf(ticketId, rest).text) later(ticketId, rest);
}

/** Brings what the agent has begun elsewhere, and who else has begun; returns the kind, null if there is nothing. */
export const restore = (ticketId) => inTurn(ticketId, () => load(ticketId).catch(() => null));

async function load(ticketId) {
  const path = pathOf(ticketId);
  const { data } = await call("GET", `${path}s`);
  writers.value = { ...writers.value, [ticketId]: data.filter((one) => one.agent_id !== me.value.id) };
  const found = data.length > writers.value[ticketId].length ? await callWithTag("GET", path) : null;
  tags.set(ticketId, found?.etag ?? NONE);
  for (const kind of KINDS) take(ticketId, kind, found?.value);
  const kind = found?.value.kind ?? KINDS.find((one) => draftOf(ticketId, one).text) ?? null;
  if (kind) later(ticketId, kind);
  return kind;
}

function take(ticketId, kind, found) {
  const before = draftOf(ticketId, kind);
  const desk = found?.kind === kind ? found.text : "";
  // What made way for the other kind on the desk is still here.
  const text = before.desk === desk || (found && found.kind !== kind) ? before.text : newest(before, desk);
  put(ticketId, kind, { text, desk });
}

/** Which text goes on: the desk's unless this tab has words that it lacks; both where each has some. */
function newest({ text, desk: known }, desk) {
  if (text === known || desk.includes(text)) return desk;
  return text.includes(desk) ? text : `${desk}\n\n${text}`;
}
