// A drawing of one path.
import { html } from "../ui/html.js";

export function Icon({ d }) {
  return html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d=${d} /></svg>`;
}
