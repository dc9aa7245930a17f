// Who changed what, newest first.
import { html, useState } from "../ui/html.js";
import { call } from "../inbox/api.js";
import { agents } from "../inbox/catalogue.js";
import { complain } from "../inbox/desk.js";
import { full, moment } from "../inbox/when.js";
import { Loaded, useLoaded } from "./records.js";
import { t, told } from "./words.js";

export function Audit() {
  const [more, setMore] = useState({ items: [], cursor: null });
  const state = useLoaded(async () => {
    const page = await call("GET", "/audit?limit=50");
    setMore({ items: [], cursor: page.next_cursor });
    return page.data;
  }, "audit");
  const older = async () => {
    try {
      const page = await call("GET", `/audit?limit=50&cursor=${encodeURIComponent(more.cursor)}`);
      setMore({ items: [...more.items, ...page.data], cursor: page.next_cursor });
    } catch (problem) {
      complain(problem);
    }
  };
  return html`<${Loaded} state=${state} empty=${t("no_audit")}>
    <ul class="records">${[...(state.items ?? []), ...more.items].map((act) => html`<li key=${act.id}><${Act} act=${act} /></li>`)}</ul>
    ${more.cursor && html`<button class="more" onClick=${older}>${t("more")}</button>`}
  <//>`;
}

/** Whoever did something, by name where the desk knows one. */
export const who = (actor) => agents.value.find(({ id }) => id === actor)?.name ?? (actor === "command line" ? t("command_line") : actor);

function Act({ act }) {
  const [what, how] = act.action.split(".");
  const sentence = t("act", { who: who(act.actor), how: told(`did_${how}`, how), what: told(`thing_${what}`, what), name: act.detail.name ?? act.target });
  return html`<details class="record"><summary><b>${sentence}</b> <time datetime=${act.at} title=${full(act.at)}>${moment(act.at)}</time></summary>
    <pre>${JSON.stringify({ target: act.target, ...act.detail }, null, 2)}</pre></details>`;
}
