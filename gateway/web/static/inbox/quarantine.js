// Mail that can't be read: whose it is, why, and how it begins, as text that does nothing.
import { html, signal, useEffect, useState } from "../ui/html.js";
import { Sheet } from "../admin/form.js";
import { fileSize } from "../ui/text.js";
import { all, call } from "./api.js";
import { complain, counts, me } from "./desk.js";
import { Icon } from "./icons.js";
import { full, moment } from "./when.js";
import { t } from "./words.js";

const shown = signal(false);

/** The way there, while there is any. */
export function QuarantineLink() {
  const count = counts.value.quarantined;
  if (!count) return null;
  return html`<button class="plain way" onClick=${() => (shown.value = true)} title=${t("quarantine")}>
    <${Icon} name="quarantine" /><span class="label">${t("quarantine")}</span><span class="count">${count}</span></button>`;
}

export function Quarantine() {
  if (!shown.value) return null;
  return html`<${Sheet} title=${t("quarantine")} close=${() => (shown.value = false)}><${List} /><//>`;
}

function List() {
  const [items, setItems] = useState(null);
  const load = () => all("/quarantine").then(setItems, complain);
  useEffect(() => void load(), [counts.value.quarantined]);
  const decides = me.value.role !== "agent";
  return html`<p class="muted">${t(decides ? "quarantine_decide" : "quarantine_see")}</p>
    <ul class="quarantine">${items?.map((mail) => html`<li key=${mail.id}><${Mail} mail=${mail} decides=${decides} again=${load} /></li>`)}</ul>
    ${items?.length === 0 && html`<p class="muted">${t("quarantine_none")}</p>`}`;
}

function Mail({ mail, decides, again }) {
  const [seen, setSeen] = useState(null);
  const look = ({ currentTarget }) => currentTarget.open && !seen && call("GET", `/quarantine/${mail.id}`).then(setSeen, complain);
  const act = (method, path) => call(method, path).then(again, complain);
  return html`<b>${mail.subject || t("no_subject")}</b>
    <p>${mail.sender} · ${mail.channel_name} · <time datetime=${mail.created_at} title=${full(mail.created_at)}>${moment(mail.created_at)}</time></p>
    <p class="why">${mail.why}</p>
    <details onToggle=${look}><summary>${t("how_it_begins")}${seen && ` (${fileSize(seen.size)})`}</summary>
      ${seen && html`<pre tabindex="0">${seen.beginning}${seen.cut ? "\n…" : ""}</pre>`}</details>
    ${decides && html`<p class="line"><a class="button" href=${`/api/v1/quarantine/${mail.id}/raw`} download>${t("as_it_came")}</a>
      <button class="danger" onClick=${() => act("DELETE", `/deadletters/${mail.id}`)}>${t("give_up")}</button>
      <button onClick=${() => act("POST", `/deadletters/${mail.id}/replay`)}>${t("put_back")}</button></p>`}`;
}
