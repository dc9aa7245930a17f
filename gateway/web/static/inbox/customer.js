// Who the open ticket is about: how to reach them, what is noted about them, their other tickets.
import { html, useEffect, useState } from "../ui/html.js";
import { call } from "./api.js";
import { nameOf } from "./catalogue.js";
import { Status, Tier } from "./list.js";
import { address, follow, route } from "./route.js";
import { age, full } from "./when.js";
import { t } from "./words.js";

const SHOWN = 10;

export function Customer({ ticket }) {
  const [person, setPerson] = useState(null);
  const [others, setOthers] = useState([]);
  useEffect(() => {
    let current = true;
    call("GET", `/customers/${ticket.customer_id}`).then((found) => current && setPerson(found), () => {});
    call("GET", `/tickets?customer=${ticket.customer_id}&limit=${SHOWN + 1}`).then(
      ({ data }) => current && setOthers(data.filter(({ id }) => id !== ticket.id)), () => {});
    return () => void (current = false);
  }, [ticket.customer_id, ticket.id, ticket.updated_at]);
  return html`<h3>${t("customer")}</h3>
    <p class="person"><b>${ticket.customer?.name || t("visitor")}</b> <${Tier} name=${ticket.customer?.tier} /></p>
    ${person && html`<dl>${facts(person).map(([name, value]) => html`<dt key=${name}>${name}</dt><dd>${value}</dd>`)}</dl>`}
    ${others.length > 0 && html`<h4>${t("their_tickets")}</h4><ul class="others">${others.slice(0, SHOWN).map((one) => html`<li key=${one.id}><${Other} ticket=${one} /></li>`)}</ul>`}
    ${person && others.length === 0 && html`<p class="muted">${t("no_other_tickets")}</p>`}`;
}

function Other({ ticket }) {
  const to = { ticket: ticket.id };
  return html`<a href=${address({ view: route.value.view ?? "all", ...to })} onClick=${(event) => follow(event, to)}>
    <span class="subject">${ticket.subject || `#${ticket.number}`}</span>
    <span class="line"><${Status} ticket=${ticket} /><time datetime=${ticket.updated_at} title=${full(ticket.updated_at)}>${age(ticket.updated_at)}</time></span></a>`;
}

function facts({ email, phone, company, language, country, tags, attributes, contact_points }) {
  const noted = Object.entries(attributes).map(([key, value]) => [nameOf("fields", key), typeof value === "object" ? JSON.stringify(value) : String(value)]);
  const addresses = contact_points.map(({ address }) => address).filter((one) => one !== email && !one.startsWith("vis_") && !one.startsWith("cus_"));
  return [[t("email"), email], [t("phone"), phone], [t("company"), company], [t("speaks"), [language, country].filter(Boolean).join(" · ")],
    [t("addresses"), [...new Set(addresses)].slice(0, 3).join(", ")], [t("tags"), tags.join(", ")], ...noted].filter(([, value]) => value);
}
