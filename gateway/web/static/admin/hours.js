// Opening hours as they are written: `09:00-12:30, 13:30-18:00` for a weekday, a date before it for a day of its own.
import { html, useState } from "../ui/html.js";
import { without } from "./level.js";
import { t } from "./words.js";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

const written = (windows) => (windows ?? []).map((window) => window.join("-")).join(", ");

/** What can't be read as times is left for the desk to refuse where it stands. */
const read = (text) => text.split(/[,，;；]/).map((part) => part.trim()).filter(Boolean).map((part) => part.split(/\s*[-–—]\s*/, 2)).map(([open, close]) => [open, close ?? ""]);

export function Week({ id, value, set }) {
  return html`<div class="week">${DAYS.map((day) => html`<${Day} key=${day} id=${`${id}-${day}`} day=${day} windows=${value[day]}
    set=${(windows) => set(windows.length ? { ...value, [day]: windows } : without(value, day))} />`)}</div>`;
}

function Day({ id, day, windows, set }) {
  const [text, setText] = useState(() => written(windows));
  const typed = (event) => {
    setText(event.currentTarget.value);
    set(read(event.currentTarget.value));
  };
  return html`<label for=${id}>${t(`day_${day}`)}</label><input id=${id} type="text" autocomplete="off" placeholder=${t("closed_day")} value=${text} onInput=${typed} />`;
}

export function Dates({ id, value, set, said }) {
  const [text, setText] = useState(() => Object.entries(value).map(([date, windows]) => `${date} ${written(windows)}`.trim()).join("\n"));
  const typed = (event) => {
    setText(event.currentTarget.value);
    const lines = event.currentTarget.value.split("\n").map((line) => line.trim()).filter(Boolean);
    set(Object.fromEntries(lines.map((line) => line.split(/\s+(.*)/, 2)).map(([date, hours]) => [date, read(hours ?? "")])));
  };
  return html`<textarea id=${id} rows="3" aria-describedby=${said} placeholder=${"2026-12-24 09:00-13:00"} value=${text} onInput=${typed}></textarea>`;
}
