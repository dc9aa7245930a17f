// Merging the open ticket into another one of the same customer; and putting it off until a time of one's own.
import { html, signal, useEffect, useState } from "../ui/html.js";
import { Sheet } from "../admin/form.js";
import { call } from "./api.js";
import { loadOpen, open } from "./desk.js";
import { Status } from "./list.js";
import { go } from "./route.js";
import { patch } from "./work.js";
import { t } from "./words.js";

/** null, "merge" or "snooze". */
export const asking = signal(null);

export function Asked() {
  const ticket = open.value?.ticket;
  if (!asking.value || !ticket) return null;
  const close = () => (asking.value = null);
  return html`<${Sheet} title=${t(asking.value === "merge" ? "merge_title" : "snooze_title", { number: ticket.number })} close=${close}>
    ${asking.value === "merge" ? html`<${Merge} ticket=${ticket} close=${close} />` : html`<${Snooze} close=${close} />`}<//>`;
}

function Merge({ ticket, close }) {
  const [others, setOthers] = useState(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    call("GET", `/tickets?customer=${ticket.customer_id}&status=queued,offered,open,waiting,resolved&limit=20`).then(
      ({ data }) => setOthers(data.filter(({ id }) => id !== ticket.id)), (failed) => setProblem(failed.message));
  }, [ticket.id]);
  const into = async (other) => {
    try {
      await call("POST", `/tickets/${ticket.id}/merge`, { body: { into: other.id } });
      close();
      go({ ticket: other.id });
    } catch (refused) {
      setProblem(refused.message);
      await loadOpen();
    }
  };
  return html`<p class="muted">${t("merge_hint")}</p>
    ${others?.length === 0 && html`<p class="empty">${t("merge_none")}</p>`}
    <ul class="found">${others?.map((other) => html`<li key=${other.id}><button type="button" onClick=${() => into(other)}>#${other.number} ${other.subject} <${Status} ticket=${other} /></button></li>`)}</ul>
    <p class="problem" role="alert">${problem}</p>`;
}

function Snooze({ close }) {
  const soonest = local(new Date(Date.now() + 60_000));
  const submit = async (event) => {
    event.preventDefault();
    const at = new Date(event.currentTarget.elements.until.value);
    if (await patch({ status: "waiting", waiting_reason: "snoozed", snoozed_until: at.toISOString() })) close();
  };
  return html`<form class="form" onSubmit=${submit}><div class="asked"><label for="until">${t("snooze_until")}</label>
    <input id="until" name="until" type="datetime-local" min=${soonest} required /></div>
    <p class="problem"></p><div class="ends"><button class="primary">${t("snooze")}</button></div></form>`;
}

function local(time) {
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
