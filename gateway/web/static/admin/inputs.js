// What a form asks with, by a field's kind.
import { html } from "../ui/html.js";
import { Dates, Week } from "./hours.js";
import { Level, without } from "./level.js";
import { Steps } from "./steps.js";
import { t } from "./words.js";

const plain = (type) => ({ id, field, value, set, said, wrong }) => html`<input id=${id} type=${type} value=${value} required=${field.required}
  placeholder=${field.example ?? ""} autocomplete=${type === "password" ? "new-password" : "off"} aria-describedby=${said} aria-invalid=${wrong ? "true" : undefined} step=${type === "number" ? "any" : undefined}
  onInput=${(event) => set(event.currentTarget.value)} />`;

export const INPUTS = {
  text: plain("text"), email: plain("email"), password: plain("password"), number: plain("number"), url: plain("url"),
  area: ({ id, field, value, set, said }) => html`<textarea id=${id} rows="7" required=${field.required} aria-describedby=${said}
    onInput=${(event) => set(event.currentTarget.value)} value=${value}></textarea>`,
  lines: ({ id, value, set, said }) => html`<textarea id=${id} rows="3" aria-describedby=${said} placeholder=${t("one_a_line")}
    onInput=${(event) => set(event.currentTarget.value.split("\n"))} value=${value.join("\n")}></textarea>`,
  choice: ({ id, field, value, set, said }) => html`<select id=${id} value=${value} aria-describedby=${said} onChange=${(event) => set(event.currentTarget.value)}>
    ${field.choices(value).map(([one, name]) => html`<option key=${one} value=${one}>${name}</option>`)}</select>`,
  many: ({ field, value, set }) => html`<div class="boxes">${field.choices(value).map(([one, name]) => html`<label key=${one}><input type="checkbox"
    checked=${value.includes(one)} onChange=${(event) => set(event.currentTarget.checked ? [...value, one] : value.filter((other) => other !== one))} /> ${name}</label>`)}</div>`,
  levels: ({ field, value, set }) => html`<div class="boxes">${field.choices(value).map(([one, name]) => html`<label key=${one}>${name}
    <${Level} value=${value[one] ?? 0} set=${(level) => set(level ? { ...value, [one]: level } : without(value, one))} /></label>`)}</div>`,
  needs: ({ field, value, set }) => html`<div class="boxes">${field.choices(value).map(([one, name]) => html`<label key=${one}>${name}
    <${Level} value=${value.find(({ skill }) => skill === one)?.level ?? 0}
      set=${(level) => set([...value.filter(({ skill }) => skill !== one), ...(level ? [{ skill: one, level }] : [])])} /></label>`)}</div>`,
  names: ({ value, set }) => html`<div class="boxes">${[["zh", "中文"], ["en", "English"]].map(([tag, name]) => html`<label key=${tag}>${name}
    <input type="text" lang=${tag} value=${value[tag] ?? ""} onInput=${(event) => set(event.currentTarget.value ? { ...value, [tag]: event.currentTarget.value } : without(value, tag))} /></label>`)}</div>`,
  counts: ({ field, value, set }) => html`<div class="boxes">${field.choices(value).map(([one, name]) => html`<label key=${one}>${name}
    <input type="number" step="any" placeholder=${field.otherwise} value=${value[one] ?? ""}
      onInput=${(event) => set(event.currentTarget.value === "" ? without(value, one) : { ...value, [one]: Number(event.currentTarget.value) })} /></label>`)}</div>`,
  steps: Steps, week: Week, dates: Dates,
};
