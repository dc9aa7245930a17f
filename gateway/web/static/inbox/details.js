// Beside the conversation: the ticket's fields, its promises, and why it came here.
import { html } from "../ui/html.js";
import { agents, me, queues } from "./desk.js";
import { Icon } from "./icons.js";
import { Promised, Tier } from "./list.js";
import { address, follow } from "./route.js";
import { full, moment } from "./when.js";
import { patch } from "./work.js";
import { t } from "./words.js";

const PRIORITIES = ["low", "normal", "high", "urgent"];

export function Details({ ticket, decisions, close }) {
  return html`<aside class="details" aria-label=${t("details")}>
    <header><h2>${t("details")}</h2>
      <button class="plain bare" onClick=${close} aria-label=${t("close")}><${Icon} name="close" /></button></header>
    <${Fields} ticket=${ticket} />
    <h3>${t("promises")}</h3>
    <dl>${ticket.clocks?.map((clock) => html`<${Clock} key=${clock.metric} clock=${clock} />`)}</dl>
    <h3>${t("why")}</h3>
    ${decisions.length ? decisions.map((one, at) => html`<${Decision} key=${one.id} decision=${one} first=${at === 0} />`)
      : html`<p class="muted">${t("why_none")}</p>`}
  </aside>`;
}

function Fields({ ticket }) {
  const people = [{ id: "", name: t("nobody") }, ...withChosen(agents.value, ticket.assignee, ticket.assignee_name)];
  const lines = withChosen(queues.value, ticket.queue, ticket.queue_name);
  const before = ticket.previous_ticket_id && { ticket: ticket.previous_ticket_id };
  return html`<dl>
    <${Choice} name="assignee" value=${ticket.assignee ?? ""} choices=${people.map(({ id, name }) => [id, id === me.value.id ? `${name} (${t("you")})` : name])}
      change=${(id) => patch({ assignee: id || null })} />
    <${Choice} name="queue" value=${ticket.queue} choices=${lines.map(({ id, name }) => [id, name])} change=${(queue) => patch({ queue })} />
    <${Choice} name="priority" value=${ticket.priority} choices=${PRIORITIES.map((one) => [one, t(one)])} change=${(priority) => patch({ priority })} />
    <dt>${t("customer")}</dt><dd>${ticket.customer?.name || t("visitor")} <${Tier} name=${ticket.customer?.tier} /></dd>
    <dt>${t("channel")}</dt><dd class="channel"><${Icon} name=${ticket.channel_kind} />${ticket.channel_name}</dd>
    <dt>${t("created")}</dt><dd title=${full(ticket.created_at)}>${moment(ticket.created_at)}</dd>
    ${ticket.tags?.length > 0 && html`<dt>${t("tags")}</dt><dd class="tags">${ticket.tags.map((tag) => html`<span class="tag" key=${tag}>${tag}</span>`)}</dd>`}
    ${before && html`<dt>${t("before")}</dt><dd><a href=${address({ view: "all", ...before })} onClick=${(event) => follow(event, before)}>${t("open_it")}</a></dd>`}
  </dl>`;
}

/** What is chosen stays nameable where the list lacks it, as when it may not be read. */
function withChosen(items, id, name) {
  return !id || items.some((one) => one.id === id) ? items : [...items, { id, name: name ?? id }];
}

function Choice({ name, value, choices, change }) {
  return html`<dt><label for=${`field-${name}`}>${t(name)}</label></dt>
    <dd><select id=${`field-${name}`} class="field" value=${value} onChange=${(event) => change(event.currentTarget.value)}>
      ${choices.map(([id, label]) => html`<option key=${id} value=${id}>${label}</option>`)}</select></dd>`;
}

function Clock({ clock }) {
  const { metric, state, deadline, breached } = clock;
  const ended = state === "done" ? t(breached ? "missed" : "kept") : t(`clock_${state}`);
  return html`<dt>${t(metric)}</dt><dd>${deadline ? html`<${Promised} at=${deadline} />` : html`<span class="muted">${ended}</span>`}</dd>`;
}

function Decision({ decision, first }) {
  const { created_at, why, hits, match, rules_version } = decision;
  return html`<details class="decision" open=${first}>
    <summary><time datetime=${created_at} title=${full(created_at)}>${moment(created_at)}</time> ${why}</summary>
    <h4>${t("rules_hit")} <small>${t("rules_version", { version: rules_version })}</small></h4>
    ${hits?.length ? html`<ul>${hits.map((hit) => html`<li key=${hit.rule_id}><code>${hit.rule_id}</code> <small>${hit.stage}</small>
        ${hit.did.map((did) => html`<p>${did}</p>`)}</li>`)}</ul>` : html`<p class="muted">${t("no_rules")}</p>`}
    ${match && html`<h4>${t("knowledge")} <small>${t(`match_${match.outcome}`)}</small></h4>
      <ul>${match.candidates?.slice(0, 3).map(({ article_id, title, confidence }) => html`<li key=${article_id} class="candidate">
        <span>${title ?? article_id}</span><meter min="0" max="1" value=${confidence}></meter><small>${Math.round(confidence * 100)}%</small></li>`)}</ul>`}
  </details>`;
}
