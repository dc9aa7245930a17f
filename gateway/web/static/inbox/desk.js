// What the inbox knows and how it learns it: the session, the list, the open ticket, and live events.
import { batch, computed, effect, signal } from "../ui/html.js";
import { all, call, callWithTag, keepToken, onSignedOut, Problem } from "./api.js";
import { loadCatalogue } from "./catalogue.js";
import { route } from "./route.js";
import { Stream } from "./stream.js";

const PAGE = 50;
const REFRESH_EVERY_MS = 400; // a burst of events is one reload

export const session = signal(undefined); // undefined: not yet known; null: signed out
export const me = computed(() => session.value?.agent ?? null);
export const counts = signal({});
export const search = signal("");
export const list = signal({ items: null, more: null, problem: null });
export const open = signal(null); // {id, ticket, etag, conversationId, messages, decisions, assignment, offered, recipients, mailbox, problem}
export const offers = signal([]); // tickets held out to this agent
export const wrapUps = signal([]); // what this agent has resolved and wraps up
export const typing = signal(null); // the conversation whose customer types just now
export const unread = signal(0); // notifications that were not read
export const told = signal(0); // raised when somebody was told something, or has read it
export const setUp = signal(0); // raised when what is set up has changed
export const toast = signal(null);

export function complain(problem) {
  if (!(problem instanceof Problem)) console.error(problem);
  if (problem.status !== 401) toast.value = { text: problem.message };
}

// --- the session

export async function resume() {
  try {
    begin(await call("GET", "/session"));
  } catch (problem) {
    session.value = null;
    if (problem.status !== 401) complain(problem);
  }
}

export function begin(answer) {
  keepToken(answer.csrf);
  session.value = answer;
  stream.start();
}

export function end() {
  stream.stop();
  keepToken("");
  batch(() => {
    session.value = null;
    open.value = null;
    offers.value = [];
    wrapUps.value = [];
    list.value = { items: null, more: null, problem: null };
  });
}

onSignedOut(end);

// --- lists

const FILTERS = {
  mine: "status=offered,open,waiting,queued&assignee=me",
  unassigned: "assignee=none&status=queued,offered,open",
  all: "status=queued,offered,open,waiting",
  waiting: "status=waiting",
  resolved: "status=resolved,closed",
};

function listPath(cursor, limit) {
  const { view } = route.value;
  const page = `limit=${limit}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`;
  const q = search.value.trim();
  if (view === "bot") return `/conversations?with=bot&${page}${q ? `&q=${encodeURIComponent(q)}` : ""}`;
  // What is looked for may be anywhere.
  return q ? `/tickets?${page}&q=${encodeURIComponent(q)}` : `/tickets?${FILTERS[view]}&${page}`;
}

let listTurn = 0;

export async function loadList() {
  const turn = ++listTurn;
  const shown = list.peek().items?.length ?? 0;
  try {
    const page = await call("GET", listPath(null, Math.min(100, Math.max(PAGE, shown))));
    if (turn === listTurn) list.value = { items: page.data, more: page.next_cursor, problem: null };
  } catch (problem) {
    if (turn === listTurn) list.value = { ...list.peek(), problem };
  }
}

export async function loadMore() {
  const turn = ++listTurn;
  try {
    const { items, more } = list.peek();
    const page = await call("GET", listPath(more, PAGE));
    const fresh = page.data.filter((one) => !items.some((old) => old.id === one.id));
    if (turn === listTurn) list.value = { items: [...items, ...fresh], more: page.next_cursor, problem: null };
  } catch (problem) {
    complain(problem);
  }
}

async function loadCounts() {
  try {
    counts.value = await call("GET", "/tickets/counts");
  } catch (problem) {
    complain(problem);
  }
}

async function loadUnread() {
  try {
    unread.value = (await call("GET", "/notifications/unread")).count;
    told.value += 1;
  } catch (problem) {
    complain(problem);
  }
}

async function loadOffers() {
  try {
    offers.value = (await call("GET", "/tickets?offered_to=me&status=offered&limit=50")).data;
  } catch (problem) {
    complain(problem);
  }
}

async function loadWrapUps() {
  try {
    wrapUps.value = (await call("GET", "/tickets?assignee=me&wrapping_up=true&limit=50")).data;
  } catch (problem) {
    complain(problem);
  }
}

// --- the open ticket or conversation

const isOpen = (id) => id && (id === route.value.ticket || id === route.value.conversation);

function change(id, patch) {
  if (isOpen(id)) open.value = { ...open.peek(), ...patch };
}

export async function loadOpen() {
  const { ticket: ticketId, conversation } = route.peek();
  const id = ticketId ?? conversation;
  if (!id) return void (open.value = null);
  const fresh = open.peek()?.id !== id;
  if (fresh) open.value = { id, ticket: null, conversationId: conversation, messages: null, decisions: [], problem: null };
  try {
    const found = ticketId ? await callWithTag("GET", `/tickets/${ticketId}`) : null;
    const conversationId = found?.value.conversation_id ?? conversation;
    if (found) change(id, { ticket: found.value, etag: found.etag, conversationId });
    const [messages, decisions, assignment, people] = await Promise.all([
      found ? everything(found.value) : all(`/conversations/${conversationId}/messages`),
      found ? all(`/tickets/${ticketId}/decisions`) : [],
      found ? call("GET", `/tickets/${ticketId}/assignment`) : null,
      found && call("GET", `/tickets/${ticketId}/recipients`),
    ]);
    const offered = assignment?.offers.some((offer) => offer.agent_id === me.value?.id && !offer.ended_at);
    const recipients = people?.to.length ? people : null;
    change(id, { messages, decisions, assignment, offered, recipients, mailbox: people?.forwards_from, problem: null });
    // Who looks at the ticket need not be told of it any more.
    if (fresh && found && unread.peek()) await call("POST", "/notifications/read", { body: { ticket_id: found.value.id } });
  } catch (problem) {
    change(id, { problem });
  }
}

