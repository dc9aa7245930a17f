// Who a mail goes to: shown above what is written and changed there; and who took part in one that is there.
import { html, useState } from "../ui/html.js";
import { t } from "./words.js";

const FIELDS = ["to", "cc", "bcc"];

/** `known`: who takes part, as the desk tells it. What the agent wrote instead is in the draft; null is as it was. */
export function Recipients({ draft, known, forward, set }) {
  const [editing, setEditing] = useState(false);
  if (!editing && !forward) {
    return html`<p class="recipients">${FIELDS.map((field) => shown(field, addressed(draft, known, field)))}
      <button type="button" class="plain" onClick=${() => setEditing(true)} aria-label=${t("change_recipients")}>${t("change")}</button></p>`;
  }
  return html`<div class="recipients">${FIELDS.map((field) => html`<label key=${field}><span>${t(field)}</span>
    <input type="text" inputmode="email" autocomplete="off" spellcheck="false" required=${field === "to"} value=${draft[field] ?? written(forward ? null : known, field)}
      onInput=${({ currentTarget: { value } }) => set({ [field]: value })} /></label>`)}</div>`;
}

const written = (known, field) => (known?.[field] ?? []).map(({ email }) => email).join(", ");

/** The addresses of a field; "Ann <ann@example.org>" is one of them. */
export function addressed(draft, known, field) {
  return (draft[field] ?? written(known, field)).split(/[,;\n]/).map((one) => (one.match(/<([^<>]+)>/)?.[1] ?? one).trim()).filter(Boolean);
}

function shown(field, people) {
  return people.length > 0 && html`<span key=${field}><b>${t(field)}</b> ${people.join(", ")}</span>`;
}

/** The people of a message that came or went by mail, where there are others than the two who talk. */
export function Took({ message }) {
  const { mail } = message.context ?? {};
  const { to = [], cc = [], bcc = [], forwarded } = message.details ?? {};
  const sides = mail ? { to: mail.to.map(named), cc: mail.cc.map(named), bcc: [] } : { to, cc, bcc };
  if (!forwarded && sides.to.length < 2 && !sides.cc.length && !sides.bcc.length) return null;
  return html`<p class="took">${FIELDS.map((field) => shown(field, sides[field]))}</p>`;
}

export const named = ({ name, email }) => name || email;
