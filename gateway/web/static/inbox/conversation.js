// The third pane: the open ticket or bot conversation, its messages, and what can be done with it.
import { html, signal, useLayoutEffect, useRef } from "../ui/html.js";
import { Composer } from "./composer.js";
import { list, loadOpen, me, open, typing } from "./desk.js";
import { Details } from "./details.js";
import { Icon } from "./icons.js";
import { ACTIVE, Due, Status, Tier } from "./list.js";
import { asking } from "./merge.js";
import { Message } from "./message.js";
import { go, route } from "./route.js";
import { now, span } from "./when.js";
import { answerOffer, endWrapUp, reopen, resolve, take, takeOver, wait } from "./work.js";
import { t } from "./words.js";

const WAITS = ["customer", "internal", "hour", "tomorrow", "monday", "until"];
const detailsShown = signal(window.innerWidth >= 1200);

export function Conversation() {
  const shown = open.value;
  if (!shown) return html`<section class="thread nothing"><p>${t("pick")}</p><p>${t("pick_hint")}</p></section>`;
  const { ticket, messages, problem, id } = shown;
  const conversation = ticket ? null : list.value.items?.find((one) => one.id === id);
  const customer = ticket?.customer ?? conversation?.customer;
  return html`<section class="thread" aria-label=${t("conversation")}>
    <div class="middle">
      <${Heading} ticket=${ticket} conversation=${conversation} customer=${customer} />
      ${problem && html`<div class="empty" role="alert"><p>${problem.message}</p><button onClick=${loadOpen}>${t("again")}</button></div>`}
      ${!problem && (messages ? html`<${Log} key=${id} messages=${messages} types=${typing.value === shown.conversationId && (customer?.name || t("visitor"))} />` : html`<div class="empty"><p>${t("loading")}</p></div>`)}
      ${ticket?.wrap_up_until && html`<${WrapUp} ticket=${ticket} />`}
      ${ticket && messages && html`<${Foot} ticket=${ticket} />`}
      ${conversation && html`<div class="foot-note"><span>${t("bot_has_it")}</span>
        <button class="primary" onClick=${() => takeOver(id)}>${t("take_over")}</button></div>`}
    </div>
    ${ticket && detailsShown.value && html`<${Details} ticket=${ticket} decisions=${shown.decisions} assignment=${shown.assignment} close=${() => (detailsShown.value = false)} />`}
  </section>`;
}

function Heading({ ticket, conversation, customer }) {
  return html`<header class="heading">
    <button class="plain bare back" onClick=${() => go({ view: route.value.view })} aria-label=${t("back")}><${Icon} name="back" /></button>
    <div class="title">
      <h1 title=${ticket?.subject}>${ticket ? ticket.subject || `#${ticket.number}` : customer?.name || t("visitor")}</h1>
      <p>${ticket && html`<span class="number">#${ticket.number}</span>`}
        ${ticket && html`<span>${customer?.name || t("visitor")}</span>`}
        <${Tier} name=${customer?.tier} />
        ${ticket && html`<${Status} ticket=${ticket} />`}
        ${conversation && html`<span class="status bot">${t("status_bot")}</span>`}
        ${ticket && html`<${Due} ticket=${ticket} />`}</p>
    </div>
    ${ticket && html`<${Actions} ticket=${ticket} />`}
  </header>`;
}

function Actions({ ticket }) {
  const mine = ticket.assignee === me.value.id;
  const offered = ticket.status === "offered" && open.value.offered;
  const active = ACTIVE.has(ticket.status);
  const chosen = (event) => {
    if (event.currentTarget.value === "until") asking.value = "snooze";
    else wait(event.currentTarget.value);
    event.currentTarget.value = "";
  };
  return html`<div class="actions">
    ${active && !mine && html`<button class="primary" onClick=${take} title="T">${t(offered ? "accept" : "take")}</button>`}
    ${offered && html`<button onClick=${() => answerOffer("decline")}>${t("decline")}</button>`}
    ${active && html`<select class="button" aria-label=${t("wait")} value="" onChange=${chosen}>
      <option value="" disabled hidden>${t("wait")}</option>
      ${WAITS.map((name) => html`<option key=${name} value=${name}>${t(`wait_${name}`)}</option>`)}</select>`}
    ${active && html`<button onClick=${resolve} title="E">${t("resolve")}</button>`}
    ${(active || ticket.status === "resolved") && html`<button class="plain bare" onClick=${() => (asking.value = "merge")} aria-label=${t("merge")} title=${`${t("merge")} (M)`}><${Icon} name="merge" /></button>`}
    ${(ticket.status === "resolved" || ticket.status === "waiting") && html`<button onClick=${reopen}>${t("reopen")}</button>`}
    <button class="plain bare" onClick=${() => (detailsShown.value = !detailsShown.value)} aria-pressed=${detailsShown.value}
      aria-label=${t("details")} title=${t("details")}><${Icon} name="details" /></button>
  </div>`;
}

/** What is resolved takes its agent's room until they end this. */
function WrapUp({ ticket }) {
  const left = Date.parse(ticket.wrap_up_until) - now.value;
  const ends = ticket.assignee === me.value.id || me.value.role !== "agent";
  return html`<div class="foot-note"><span role="timer">${t("wraps_up", { time: span(left) })}</span>
    ${ends && html`<button onClick=${() => endWrapUp(ticket.id)}>${t("wrapped_up")}</button>`}</div>`;
}

function Foot({ ticket }) {
  if (ticket.status === "closed" || ticket.status === "merged") return html`<div class="foot-note"><span>${t("closed_hint")}</span></div>`;
  return html`<${Composer} key=${ticket.id} ticket=${ticket} />`;
}

function Log({ messages, types }) {
  const box = useRef(null);
  const atEnd = useRef(true);
  const follow = () => atEnd.current && (box.current.scrollTop = box.current.scrollHeight);
  const scrolled = ({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
    atEnd.current = scrollHeight - scrollTop - clientHeight < 80;
  };
  useLayoutEffect(follow, [messages, types]);
  useLayoutEffect(() => {
    const resized = new ResizeObserver(follow);
    resized.observe(box.current);
    return () => resized.disconnect();
  }, []);
  return html`<div class="log" ref=${box} onScroll=${scrolled} tabindex="0" role="log" aria-label=${t("messages")}>
    ${!messages.length && html`<p class="empty">${t("empty_log")}</p>`}
    <ol>
      ${messages.map((message, at) => html`<${Message} key=${message.id} message=${message} before=${messages[at - 1]} />`)}
    </ol>
    <p class="types" role="status">${types ? t("types", { name: types }) : ""}</p>
  </div>`;
}
