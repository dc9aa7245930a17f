// What needs an admin's eye: channels that fail, messages set aside, tickets that wait, who is there.
import { html } from "../ui/html.js";
import { all, call } from "../inbox/api.js";
import { agents } from "../inbox/catalogue.js";
import { counts } from "../inbox/desk.js";
import { address, follow } from "../inbox/route.js";
import { lastHour } from "./channels.js";
import { useLoaded } from "./records.js";
import { t } from "./words.js";

const PRESENCES = ["online", "busy", "away", "offline"];

export function Overview() {
  const channels = useLoaded(() => all("/channels"), "overview channels");
  const hour = useLoaded(lastHour, "overview ledger");
  const letters = useLoaded(() => call("GET", "/deadletters?limit=100").then(({ data }) => data), "overview letters");
  const off = channels.items?.filter(({ enabled }) => !enabled).length ?? 0;
  const sum = (name) => [...(hour.items?.values() ?? [])].reduce((total, one) => total + one[name], 0);
  return html`<div class="tiles">
    <${Tile} to="channels" name=${t("channels")} value=${channels.items?.length ?? "…"} tells=${off ? t("switched_off_n", { n: off }) : t("all_on")} bad=${off > 0} />
    <${Tile} to="channels" name=${t("received_hour")} value=${sum("received")} tells=${t("sent_hour", { n: sum("sent") })} />
    <${Tile} to="channels" name=${t("failed_hour")} value=${sum("failed")} tells=${t("waiting_hour", { n: sum("waiting") })} bad=${sum("failed") > 0} />
    <${Tile} to="letters" name=${t("letters")} value=${letters.items?.length ?? "…"} tells=${letters.items?.length ? t("look_at_them") : t("nothing_aside")} bad=${letters.items?.length > 0} />
    <${Tile} view="unassigned" name=${t("unassigned")} value=${counts.value.unassigned ?? "…"} tells=${t("open_all", { n: counts.value.all ?? 0 })} />
    <${Tile} to="agents" name=${t("agents")} value=${agents.value.length} tells=${PRESENCES.map((one) => `${t(one)} ${agents.value.filter(({ presence }) => presence === one).length}`).join(" · ")} />
  </div>`;
}

function Tile({ to, view, name, value, tells, bad }) {
  const there = view ? { view } : { admin: to };
  return html`<a class=${`tile${bad ? " bad" : ""}`} href=${address(there)} onClick=${(event) => follow(event, there)}><span>${name}</span><b>${value}</b><small>${tells}</small></a>`;
}
