// Tickets by hand: write to a customer first, or note down a call or visit.
import { html, signal, useEffect, useState } from "../ui/html.js";
import { Sheet } from "../admin/form.js";
import { newId } from "../ui/ids.js";
import { call } from "./api.js";
import { catalogue } from "./catalogue.js";
import { open } from "./desk.js";
import { go } from "./route.js";
import { t } from "./words.js";

export const writing = signal(false);

const WAYS = ["outbound", "call", "visit"];
const PAUSE_MS = 250;

export function ByHand() {
  if (!writing.value) return null;
  return html`<${Sheet} title=${t("new_ticket")} close=${() => (writing.value = false)}><${New} /><//>`;
}

function New() {
  const [way, setWay] = useState("outbound");
  const [customer, setCustomer] = useState(open.value?.ticket?.customer ?? null);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const [key] = useState(newId);
  const channels = catalogue("channels").filter(({ enabled, kind }) => enabled && kind !== "widget");
  const submit = async (event) => {
    event.preventDefault();
    const { subject, text, channel, contact } = Object.fromEntries(new FormData(event.currentTarget));
    const body = { direction: way === "outbound" ? way : "log", subject, text };
    if (way !== "outbound") body.kind = way;
    else Object.assign(body, { channel_id: channel }, contact?.trim() && { contact: contact.trim() });
    if (customer) body.customer_id = customer.id;
    setBusy(true);
    try {
      const ticket = await call("POST", "/tickets", { body, key: `${key}:${JSON.stringify(body).length}` });
      writing.value = false;
      go({ view: "mine", ticket: ticket.id });
    } catch (refused) {
      setProblem(refused.message);
      setBusy(false);
    }
  };
  return html`<form class="form" onSubmit=${submit}>
    <fieldset class="asked"><legend>${t("what_happens")}</legend><div class="boxes">${WAYS.map((one) => html`<label key=${one}><input type="radio" name="way" checked=${one === way}
      onChange=${() => setWay(one)} /> ${t(`by_hand_${one}`)}</label>`)}</div></fieldset>
    <${Whom} customer=${customer} choose=${setCustomer} />
    ${way === "outbound" && html`<div class="asked"><label for="new-channel">${t("channel")}</label><select id="new-channel" name="channel" required>
      ${channels.map(({ id, name }) => html`<option key=${id} value=${id}>${name}</option>`)}</select></div>
      <div class="asked"><label for="new-contact">${t("address_there")}</label><input id="new-contact" name="contact" autocomplete="off" required=${!customer} placeholder=${customer ? t("address_known") : ""} /></div>`}
    <div class="asked"><label for="new-subject">${t("subject")}</label><input id="new-subject" name="subject" maxlength="500" /></div>
    <div class="asked"><label for="new-text">${t(way === "outbound" ? "message" : "what_was_said")}</label><textarea id="new-text" name="text" rows="5" required></textarea></div>
    <p class="problem" role="alert">${problem}</p>
    <div class="ends"><button class="primary" disabled=${busy || (way !== "outbound" && !customer)}>${t(way === "outbound" ? "send" : "note_down")}</button></div>
  </form>`;
}

/** Found by the words of their tickets, or by their e-mail; somebody new is made from a name. */
function Whom({ customer, choose }) {
  const [sought, setSought] = useState("");
  const [found, setFound] = useState([]);
  useEffect(() => {
    const q = sought.trim();
    if (!q) return void setFound([]);
    let current = true;
    const timer = setTimeout(async () => {
      const people = await seek(q).catch(() => []);
      if (current) setFound(people);
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [sought]);
  const make = async () => {
    const q = sought.trim();
    choose(await call("POST", "/customers", { body: q.includes("@") ? { name: q.split("@")[0], email: q } : { name: q } }));
  };
  if (customer) {
    return html`<p class="asked"><b>${t("customer")}</b> <span class="line"><span>${customer.name || t("visitor")}</span>
      <button type="button" onClick=${() => choose(null)}>${t("somebody_else")}</button></span></p>`;
  }
  return html`<div class="asked"><label for="new-customer">${t("customer")}</label>
    <input id="new-customer" type="search" autocomplete="off" value=${sought} placeholder=${t("customer_hint")} onInput=${(event) => setSought(event.currentTarget.value)} />
    ${sought.trim() && html`<ul class="found">${found.map((person) => html`<li key=${person.id}><button type="button" onClick=${() => choose(person)}>${person.name || t("visitor")} ${person.email && html`<small>${person.email}</small>`}</button></li>`)}
      <li><button type="button" onClick=${make}>${t("new_customer", { name: sought.trim() })}</button></li></ul>`}</div>`;
}

async function seek(q) {
  const word = encodeURIComponent(q);
  const [tickets, exact] = await Promise.all([
    call("GET", `/tickets?q=${word}&limit=30`),
    q.includes("@") ? call("GET", `/customers?email=${word}&limit=5`) : { data: [] },
  ]);
  const people = [...exact.data, ...tickets.data.map(({ customer }) => customer)];
  return people.filter((one, at) => people.findIndex(({ id }) => id === one.id) === at).slice(0, 6);
}
