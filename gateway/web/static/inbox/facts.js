// The ticket's editable facts: who has it, where it waits, what it is about, its tags and fields.
import { html, useState } from "../ui/html.js";
import { agents, catalogue, nameOf } from "./catalogue.js";
import { me } from "./desk.js";
import { Icon } from "./icons.js";
import { address, follow } from "./route.js";
import { full, moment } from "./when.js";
import { patch } from "./work.js";
import { t } from "./words.js";

const PRIORITIES = ["low", "normal", "high", "urgent"];

export function Facts({ ticket }) {
  const people = [["", t("nobody")], ...agents.value.map(({ id, name, presence }) => [id, `${name} (${id === me.value.id ? t("you") : t(presence)})`])];
  const named = (kind) => catalogue(kind).map(({ id }) => [id, nameOf(kind, id)]);
  const before = ticket.previous_ticket_id && { ticket: ticket.previous_ticket_id };
  const into = ticket.merged_into && { ticket: ticket.merged_into };
  const fixed = ticket.status === "closed" || ticket.status === "merged";
  const pins = [["", t("anybody")], ...people.slice(1)];
  const supervises = me.value.role !== "agent";
  return html`<dl>
    <${Choice} name="assignee" fixed=${fixed} value=${ticket.assignee ?? ""} choices=${withChosen(people, ticket.assignee, ticket.assignee_name)} change=${(id) => patch({ assignee: id || null })} />
    ${(supervises || ticket.pinned_to) && html`<${Choice} name="pinned_to" fixed=${fixed || !supervises} value=${ticket.pinned_to ?? ""} choices=${withChosen(pins, ticket.pinned_to)} change=${(id) => patch({ pinned_to: id || null })} />`}
    <${Choice} name="queue" fixed=${fixed} value=${ticket.queue} choices=${withChosen(named("queues"), ticket.queue, ticket.queue_name)} change=${(queue) => patch({ queue })} />
    <${Choice} name="priority" fixed=${fixed} value=${ticket.priority} choices=${PRIORITIES.map((one) => [one, t(one)])} change=${(priority) => patch({ priority })} />
    <${Choice} name="type" fixed=${fixed} value=${ticket.type} choices=${[["", "—"], ...withChosen(named("types"), ticket.type)]} change=${(type) => patch({ type })} />
    <dt>${t("tags")}</dt><dd><${Tags} key=${ticket.id} tags=${ticket.tags} fixed=${fixed} /></dd>
    ${catalogue("fields").filter(({ on }) => on === "ticket").map((field) => html`<${Noted} key=${`${ticket.id} ${field.id}`} field=${field} value=${ticket.fields[field.id]} fixed=${fixed} />`)}
    <dt>${t("channel")}</dt><dd class="channel">${ticket.channel_kind ? html`<${Icon} name=${ticket.channel_kind} />${ticket.channel_name}` : t("by_hand")}</dd>
    <dt>${t("created")}</dt><dd title=${full(ticket.created_at)}>${moment(ticket.created_at)}</dd>
    ${ticket.snoozed_until && html`<dt>${t("reason_snoozed")}</dt><dd title=${full(ticket.snoozed_until)}>${moment(ticket.snoozed_until)}</dd>`}
    ${before && html`<dt>${t("before")}</dt><dd><a href=${address({ view: "all", ...before })} onClick=${(event) => follow(event, before)}>${t("open_it")}</a></dd>`}
    ${into && html`<dt>${t("merged_into")}</dt><dd><a href=${address({ view: "all", ...into })} onClick=${(event) => follow(event, into)}>${t("open_it")}</a></dd>`}
  </dl>`;
}

/** What is chosen stays nameable where the list lacks it, as when it may not be read. */
function withChosen(choices, id, name) {
  return !id || choices.some(([one]) => one === id) ? choices : [...choices, [id, name ?? id]];
}

function Choice({ name, value, choices, change, fixed }) {
  return html`<dt><label for=${`field-${name}`}>${t(name)}</label></dt>
    <dd><select id=${`field-${name}`} class="field" value=${value} disabled=${fixed} onChange=${(event) => change(event.currentTarget.value)}>
      ${choices.map(([id, label]) => html`<option key=${id} value=${id}>${label}</option>`)}</select></dd>`;
}

function Tags({ tags, fixed }) {
  const [text, setText] = useState("");
  const add = async (event) => {
    event.preventDefault();
    const tag = text.trim();
    if (!tag) return;
    setText("");
    if (!tags.includes(tag)) await patch({ tags: [...tags, tag] });
  };
  return html`<form class="tags" onSubmit=${add}>${tags.map((tag) => html`<span class="tag" key=${tag}>${tag}${!fixed && html`<button type="button" aria-label=${t("detach", { name: tag })}
      onClick=${() => patch({ tags: tags.filter((one) => one !== tag) })}>×</button>`}</span>`)}
    ${!fixed && html`<input class="field" aria-label=${t("add_tag")} placeholder=${t("add_tag")} maxlength="100" value=${text} onInput=${(event) => setText(event.currentTarget.value)} />`}</form>`;
}

/** A field of the desk's own; left empty it is taken from the ticket. */
function Noted({ field, value, fixed }) {
  const id = `noted-${field.id}`;
  const set = (given) => patch({ fields: { [field.id]: given } });
  const label = html`<dt><label for=${id}>${nameOf("fields", field.id)}</label></dt>`;
  if (field.type === "choice" || field.type === "boolean") {
    const choices = field.type === "choice" ? field.choices.map((one) => [one, one]) : [["true", t("yes")], ["false", t("no")]];
    const chosen = (given) => set(given === "" ? null : field.type === "boolean" ? given === "true" : given);
    return html`${label}<dd><select id=${id} class="field" disabled=${fixed} value=${value === undefined ? "" : String(value)} onChange=${(event) => chosen(event.currentTarget.value)}>
      <option value="">—</option>${choices.map(([one, name]) => html`<option key=${one} value=${one}>${name}</option>`)}</select></dd>`;
  }
  const typed = ({ currentTarget: { value: given } }) => set(given === "" ? null : field.type === "number" ? Number(given) : given);
  return html`${label}<dd><input id=${id} class="field" type=${field.type === "number" ? "number" : field.type === "date" ? "date" : "text"} step="any" placeholder="—" disabled=${fixed}
    value=${value ?? ""} onChange=${typed} /></dd>`;
}
