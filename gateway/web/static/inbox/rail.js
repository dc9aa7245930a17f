// The first pane: the views with their counts; below them the agent's presence and choices.
import { html } from "../ui/html.js";
import { LanguageChoice, ThemeChoice } from "./choices.js";
import { counts, me, unread } from "./desk.js";
import { Icon } from "./icons.js";
import { showKeys } from "./keys.js";
import { QuarantineLink } from "./quarantine.js";
import { address, follow, route, VIEWS } from "./route.js";
import { setPresence, signOut } from "./work.js";
import { t } from "./words.js";

const PRESENCES = ["online", "away", "busy", "offline"];

export function Rail() {
  return html`<div class="rail">
    <div class="brand"><img src="/static/ui/icon.svg" alt="" width="22" height="22" /><span>Frontdesk</span></div>
    <nav aria-label=${t("views")}>${VIEWS.map((view) => html`<${View} key=${view} view=${view} />`)}
      <${QuarantineLink} />
      <${Bell} />
      ${me.value.role !== "agent" && html`<${SetUp} />`}</nav>
    <div class="self">
      <${Presence} />
      <div class="choices"><${LanguageChoice} /><${ThemeChoice} /></div>
      <div class="choices">
        <button class="plain" onClick=${signOut} title=${t("sign_out")}><${Icon} name="leave" /><span>${t("sign_out")}</span></button>
        <button class="plain bare" onClick=${() => (showKeys.value = true)} title=${t("settings")} aria-label=${t("settings")}><${Icon} name="keys" /></button>
      </div>
    </div>
  </div>`;
}

function Bell() {
  const to = { notices: true };
  const count = unread.value;
  return html`<a class="apart" href=${address(to)} onClick=${(event) => follow(event, to)} title=${t("notifications")} aria-current=${route.value.notices ? "page" : undefined}>
    <${Icon} name="bell" /><span class="label">${t("notifications")}</span>${count > 0 && html`<span class="count rings">${count > 99 ? "99+" : count}</span>`}</a>`;
}

function SetUp() {
  const to = { admin: "overview", chosen: false };
  return html`<a href=${address(to)} onClick=${(event) => follow(event, to)} title=${t("set_up")} aria-current=${route.value.admin ? "page" : undefined}>
    <${Icon} name="set_up" /><span class="label">${t("set_up")}</span></a>`;
}

function View({ view }) {
  const name = t(`view_${view}`);
  const count = counts.value[view];
  const to = { view };
  return html`<a href=${address(to)} onClick=${(event) => follow(event, to)} title=${name}
    aria-current=${route.value.view === view ? "page" : undefined}>
    <${Icon} name=${view} /><span class="label">${name}</span>${count > 0 && html`<span class="count">${count}</span>`}
  </a>`;
}

function Presence() {
  const { name, presence } = me.value;
  return html`<label class="presence">
    <i class=${`dot ${presence}`}></i>
    <span class="name">${name}</span>
    <select class="choice" aria-label=${t("presence")} value=${presence} onChange=${(event) => setPresence(event.currentTarget.value)}>
      ${PRESENCES.map((one) => html`<option key=${one} value=${one}>${t(one)}</option>`)}
    </select>
  </label>`;
}
