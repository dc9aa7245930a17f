// Why a ticket is not in another queue: the nearest rule that would have sent it there, and what stopped it.
import { html, useState } from "../ui/html.js";
import { call } from "./api.js";
import { catalogue, nameOf } from "./catalogue.js";
import { stopped } from "./reasons.js";
import { t } from "./words.js";

export function WhyNot({ ticket }) {
  const [said, setSaid] = useState(null); // {queue, words}
  const ask = async (queue) => {
    setSaid(queue ? { queue, words: t("loading") } : null);
    if (!queue) return;
    const words = await call("GET", `/tickets/${ticket.id}/why-not?queue=${encodeURIComponent(queue)}`).then(({ why }) => stopped(why), (problem) => problem.message);
    setSaid((now) => (now?.queue === queue ? { queue, words } : now));
  };
  const others = catalogue("queues").filter(({ id }) => id !== ticket.queue);
  return html`<div class="why-not"><label for="why-not">${t("why_not")}</label>
    <select id="why-not" class="field" value=${said?.queue ?? ""} onChange=${(event) => ask(event.currentTarget.value)}><option value="">${t("why_not_pick")}</option>
      ${others.map(({ id }) => html`<option key=${id} value=${id}>${nameOf("queues", id)}</option>`)}</select>
    ${said && html`<p role="status">${said.words}</p>`}</div>`;
}
