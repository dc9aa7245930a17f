// The page of notifications: what one was told, and beside it how one wants to be told.
import { html, useEffect, useState } from "../ui/html.js";
import { language } from "../ui/language.js";
import { call } from "../inbox/api.js";
import { complain, told } from "../inbox/desk.js";
import { Icon } from "../inbox/icons.js";
import { address, follow, go } from "../inbox/route.js";
import { age, full } from "../inbox/when.js";
import { Choices } from "./choices.js";
import { t } from "./words.js";

const PAGE = 50;
const UNTOLD = new Set(["failed", "in_doubt"]);

export function Notices() {
  const [shown, setShown] = useState({ items: null, more: null });
  const load = async (cursor) => {
    try {
      const page = await call("GET", `/notifications?limit=${PAGE}&language=${language.value}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
      setShown(({ items }) => ({ items: cursor ? [...items, ...page.data] : page.data, more: page.next_cursor }));
    } catch (problem) {
      complain(problem);
    }
  };
  useEffect(() => void load(), [told.value, language.value]);
  const read = async (body) => {
    try {
      await call("POST", "/notifications/read", { body });
    } catch (problem) {
      complain(problem);
    }
  };
  const choices = { notices: true, chosen: true };
  return html`<section class="list told" aria-label=${t("notifications")}>
      <header><div class="line"><h2>${t("notifications")}</h2>
        <a class="button plain narrow" href=${address(choices)} onClick=${(event) => follow(event, choices)}>${t("choices")}</a></div>
        ${shown.items?.some((one) => !one.read_at) && html`<button class="plain" onClick=${() => read({ up_to: shown.items[0].id })}>${t("read_all")}</button>`}
      </header>
      ${shown.items?.length === 0 && html`<div class="empty"><p>${t("nothing_told")}</p></div>`}
      <ul class="rows">${shown.items?.map((one) => html`<li key=${one.id}><${Told} one=${one} read=${read} /></li>`)}</ul>
      ${shown.more && html`<button class="more" onClick=${() => load(shown.more)}>${t("more")}</button>`}
    </section>
    <section class="thread console" aria-labelledby="choices-title">
      <div class="middle"><header class="heading">
          <button class="plain bare back" onClick=${() => go({ notices: true })} aria-label=${t("back_to_list")}><${Icon} name="back" /></button>
          <div class="title"><h1 id="choices-title">${t("choices")}</h1><p>${t("choices_hint")}</p></div></header>
        <div class="page"><${Choices} /></div></div>
    </section>`;
}

function Told({ one, read }) {
  const failed = one.deliveries.filter(({ state }) => UNTOLD.has(state));
  const inside = html`<span class="line">${!one.read_at && html`<i class="news" role="img" aria-label=${t("unread")}></i>`}
      <span class="title">${one.title}</span><time datetime=${one.created_at} title=${full(one.created_at)}>${age(one.created_at)}</time></span>
    ${one.text && html`<span class="preview">${one.text}</span>`}
    ${failed.map(({ way, state, error }) => html`<small key=${way} title=${error}>${t(`ended_${state}`, { way: t(`way_${way}`) })}</small>`)}`;
  const to = one.ticket_id && { view: "all", ticket: one.ticket_id };
  const seen = (event) => {
    if (!one.read_at) read({ ids: [one.id] });
    if (to) follow(event, to);
  };
  return to ? html`<a class="row" href=${address(to)} onClick=${seen}>${inside}</a>` : html`<button class="row" onClick=${seen}>${inside}</button>`;
}