/** The messages of a ticket's conversation, and of those of tickets that were merged into it, in the order of time. */
async function everything({ id, conversation_id }) {
  const [own, leading] = await Promise.all([all(`/conversations/${conversation_id}/messages`), all(`/conversations?ticket=${id}`)]);
  const others = await Promise.all(leading.filter((one) => one.id !== conversation_id).map((one) => all(`/conversations/${one.id}/messages`)));
  if (!others.length) return own;
  return [own, ...others].flat().sort((one, other) => one.created_at.localeCompare(other.created_at));
}

/** Shows a ticket as the desk just answered it. */
export function putTicket({ value, etag }) {
  change(value.id, { ticket: value, etag });
  wrapUps.value = wrapUps.peek().filter((one) => one.id !== value.id || value.wrap_up_until);
  const items = list.peek().items?.map((one) => (one.id === value.id ? value : one));
  if (items) list.value = { ...list.peek(), items };
}

/** Puts messages into the open conversation: new ones at the end, known ones in their place. */
export function putMessages(conversationId, arrived) {
  const shown = open.peek();
  if (shown?.conversationId !== conversationId || !shown.messages) return;
  const messages = [...shown.messages];
  for (const message of arrived) {
    const at = messages.findIndex((one) => one.id === message.id);
    if (at < 0) messages.push(message);
    else messages[at] = message;
  }
  open.value = { ...shown, messages };
}

// --- live

function coalesced(work) {
  let timer = 0;
  let last = 0;
  return () => {
    timer ||= setTimeout(() => {
      timer = 0;
      last = Date.now();
      if (session.peek()) work();
    }, Math.max(0, last + REFRESH_EVERY_MS - Date.now()));
  };
}

const soonList = coalesced(loadList);
const soonCounts = coalesced(loadCounts);
const soonOpen = coalesced(loadOpen);
const soonWrapUps = coalesced(loadWrapUps);
const soonUnread = coalesced(loadUnread);
const soonCatalogue = coalesced(async () => {
  await loadCatalogue();
  setUp.value += 1;
});

// Events say what changed and carry little of it: what is on the screen is read again.
const TELLS_OF_WORK = new Set(["message", "ticket", "conversation", "offer"]);

const SETS_UP = new Set(["agent", "catalogue", "channel", "rules", "article", "deadletter"]);

function take({ type, ticket_id, conversation_id, data }) {
  const [what] = type.split(".");
  if (SETS_UP.has(what)) soonCatalogue();
  if (what === "deadletter") soonCounts();
  if (what === "message" && conversation_id === typing.peek()) typing.value = null;
  if (type === "agent.updated" && data.id === me.peek()?.id && data.presence) {
    session.value = { ...session.peek(), agent: { ...me.peek(), presence: data.presence } };
  }
  if (what === "notification" && concernsMe(data)) soonUnread();
  if (!TELLS_OF_WORK.has(what)) return;
  soonList();
  if (type !== "message.updated") soonCounts();
  // A wrap-up begins with what is resolved, and is told when it ends.
  if (what === "ticket" && (data.status === "resolved" || "wrap_up_until" in data)) soonWrapUps();
  if (what === "offer") offered(type, ticket_id, data);
  const shown = open.peek();
  if (shown && (shown.id === ticket_id || shown.conversationId === conversation_id)) soonOpen();
}

const concernsMe = ({ to, agent, agents }) => to === "everyone" || agent === me.peek()?.id || Boolean(agents?.includes(me.peek()?.id));

async function offered(type, ticketId, data) {
  offers.value = offers.peek().filter((ticket) => ticket.id !== ticketId);
  if (type === "offer.created" && data.agent === me.peek()?.id) await loadOffers();
}

export function reload() {
  loadUnread();
  loadCounts();
  loadCatalogue();
  loadOffers();
  loadWrapUps();
  loadList();
  loadOpen();
}

async function stillSignedIn() {
  try {
    await call("GET", "/session");
  } catch (problem) {
    if (problem.status === 401) end();
  }
}

const TYPES_FOR_MS = 5000;
let stops = 0;

function types(conversation) {
  typing.value = conversation;
  clearTimeout(stops);
  stops = setTimeout(() => (typing.value = null), TYPES_FOR_MS);
}

export const stream = new Stream(take, types, reload, stillSignedIn);
effect(() => stream.watch(open.value?.conversationId ?? null));

// A change of view or search shows another list; a change of address another ticket.
let listShown = "";
let pause = 0;
effect(() => {
  const wanted = `${route.value.view} ${search.value}`;
  if (!session.value || !route.value.view || wanted === listShown) return;
  const sameView = wanted.split(" ")[0] === listShown.split(" ")[0];
  listShown = wanted;
  clearTimeout(pause);
  if (!sameView) list.value = { items: null, more: null, problem: null };
  pause = setTimeout(loadList, sameView ? 200 : 0);
});
effect(() => {
  if (session.value && (route.value.ticket ?? route.value.conversation) !== (open.peek()?.id ?? null)) loadOpen();
});
