// Channels: how each did in the last hour, setting them up, the secrets that are made for them.
import { html, useState } from "../ui/html.js";
import { all, call, callWithTag } from "../inbox/api.js";
import { me } from "../inbox/desk.js";
import { Icon } from "../inbox/icons.js";
import { document, Form } from "./form.js";
import { Once } from "./once.js";
import { Loaded, mayChange, useLoaded } from "./records.js";
import { t } from "./words.js";

const setting = (name, kind, rest = {}) => ({ name: `settings.${name}`, label: () => t(`set_${name.replaceAll(".", "_")}`), kind, optional: true, ...rest });
const server = (name, port) => [setting(`${name}.host`, "text"), setting(`${name}.port`, "number", { example: port }), setting(`${name}.user`, "text"), setting(`${name}.password`, "password")];
// What may be emptied again, other than a secret.
const words = (name, kind, hint) => setting(name, kind, { hint, optional: false });

const KINDS = {
  webhook: () => [setting("callback_url", "url", { hint: "callback_hint", example: "https://shop.example.org/desk" })],
  widget: () => [setting("origins", "lines", { hint: "origins_hint" })],
  telegram: () => [setting("token", "password"), setting("mode", "choice", { choices: () => [["polling", "polling"], ["webhook", "webhook"]], initial: "polling" })],
  email: () => [setting("address", "email"), ...server("imap", "993"), ...server("smtp", "587"),
    words("name", "text", "sender_hint"), words("signature", "area", "signature_hint"), words("signature_html", "area", "either_hint"), setting("notices", "check", { hint: "notices_hint" })],
};

export function Channels() {
  const state = useLoaded(() => all("/channels"), "channels");
  const done = useLoaded(lastHour, "ledger");
  const [shown, setShown] = useState(null); // {kind} or {item, etag}
  const [made, setMade] = useState(null);
  const kind = shown?.item?.kind ?? shown?.kind;
  const fields = kind && [{ name: "name", kind: "text", required: true }, ...(KINDS[kind] ?? (() => []))(),
    { name: "enabled", kind: "check", initial: true, label: () => t("enabled") }];
  const finish = () => {
    setShown(null);
    state.again();
  };
  const save = async (values) => {
    const body = document(fields, values, shown.item);
    if (shown.item) await call("PATCH", `/channels/${shown.item.id}`, { body, etag: shown.etag });
    else {
      const { id, secrets } = await call("POST", "/channels", { body: { kind, ...body } });
      setMade({ id, ...secrets });
    }
    finish();
  };
  const remove = async () => {
    await call("DELETE", `/channels/${shown.item.id}`, { etag: shown.etag });
    finish();
  };
  const open = async ({ id }) => {
    const { value, etag } = await callWithTag("GET", `/channels/${id}`);
    setShown({ item: value, etag });
  };
  return html`${mayChange() && html`<div class="bar"><label>${t("add_channel")} <select class="button" value="" onChange=${(event) => {
      setShown({ kind: event.currentTarget.value });
      event.currentTarget.value = "";
    }}><option value="" disabled hidden>${t("choose")}</option>${Object.keys(KINDS).map((one) => html`<option key=${one} value=${one}>${t(`kind_${one}`)}</option>`)}</select></label></div>`}
    <${Loaded} state=${state} empty=${t("no_channels")}>
      <ul class="records">${state.items?.map((channel) => html`<li key=${channel.id}><${Channel} channel=${channel} counts=${done.items?.get(channel.id)} open=${mayChange() ? () => open(channel) : null} /></li>`)}</ul>
    <//>
    ${shown && html`<${Form} key=${shown.item?.id ?? kind} title=${shown.item ? shown.item.name : t(`kind_${kind}`)} fields=${fields} item=${shown.item} note=${shown.item && t("secrets_stay")}
      close=${() => setShown(null)} save=${save} remove=${shown.item && remove} />`}
    ${made && html`<${Once} secrets=${made} close=${() => setMade(null)} />`}`;
}

function Channel({ channel, counts, open }) {
  const failed = (counts?.failed ?? 0) + (counts?.parked ?? 0);
  const state = !channel.enabled ? "off" : failed ? "bad" : "fine";
  const inside = html`<b><${Icon} name=${channel.kind} /> ${channel.name} <span class=${`state ${state}`}>${t(`channel_${state}`)}</span></b>
    <span>${t(`kind_${channel.kind}`)} · <code>${channel.id}</code></span>
    <span>${counts ? t("last_hour", counts) : t("last_hour_quiet")}</span>`;
  return open ? html`<button class="record" onClick=${open}>${inside}</button>` : html`<div class="record">${inside}</div>`;
}

/** Channel id -> {received, sent, failed, waiting, parked} of the last hour; admins and supervisors may look. */
export async function lastHour() {
  const sums = new Map();
  if (me.value.role === "agent") return sums;
  let cursor = null;
  do {
    const page = await call("GET", `/ledger${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`);
    for (const { channel, received, sent } of page.data) {
      const sum = sums.get(channel) ?? { received: 0, sent: 0, failed: 0, waiting: 0, parked: 0 };
      sum.received += received.total;
      sum.sent += sent.delivered;
      sum.failed += sent.failed + sent.in_doubt;
      sum.waiting += sent.waiting;
      sum.parked += received.quarantined;
      sums.set(channel, sum);
    }
    cursor = page.next_cursor;
  } while (cursor);
  return sums;
}
