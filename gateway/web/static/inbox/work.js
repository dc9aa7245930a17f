// What an agent does: take, change, reply, note, retry, presence. Failures are said in words, never thrown on.
import { newId } from "../ui/ids.js";
import { call, callWithTag } from "./api.js";
import { begin, complain, end, loadOpen, me, open, putMessages, putTicket, session, toast } from "./desk.js";
import { draftOf, inTurn, redraft, saveNow, sent } from "./drafts.js";
import { go } from "./route.js";
import { addressed } from "./recipients.js";
import { t } from "./words.js";

export async function signIn(email, password) {
  begin(await call("POST", "/session", { body: { email, password } }));
}

export async function signOut() {
  try {
    await saveNow();
    await call("DELETE", "/session");
  } catch (problem) {
    return complain(problem);
  }
  end();
}

export async function setPresence(presence) {
  try {
    await call("PATCH", "/agents/me", { body: { presence } });
    session.value = { ...session.value, agent: { ...me.value, presence } };
  } catch (problem) {
    complain(problem);
  }
}

let turn = Promise.resolve();

/** Changes the open ticket, unless somebody else did meanwhile: then it is shown anew and the agent decides. */
export function patch(changes) {
  // One after another: each begins from what the one before it left.
  const { id } = open.value.ticket;
  turn = turn.then(() => open.value?.ticket?.id === id && change(changes));
  return turn;
}

async function change(changes) {
  const { ticket, etag } = open.value;
  try {
    putTicket(await callWithTag("PATCH", `/tickets/${ticket.id}`, { body: changes, etag }));
    return true;
  } catch (problem) {
    if (problem.status === 412) {
      toast.value = { text: t("changed") };
      await loadOpen();
    } else complain(problem);
    return false;
  }
}

/** Takes the open ticket: what was offered to this agent is accepted, anything else assigned. */
export async function take() {
  if (open.value.offered) await answerOffer("accept");
  else await patch({ assignee: "me" });
}

export async function answerOffer(answer) {
  const { ticket } = open.value;
  try {
    putTicket(await callWithTag("POST", `/tickets/${ticket.id}/offer/${answer}`));
    await loadOpen();
  } catch (problem) {
    complain(problem);
  }
}

export async function endWrapUp(id) {
  try {
    putTicket(await callWithTag("POST", `/tickets/${id}/wrap-up/end`));
  } catch (problem) {
    complain(problem);
  }
}

export const resolve = () => patch({ status: "resolved" });
export const reopen = () => patch({ status: "open" });

export function wait(choice) {
  if (choice === "customer" || choice === "internal") return patch({ status: "waiting", waiting_reason: choice });
  return patch({ status: "waiting", waiting_reason: "snoozed", snoozed_until: wakeAt(choice).toISOString() });
}

function wakeAt(choice) {
  const at = new Date();
  if (choice === "hour") return new Date(at.getTime() + 3_600_000);
  at.setDate(at.getDate() + (choice === "tomorrow" ? 1 : (8 - at.getDay()) % 7 || 7));
  at.setHours(9, 0, 0, 0);
  return at;
}

export async function takeOver(conversationId) {
  try {
    const ticket = await call("POST", `/conversations/${conversationId}/ticket`, { body: {} });
    go({ view: "mine", ticket: ticket.id });
  } catch (problem) {
    complain(problem);
  }
}

export async function retry(message) {
  try {
    await call("POST", `/messages/${message.id}/retry`);
    await loadOpen();
  } catch (problem) {
    complain(problem);
  }
}

export async function upload(file) {
  const form = new FormData();
  form.append("file", file);
  const { upload_id } = await call("POST", "/uploads", { body: form });
  return { upload_id, name: file.name, size: file.size };
}

// --- typing

const TELL_EVERY_MS = 3000;
let told = 0;

/** Tells the customer, now and then, that somebody writes; whether they hear it does not matter. */
export function sayTyping(conversationId) {
  if (Date.now() - told < TELL_EVERY_MS) return;
  told = Date.now();
  call("POST", `/conversations/${conversationId}/typing`).catch(() => {});
}

// --- what is sent

const PATHS = { reply: "replies", note: "notes", forward: "forwards" };

/** Whether there is enough of a draft to be sent. */
export function ready(draft, kind) {
  if (draft.sending) return false;
  return kind === "forward" ? addressed(draft, null, "to").length > 0 : Boolean(draft.text.trim());
}

/** The message that a draft forwards: the one that was picked, else the customer's last. */
export function picked(draft) {
  const { messages } = open.value;
  return messages.find(({ id }) => id === draft.message) ?? messages.findLast(({ author, kind }) => author === "customer" && kind === "public");
}

function bodyOf(draft, kind) {
  const { messages, recipients } = open.value;
  const body = { text: draft.text.trim() };
  if (kind === "note") return body;
  if (draft.files.length) body.attachments = draft.files.map((file) => file.upload_id);
  // What is shown is what is sent.
  const known = kind === "reply" ? recipients : null;
  if (recipients || kind === "forward") for (const field of ["to", "cc", "bcc"]) body[field] = addressed(draft, known, field);
  if (kind === "forward") return { ...body, message_id: picked(draft)?.id };
  if (draft.article) body.article_id = draft.article.id;
  return { ...body, last_seen_message_id: messages.findLast((one) => one.kind === "public")?.id };
}

/**
 * Sends a draft once, however often it is asked to: the idempotency key stays with the text until it is taken.
 * Returns whether it was sent; on a 409 the draft keeps the newer messages for the agent to read.
 */
export async function send(ticketId, kind) {
  const draft = draftOf(ticketId, kind);
  if (!ready(draft, kind)) return false;
  const { conversationId } = open.value;
  const body = bodyOf(draft, kind);
  const content = JSON.stringify(body);
  const attempt = draft.attempt?.content === content ? draft.attempt : { key: newId(), content };
  redraft(ticketId, kind, { sending: true, newer: null, attempt });
  try {
    const path = `/tickets/${ticketId}/${PATHS[kind]}`;
    // After what is being saved of it, which would else outlive it.
    putMessages(conversationId, [await inTurn(ticketId, () => call("POST", path, { body, key: attempt.key }))]);
    sent(ticketId, kind);
    // Who was named takes part from now on.
    if (body.to && kind === "reply") await loadOpen();
    return true;
  } catch (problem) {
    redraft(ticketId, kind, { sending: false, newer: problem.newer });
    if (problem.newer) putMessages(conversationId, problem.newer);
    else complain(problem);
    return false;
  }
}
