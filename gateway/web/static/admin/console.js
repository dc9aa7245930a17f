// The admin console: its sections beside the one that is open.
import { html } from "../ui/html.js";
import { me } from "../inbox/desk.js";
import { Icon } from "../inbox/icons.js";
import { address, follow, go, route } from "../inbox/route.js";
import { Audit } from "./audit.js";
import { Channels } from "./channels.js";
import { Learning } from "./learning.js";
import { Letters } from "./letters.js";
import { Overview } from "./overview.js";
import { Records } from "./records.js";
import { Rules } from "./rules.js";
import { FOR_SUPERVISORS, ORDER, SECTIONS } from "./sections.js";
import { t } from "./words.js";

const OWN = { overview: Overview, channels: Channels, rules: Rules, learning: Learning, letters: Letters, audit: Audit };

export function Console() {
  const { role } = me.value;
  const shown = ORDER.filter((name) => role === "admin" || FOR_SUPERVISORS.has(name));
  const name = shown.includes(route.value.admin) ? route.value.admin : "overview";
  const Section = OWN[name];
  return html`<section class="list sections" aria-label=${t("console")}>
      <header><h2>${t("console")}</h2></header>
      <nav aria-label=${t("sections")}>${shown.map((one) => html`<a key=${one} href=${address({ admin: one })} onClick=${(event) => follow(event, { admin: one, chosen: true })}
        aria-current=${one === name ? "page" : undefined}>${t(one)}</a>`)}</nav>
    </section>
    <section class="thread console" aria-labelledby="section-title">
      <div class="middle"><header class="heading">
          <button class="plain bare back" onClick=${() => go({ admin: name, chosen: false })} aria-label=${t("back_to_sections")}><${Icon} name="back" /></button>
          <div class="title"><h1 id="section-title">${t(name)}</h1><p>${t(`${name}_hint`)}</p></div></header>
        <div class="page" key=${name}>${Section ? html`<${Section} />` : SECTIONS[name] && html`<${Records} key=${name} name=${name} />`}</div></div>
    </section>`;
}
