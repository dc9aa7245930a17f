// A form made from a list of fields, in a dialog; what the desk refuses stands beside what it is about.
import { html, useEffect, useRef, useState } from "../ui/html.js";
import { Icon } from "../inbox/icons.js";
import { INPUTS } from "./inputs.js";
import { t } from "./words.js";

const GROUPS = new Set(["many", "levels", "needs", "names", "counts", "steps", "week"]);
const PATCHED = new Set(["levels", "names", "counts", "week", "dates"]);

/** A modal dialog with a heading; `close` is called however it is left. */
export function Sheet({ title, close, wide, children }) {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  return html`<dialog class=${`sheet${wide ? " wide" : ""}`} ref=${dialog} onClose=${close} aria-labelledby="sheet-title">
    <header><h2 id="sheet-title">${title}</h2>
      <button type="button" class="plain bare" onClick=${() => dialog.current.close()} aria-label=${t("close")}><${Icon} name="close" /></button></header>
    ${children}
  </dialog>`;
}

/** `save(values)` gets what the form holds and throws a Problem when it is refused; `remove` may be left out. `act`: the word for it. */
export function Form({ title, fields, item, close, save, remove, note, act = t("save") }) {
  const [values, setValues] = useState(() => Object.fromEntries(fields.map((field) => [field.name, initial(field, item)])));
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const attempt = async (work) => {
    setBusy(true);
    try {
      await work();
    } catch (refused) {
      setProblem(refused);
      setBusy(false);
    }
  };
  const submit = (event) => {
    event.preventDefault();
    attempt(() => save(values));
  };
  const faultOf = ({ name }) => problem?.errors?.find(({ pointer }) => `${pointer}/`.startsWith(`/${name.replaceAll(".", "/")}/`));
  const told = fields.some(faultOf);
  const asked = fields.filter((field) => !(field.once && item));
  const further = asked.filter((field) => field.further);
  const draw = (field) => html`<${Field} key=${field.name} field=${field} value=${values[field.name]} fault=${faultOf(field)}
    set=${(value) => setValues((old) => ({ ...old, [field.name]: value }))} />`;
  return html`<${Sheet} title=${title} close=${close}>
    <form class="form" onSubmit=${submit}>
      ${note && html`<p class="muted">${note}</p>`}
      ${asked.filter((field) => !field.further).map(draw)}
      ${further.length > 0 && html`<details class="further" open=${further.some(faultOf)}><summary>${t("further")}</summary>${further.map(draw)}</details>`}
      <p class="problem" role="alert">${problem && !told ? problem.message : ""}</p>
      <div class="ends">
        ${remove && html`<button type="button" class="danger" disabled=${busy} onClick=${() => attempt(remove)}>${t("delete")}</button>`}
        <button class="primary" disabled=${busy}>${act}</button>
      </div>
    </form>
  <//>`;
}

function initial(field, item) {
  const given = item && field.name.split(".").reduce((at, name) => at?.[name], item);
  if (given !== undefined && given !== null) return given;
  if (field.initial !== undefined && !item) return field.initial;
  return { check: false, many: [], lines: [], levels: {}, needs: [], names: {}, number: "", counts: {}, steps: [], week: {}, dates: {} }[field.kind] ?? "";
}

function Field({ field, value, fault, set }) {
  const id = `form-${field.name.replaceAll(".", "-")}`;
  const label = field.label?.() ?? t(`field_${field.name}`);
  const said = fault ? `${id}-fault` : field.hint ? `${id}-hint` : undefined;
  const Input = INPUTS[field.kind] ?? INPUTS.text;
  const group = GROUPS.has(field.kind);
  const about = html`${field.hint && html`<small id=${`${id}-hint`}>${t(field.hint)}</small>`}
    ${fault && html`<p class="problem" id=${`${id}-fault`} role="alert">${fault.detail}</p>`}`;
  if (group) return html`<fieldset class="asked"><legend>${label}</legend><${Input} id=${id} field=${field} value=${value} set=${set} />${about}</fieldset>`;
  if (field.kind === "check") {
    return html`<p class="asked check"><label><input type="checkbox" checked=${value} onChange=${(event) => set(event.currentTarget.checked)} /> ${label}</label>${about}</p>`;
  }
  return html`<div class="asked"><label for=${id}>${label}</label><${Input} id=${id} field=${field} value=${value} set=${set} said=${said} wrong=${Boolean(fault)} />${about}</div>`;
}

/** What a form holds as the API takes it: numbers as numbers, lists without empty lines, nothing that was left empty. */
export function document(fields, values, item) {
  const made = {};
  for (const field of fields) {
    if (field.once && item) continue;
    const written = valueOf(field, values[field.name], item);
    if (written !== undefined) put(made, field.name.split("."), written);
  }
  return made;
}

function valueOf(field, value, item) {
  if (field.kind === "number") return value === "" ? (field.empty === undefined ? undefined : field.empty) : Number(value);
  if (field.kind === "lines") return value.map((line) => line.trim()).filter(Boolean);
  if (field.kind === "password" || field.once || field.optional) return value === "" ? undefined : value;
  if (PATCHED.has(field.kind)) {
    // A merge patch takes out what it names as null.
    const gone = Object.keys(item?.[field.name] ?? {}).filter((key) => !(key in value));
    return { ...value, ...Object.fromEntries(gone.map((key) => [key, null])) };
  }
  return value;
}

function put(into, [name, ...rest], value) {
  if (rest.length) put((into[name] ??= {}), rest, value);
  else into[name] = value;
}
