// A skill's level to choose, and a record without one of its members.
import { html } from "../ui/html.js";

export function Level({ value, set, label }) {
  return html`<select aria-label=${label} value=${value} onChange=${(event) => set(Number(event.currentTarget.value))}>
    ${[0, 1, 2, 3, 4, 5].map((level) => html`<option key=${level} value=${level}>${level || "–"}</option>`)}</select>`;
}

export function without(record, key) {
  const { [key]: _, ...rest } = record;
  return rest;
}
