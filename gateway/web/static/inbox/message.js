// One message: who said it, what, its attachments, and whether it arrived.
import { html } from "../ui/html.js";
import { fileSize, link, linked, webAddress, wordsOf } from "../ui/text.js";
import { MakeArticle } from "./articles.js";
import { AsSent } from "./as_sent.js";
import { me, open } from "./desk.js";
import { Icon } from "./icons.js";
import { ask } from "./keys.js";
import { named, Took } from "./recipients.js";
import { full, moment } from "./when.js";
import { retry } from "./work.js";
import { t } from "./words.js";

const TOGETHER_MS = 300_000; // messages of one author within five minutes share a heading

export function Message({ message, before }) {
  const note = message.kind === "note";
  const text = wordsOf(message);
  return html`<li class=${`message ${note ? "note" : message.author}${together(message, before) ? " again" : ""}`}>
    <p class="by"><b>${authorOf(message)}</b>${note && html`<span class="tag">${t("note")}</span>`}
      <time datetime=${message.created_at} title=${full(message.created_at)}>${moment(message.created_at)}</time>
      ${!note && open.value.mailbox && html`<button class="plain bare" onClick=${() => ask("forward", message.id)} aria-label=${t("forward")} title=${t("forward")}><${Icon} name="forward" /></button>`}
      ${!note && message.author === "agent" && html`<${MakeArticle} message=${message} />`}</p>
    <${Took} message=${message} />
    ${marksOf(message).map((mark) => html`<p class="mark" key=${mark}>${mark}</p>`)}
    ${text && html`<div class="bubble">${linked(text)}</div>`}
    ${message.html && message.context?.mail && html`<${AsSent} message=${message} />`}
    ${message.attachments?.map((file) => html`<${File} key=${file.url} file=${file} />`)}
    ${message.options?.length > 0 && html`<p class="options">${message.options.map((one) => html`<span key=${one.value}>${one.label}</span>`)}</p>`}
    <${Delivery} message=${message} />
  </li>`;
}

function authorOf(message) {
  const writer = message.context?.mail?.from;
  if (writer) return named(writer);
  if (message.author === "agent" && message.author_id === me.value.id) return t("you");
  return message.author_name || (message.author === "customer" ? t("visitor") : t(message.author));
}

function marksOf({ details, context }) {
  const { withdrawn, edited, discarded, subject, forwarded } = details ?? {};
  const other = context?.mail && subject && bare(subject) !== bare(open.value?.ticket?.subject ?? subject);
  return [other && t("other_subject", { subject }), forwarded && t("was_forwarded"), context?.mail?.answers_forward && t("answers_forward"), context?.mail?.cut && t("cut"), withdrawn && t("withdrawn"), edited && t("edited"), discarded && t("discarded", { why: discarded })].filter(Boolean);
}

/** A subject without what mail programs put before it. */
const bare = (subject) => subject.replace(/^(\s*(re|aw|fw|fwd|wg|sv|vs|回复|答复|转发)\s*[:：])+/i, "").trim();

function together(message, before) {
  if (!before || before.author !== message.author || authorOf(before) !== authorOf(message)) return false;
  return before.kind === message.kind && Date.parse(message.created_at) - Date.parse(before.created_at) < TOGETHER_MS;
}

function File({ file }) {
  const name = file.name || t("file");
  const inside = webAddress(file.url)?.startsWith(`${location.origin}/`);
  const picture = inside && /^image\/(png|jpeg|gif|webp|svg\+xml)$/.test(file.type);
  return html`<div class="file">
    ${picture && html`<a href=${file.url} target="_blank" rel="noopener"><img src=${file.url} alt=${name} loading="lazy" /></a>`}
    <span>${link(file.url, name)} <small>${fileSize(file.size)}</small></span>
  </div>`;
}

function Delivery({ message }) {
  const { state, error } = message.delivery ?? {};
  if (!state || message.author === "customer" || (message.author === "system" && state === "sent")) return null;
  if (state === "failed" || state === "in_doubt") {
    return html`<p class="delivery bad" role="alert">${t(state)}${error ? `: ${error}` : "."}
      <button onClick=${() => retry(message)}>${t(state === "failed" ? "retry" : "send_again")}</button></p>`;
  }
  return html`<p class=${`delivery ${state}`}>${t(state === "kept" ? "state_kept" : state)}</p>`;
}
