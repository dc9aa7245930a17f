// The tests beside the rules: a message and what must be decided about it, each with how it stands now.
import { html, useState } from "../ui/html.js";
import { catalogue, nameOf } from "../inbox/catalogue.js";
import { unmet } from "../inbox/reasons.js";
import { document, Form } from "./form.js";
import { Loaded, mayChange, useLoaded } from "./records.js";
import { base, checked, goOn, store, work } from "./rule_work.js";
import { t, told } from "./words.js";

const OUTCOMES = ["handed_over", "joined", "discarded", "closed", "nothing"];
const field = (name, kind, rest = {}) => ({ name, kind, optional: true, label: () => t(`case_${name.replace(".", "_")}`), ...rest });
const choice = (name, choices) => field(name, "choice", { choices: () => [["", t("any")], ...choices()] });
const named = (kind) => () => catalogue(kind).map(({ id }) => [id, nameOf(kind, id)]);
const FIELDS = [
  { name: "name", kind: "text", required: true, label: () => t("case_name") },
  field("message.text", "area"), choice("message.tier", named("tiers")), field("message.email", "text"),
  choice("expect.outcome", () => OUTCOMES.map((one) => [one, t(`outcome_${one}`)])), choice("expect.queue", named("queues")),
  choice("expect.priority", () => ["low", "normal", "high", "urgent"].map((one) => [one, t(one)])), field("expect.tags", "lines"), field("expect.rules", "lines"), field("expect.not_rules", "lines"),
];

export function Cases() {
  const [shown, setShown] = useState(null); // the place of a test; the number of tests: a new one
  const [read, setRead] = useState(null);
  const state = useLoaded(async () => {
    const copy = work.value ?? (await base());
    setRead(copy);
    // Rules that are still wrong decide nothing: what is wrong is told beside them.
    const { failing } = await checked(copy, []).catch(() => ({ failing: [] }));
    const wrong = new Map(failing.map(({ pointer, detail }) => [pointer, detail]));
    return copy.cases.map((one, at) => ({ ...one, wrong: wrong.get(`/${at}`) }));
  }, "cases");
  const keep = async (cases, note) => {
    if (work.value) await goOn({ ...work.value, cases });
    else await store({ ...read, cases }, { publish: true, note });
    setShown(null);
    state.again();
  };
  const before = read?.cases ?? [];
  const save = (values) => {
    const made = withoutEmpty(merged(before[shown], document(FIELDS, values)));
    return keep(before.toSpliced(shown, 1, made), t("test_kept", { name: made.name }));
  };
  const remove = () => keep(before.toSpliced(shown, 1), t("test_removed", { name: before[shown].name }));
  return html`<div class="bar"><p class="muted">${t("tests_lead")}${work.value && html` ${t("tests_pending")}`}</p>
      ${mayChange() && html`<button class="primary" onClick=${() => setShown(before.length)}>${t("add")}</button>`}</div>
    <${Loaded} state=${state} empty=${t("no_tests")}>
      <ul class="records">${state.items?.map((one, at) => html`<li key=${at}><${CaseRow} one=${one} open=${mayChange() ? () => setShown(at) : null} /></li>`)}</ul>
    <//>
    ${shown !== null && html`<${Form} key=${shown} title=${before[shown]?.name ?? t("new_test")} fields=${FIELDS} item=${before[shown]} close=${() => setShown(null)}
      save=${save} remove=${shown < before.length && remove} />`}`;
}

function CaseRow({ one, open }) {
  const expected = Object.entries(one.expect).map(([name, value]) => `${told(`case_expect_${name}`, name)}: ${shownValue(name, value)}`).join(" · ");
  const inside = html`<b>${one.name} <span class=${`state ${one.wrong ? "bad" : "fine"}`}>${t(one.wrong ? "test_fails" : "test_passes")}</span></b>
    <span><q>${one.message.text}</q> → ${expected}</span>${one.wrong && html`<span class="problem">${unmet(one.wrong)}</span>`}`;
  return open ? html`<button class="record" onClick=${open}>${inside}</button>` : html`<div class="record">${inside}</div>`;
}

function shownValue(name, value) {
  if (name === "queue") return nameOf("queues", value);
  if (name === "outcome") return told(`outcome_${value}`, value);
  if (name === "priority") return told(value, value);
  return Array.isArray(value) ? value.join(", ") : typeof value === "object" ? JSON.stringify(value) : value;
}

// What the form does not ask for stays as it was; what it asks for and was left empty is taken out.
function merged(old, made) {
  const asked = (part) => FIELDS.map(({ name }) => name.split(".")).filter(([first]) => first === part).map(([, second]) => second);
  const kept = (part) => Object.fromEntries(Object.entries(old?.[part] ?? {}).filter(([name]) => !asked(part).includes(name)));
  return { ...old, ...made, message: { ...kept("message"), ...made.message }, expect: { ...kept("expect"), ...made.expect } };
}

function withoutEmpty({ name, message, expect }) {
  const some = (part) => Object.fromEntries(Object.entries(part).filter(([, value]) => value !== "" && !(Array.isArray(value) && !value.length)));
  return { name, message: some(message), expect: some(expect) };
}
