// The second pane: tickets of the chosen view (or conversations with the bot), newest change first.
import { html } from "../ui/html.js";
import { writing } from "./by_hand.js";
import { nameOf } from "./catalogue.js";
import { list, loadList, loadMore, offers, search, wrapUps } from "./desk.js";
import { Icon } from "./icons.js";
import { address, follow, route } from "./route.js";
import { age, full, now, promise, span } from "./when.js";
import { endWrapUp } from "./work.js";
import { t } from "./words.js";

export const ACTIVE = new Set(["queued", "offered", "open", "waiting"]);

export function List() {
  const { view } = route.value;
  return html`<section class="list" aria-label=${t("tickets")}>
    <header>
      <div class="line"><h2>${search.value.trim() && view !== "bot" ? t("found_anywhere") : t(`view_${view}`)}</h2>
        <button class="plain bare new" onClick=${() => (writing.value = true)} aria-label=${t("new_ticket")} title=${`${t("new_ticket")} (C)`}><${Icon} name="new" /></button></div>
      <label class="search"><${Icon} name="search" /><span class="unseen">${t(view === "bot" ? "search_bot" : "search")}</span>
        <input id="search" type="search" placeholder=${t(view === "bot" ? "search_bot" : "search")} value=${search.value} onInput=${(event) => (search.value = event.currentTarget.value)} /></label>
    </header>
    <${Offers} />
    <${WrapUps} />
    <${Rows} view=${view} />
  </section>`;
}

function Offers() {
  if (!offers.value.length) return null;
  return html`<div class="offers" role="status">
    <h3>${t("offered_to_you")}</h3>
    ${offers.value.map(({ id, number, subject }) => html`<a key=${id} href=${address({ view: "unassigned", ticket: id })}
      onClick=${(event) => follow(event, { ticket: id })}>${subject || `#${number}`}</a>`)}
  </div>`;
}

/** What one has resolved takes one's room until this ends. */
function WrapUps() {
  if (!wrapUps.value.length) return null;
  return html`<section class="offers" aria-label=${t("wrapping_up")}>
    <h3>${t("wrapping_up")}</h3>
    ${wrapUps.value.map(({ id, number, subject, wrap_up_until }) => html`<div class="line" key=${id}>
      <a href=${address({ view: "resolved", ticket: id })} onClick=${(event) => follow(event, { view: "resolved", ticket: id })}>${subject || `#${number}`}</a>
      <span class="muted" role="timer">${span(Date.parse(wrap_up_until) - now.value)}</span>
      <button onClick=${() => endWrapUp(id)} aria-label=${t("end_wrap_up_of", { name: subject || `#${number}` })}>${t("end_it")}</button></div>`)}
  </section>`;
}

function Rows({ view }) {
  const { items, more, problem } = list.value;
  if (problem && !items) {
    return html`<div class="empty" role="alert"><p>${problem.message}</p><button onClick=${loadList}>${t("again")}</button></div>`;
  }
  if (!items) return html`<div class="empty"><p>${t("loading")}</p></div>`;
  if (!items.length) return html`<div class="empty"><p>${search.value ? t("no_matches", { q: search.value }) : t(`empty_${view}`)}</p></div>`;
  return html`<ul class="rows">
    ${items.map((item) => html`<li key=${item.id}><${Row} item=${item} view=${view} /></li>`)}
    ${more && html`<li><button class="more" onClick=${loadMore}>${t("more")}</button></li>`}
  </ul>`;
}

function Row({ item, view }) {
  const to = view === "bot" ? { conversation: item.id } : { ticket: item.id };
  const chosen = item.id === (route.value.ticket ?? route.value.conversation);
  const last = item.last_message;
  const unanswered = last?.author === "customer" && view !== "resolved";
  return html`<a class="row" href=${address({ view, ...to })} onClick=${(event) => follow(event, to)} aria-current=${chosen ? "true" : undefined}>
    <span class="line">
      <${Icon} name=${item.channel_kind ?? "bot"} />
      <span class="who">${item.customer?.name || t("visitor")}</span>
      <${Tier} name=${item.customer?.tier} />
      ${unanswered && html`<i class="news"></i>`}
      <time datetime=${item.updated_at} title=${full(item.updated_at)}>${age(item.updated_at)}</time>
    </span>
    ${item.subject && html`<span class="subject" title=${item.subject}>${item.subject}</span>`}
    ${last && last.text !== item.subject && html`<span class="preview">${last.author === "customer" ? "" : "↩ "}${last.text}</span>`}
    ${item.status && html`<span class="line foot"><${Status} ticket=${item} /><${Priority} name=${item.priority} />
      <span class="where">${[nameOf("queues", item.queue, item.queue_name), view !== "mine" && item.assignee_name].filter(Boolean).join(" · ")}</span>
      <${Due} ticket=${item} /></span>`}
  </a>`;
}

export function Tier({ name }) {
  return name && html`<span class=${`tier ${name}`}>${nameOf("tiers", name)}</span>`;
}

export function Status({ ticket }) {
  const reason = ticket.status === "waiting" && ticket.waiting_reason ? ` · ${t(`reason_${ticket.waiting_reason}`)}` : "";
  return html`<span class=${`status ${ticket.status}`}>${t(`status_${ticket.status}`)}${reason}</span>`;
}

function Priority({ name }) {
  return (name === "urgent" || name === "high") && html`<span class=${`priority ${name}`}>${t(name)}</span>`;
}

/** How long until the ticket's next promise; none once the work is done. */
export function Due({ ticket }) {
  const { due_at, status } = ticket;
  return due_at && ACTIVE.has(status) && html`<${Promised} at=${due_at} />`;
}

export function Promised({ at }) {
  const { text, state } = promise(at);
  return html`<time class=${`due ${state}`} datetime=${at} title=${full(at)}>${text}</time>`;
}
