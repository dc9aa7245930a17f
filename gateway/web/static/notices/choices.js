// How one is told: kinds by ways, quiet hours, the robot. What the desk refuses stands beside what it is about.
import { html, useEffect, useState } from "../ui/html.js";
import { callWithTag, call } from "../inbox/api.js";
import { complain, toast } from "../inbox/desk.js";
import { t } from "./words.js";

const PATH = "/agents/me/notification-choices";
const KINDS = ["sla_risk", "sla_alarm", "sla_breach", "queue_step", "declined", "away", "offer", "rule"];
const WAYS = ["desk", "email", "robot"];
const ROBOTS = ["wecom", "dingtalk", "feishu", "slack"];

export function Choices() {
  const [kept, setKept] = useState(null); // {value, etag}
  useEffect(() => void callWithTag("GET", PATH).then(setKept, complain), []);
  return kept && html`<${Chosen} key=${kept.etag} kept=${kept} setKept=${setKept} />`;
}

function Chosen({ kept: { value, etag }, setKept }) {
  const [form, setForm] = useState(() => filled(value));
  const [problem, setProblem] = useState(null);
  const set = (changes) => setForm((old) => ({ ...old, ...changes }));
  const save = async (event) => {
    event.preventDefault();
    try {
      setKept(await callWithTag("PUT", PATH, { body: body(form, value), etag }));
      toast.value = { text: t("saved") };
    } catch (refused) {
      setProblem(refused);
    }
  };
  const tryIt = async () => {
    try {
      await call("POST", "/notifications/test");
      toast.value = { text: t("tried") };
    } catch (refused) {
      complain(refused);
    }
  };
  return html`<form class="form" onSubmit=${save}>
    <${Ways} form=${form} set=${set} usual=${value.usual} />
    <p class="muted">${value.mails ? t("mail_to", { email: value.email }) : t("no_mail")}</p>
    <${Quiet} form=${form} set=${set} calendar=${value.quiet_hours?.calendar} />
    <${Robot} form=${form} set=${set} kept=${value.robot} />
    <p class="problem" role="alert">${problem?.message ?? ""}</p>
    <div class="ends"><button type="button" onClick=${tryIt}>${t("try_it")}</button><button class="primary">${t("save")}</button></div>
  </form>`;
}

function Ways({ form, set, usual }) {
  const waysOf = (kind) => form.ways[kind] ?? usual[kind];
  const choose = (kind, way, on) => {
    const ways = WAYS.filter((one) => (one === way ? on : waysOf(kind).includes(one)));
    set({ ways: { ...form.ways, [kind]: ways } });
  };
  return html`<table class="ways"><thead><tr><th scope="col">${t("kind")}</th>${WAYS.map((way) => html`<th scope="col" key=${way}>${t(`way_${way}`)}</th>`)}</tr></thead>
    <tbody>${KINDS.map((kind) => html`<tr key=${kind}><th scope="row">${t(`kind_${kind}`)}</th>${WAYS.map((way) => html`<td key=${way}>
      <input type="checkbox" aria-label=${`${t(`kind_${kind}`)}: ${t(`way_${way}`)}`} checked=${waysOf(kind).includes(way)}
        disabled=${way === "robot" && !form.robot} onChange=${(event) => choose(kind, way, event.currentTarget.checked)} /></td>`)}</tr>`)}</tbody></table>`;
}

function Quiet({ form, set, calendar }) {
  return html`<fieldset class="asked"><legend>${t("quiet")}</legend>
    <div class="across">
      <${Asked} name="quiet_begins" type="time" value=${form.begins} set=${(begins) => set({ begins })} />
      <${Asked} name="quiet_ends" type="time" value=${form.ends} set=${(ends) => set({ ends })} />
      <${Asked} name="timezone" value=${form.timezone} set=${(timezone) => set({ timezone })} list="zones" />
      <datalist id="zones">${Intl.supportedValuesOf("timeZone").map((zone) => html`<option key=${zone} value=${zone} />`)}</datalist>
      <div class="asked"><label for="in-quiet">${t("in_quiet")}</label><select id="in-quiet" value=${form.in_quiet_hours} onChange=${(event) => set({ in_quiet_hours: event.currentTarget.value })}>
        ${["wait", "desk"].map((one) => html`<option key=${one} value=${one}>${t(`in_quiet_${one}`)}</option>`)}</select></div>
    </div>
    <small>${calendar ? t("quiet_calendar", { id: calendar }) : t("quiet_hint")}</small>
  </fieldset>`;
}

function Robot({ form, set, kept }) {
  const same = kept && kept.format === form.robot;
  return html`<fieldset class="asked"><legend>${t("robot")}</legend><div class="across">
      <div class="asked"><label for="robot">${t("platform")}</label><select id="robot" value=${form.robot} onChange=${(event) => set({ robot: event.currentTarget.value })}>
        <option value="">${t("no_robot")}</option>${ROBOTS.map((one) => html`<option key=${one} value=${one}>${t(one)}</option>`)}</select></div>
      <div class="asked"><label for="told-in">${t("told_in")}</label><select id="told-in" value=${form.language} onChange=${(event) => set({ language: event.currentTarget.value })}>
        <option value="">${t("desk_language")}</option><option value="en">English</option><option value="zh">简体中文</option></select></div>
    </div>
    ${form.robot && html`<${Asked} name="robot_url" type="password" value=${form.url} required=${!same} set=${(url) => set({ url })} hint=${same && t("robot_kept", { host: kept.host })} />`}
    ${["dingtalk", "feishu"].includes(form.robot) && html`<${Asked} name="robot_secret" type="password" value=${form.secret} set=${(secret) => set({ secret })} hint=${same && kept.signed && t("secret_kept")} />`}
  </fieldset>`;
}

function Asked({ name, type = "text", value, set, required, list, hint }) {
  return html`<div class="asked"><label for=${name}>${t(name)}</label><input id=${name} type=${type} value=${value} required=${required} list=${list} autocomplete="off"
    onInput=${(event) => set(event.currentTarget.value)} />${hint && html`<small>${hint}</small>`}</div>`;
}

function filled({ ways, language, timezone, quiet_hours, in_quiet_hours, robot, version }) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return {
    ways, language, in_quiet_hours, timezone: version ? timezone : here, begins: quiet_hours?.begins ?? "", ends: quiet_hours?.ends ?? "",
    robot: robot?.format ?? "", url: "", secret: "",
  };
}

/** What the API takes; a calendar chosen elsewhere stays until times take its place. */
function body({ ways, language, timezone, in_quiet_hours, begins, ends, robot, url, secret }, kept) {
  const times = begins || ends ? { begins: begins || null, ends: ends || null } : null;
  const calendar = kept.quiet_hours?.calendar ? { calendar: kept.quiet_hours.calendar } : null;
  const told = robot ? { format: robot, ...(url && { url }), ...(secret && { secret }) } : null;
  return { ways, language, timezone, in_quiet_hours, quiet_hours: times ?? calendar, robot: told };
}
