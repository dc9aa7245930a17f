// The value of a comparison or an effect: chosen from a list, a number, a while, a time, or written.
import { html } from "../ui/html.js";
import { t } from "./words.js";

const input = (type, { label, value, set, ...rest }) => html`<input type=${type} aria-label=${label} value=${value ?? ""} autocomplete="off" ...${rest} onInput=${(event) => set(event.currentTarget.value)} />`;

export const Text = (props) => input("text", props);
export const Time = (props) => input("time", props);
export const Number_ = ({ set, ...props }) => input("number", { step: "any", ...props, set: (value) => set(value === "" ? "" : Number(value)) });

export function Area({ label, value, set, rows = 2, code }) {
  return html`<textarea class=${code ? "code" : ""} rows=${rows} aria-label=${label} spellcheck=${!code} value=${value ?? ""} onInput=${(event) => set(event.currentTarget.value)}></textarea>`;
}

/** What is set but not listed stays to be seen. */
export function Choice({ label, value, set, options, empty = t("choose") }) {
  const known = value === "" || value === undefined || options.some(([one]) => one === value);
  return html`<select aria-label=${label} value=${value ?? ""} onChange=${(event) => set(event.currentTarget.value)}>
    ${empty && html`<option value="">${empty}</option>`}${!known && html`<option value=${value}>${value}</option>`}
    ${options.map(([one, words]) => html`<option key=${one} value=${one}>${words}</option>`)}</select>`;
}

/** Options in groups, `[[group, [[name, words]]]]`. */
export function GroupedChoice({ label, value, set, groups, otherwise }) {
  const known = groups.some(([, options]) => options.some(([one]) => one === value));
  return html`<select aria-label=${label} value=${value} onChange=${(event) => set(event.currentTarget.value)}>
    ${!known && html`<option value=${value}>${otherwise}</option>`}
    ${groups.map(([group, options]) => html`<optgroup key=${group} label=${group}>${options.map(([one, words]) => html`<option key=${one} value=${one}>${words}</option>`)}</optgroup>`)}</select>`;
}

export function Several({ label, value, set, options }) {
  const list = Array.isArray(value) ? value : [];
  const all = [...options, ...list.filter((one) => !options.some(([known]) => known === one)).map((one) => [one, one])];
  return html`<div class="boxes" role="group" aria-label=${label}>${all.map(([one, words]) => html`<label key=${one}><input type="checkbox" checked=${list.includes(one)}
    onChange=${(event) => set(event.currentTarget.checked ? [...list, one] : list.filter((other) => other !== one))} /> ${words}</label>`)}</div>`;
}

/** Phrases, one a line; what is being typed keeps its empty last line. */
export function Lines({ label, value, set }) {
  const list = Array.isArray(value) ? value : value ? [value] : [];
  return html`<textarea rows=${Math.min(6, Math.max(2, list.length))} aria-label=${label} placeholder=${t("one_a_line")} value=${list.join("\n")} onInput=${(event) => set(event.currentTarget.value.split("\n"))}></textarea>`;
}

/** 30m, 2h, 3d, 1w. */
export function While({ label, value, set }) {
  const [, count = "", unit = "h"] = /^(\d*)([mhdw])$/.exec(value ?? "") ?? [];
  return html`<span class="while">${input("number", { label, value: count, min: 1, step: 1, set: (written) => set(`${written}${unit}`) })}
    <select aria-label=${t("unit")} value=${unit} onChange=${(event) => set(`${count}${event.currentTarget.value}`)}>${["m", "h", "d", "w"].map((one) => html`<option key=${one} value=${one}>${t(`unit_${one}`)}</option>`)}</select></span>`;
}
