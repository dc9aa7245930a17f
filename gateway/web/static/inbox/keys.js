// The inbox's keyboard: single letters outside of fields; and the dialog that lists them, with language and theme.
import { html, signal, useEffect, useRef } from "../ui/html.js";
import { LanguageChoice, ThemeChoice } from "./choices.js";
import { writing } from "./by_hand.js";
import { open } from "./desk.js";
import { Icon } from "./icons.js";
import { asking } from "./merge.js";
import { go } from "./route.js";
import { Signature } from "./signature.js";
import { resolve, take } from "./work.js";
import { t } from "./words.js";

export const showKeys = signal(false);

/** Which field the reader wants to write in next, and which message is forwarded: the composer looks here. */
export const compose = signal({ kind: "reply", asked: 0, message: null });

export const ask = (kind, message = null) => (compose.value = { kind, asked: compose.value.asked + 1, message });

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  r: () => ask("reply"),
  n: () => ask("note"),
  f: () => ask("forward"),
  t: () => open.value?.ticket && take(),
  e: () => open.value?.ticket && resolve(),
  c: () => (writing.value = true),
  m: () => open.value?.ticket && (asking.value = "merge"),
  s: () => open.value?.ticket && (asking.value = "snooze"),
  b: () => go({ notices: true }),
  "/": () => document.getElementById("search")?.focus(),
  "?": () => (showKeys.value = true),
};

function step(by) {
  const rows = [...document.querySelectorAll(".row")];
  const focused = rows.indexOf(document.activeElement);
  const at = focused >= 0 ? focused : rows.findIndex((row) => row.getAttribute("aria-current"));
  const next = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))];
  next?.focus();
}

function pressed(event) {
  if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

export function listenToKeys() {
  addEventListener("keydown", pressed);
}

const LISTED = [
  ["J / K", "key_jk"], ["Enter", "key_enter"], ["R", "key_r"], ["N", "key_n"], ["F", "key_f"], ["T", "key_t"], ["E", "key_e"], ["S", "key_s"], ["M", "key_m"], ["C", "key_c"], ["B", "notifications"],
  ["/", "key_slash"], ["Ctrl + Enter", "key_send"], ["Esc", "key_esc"], ["?", "key_help"],
];

export function Keys() {
  const dialog = useRef(null);
  useEffect(() => {
    if (showKeys.value) dialog.current.showModal();
  }, [showKeys.value]);
  return html`<dialog class="keys" ref=${dialog} onClose=${() => (showKeys.value = false)} aria-labelledby="keys-title">
    <header><h2 id="keys-title">${t("settings")}</h2>
      <button class="plain bare" onClick=${() => dialog.current.close()} aria-label=${t("close")}><${Icon} name="close" /></button></header>
    <div class="choices"><${LanguageChoice} /><${ThemeChoice} /></div>
    ${showKeys.value && html`<${Signature} />`}
    <h3>${t("keys")}</h3>
    <dl>${LISTED.map(([key, name]) => html`<dt key=${name}><kbd>${key}</kbd></dt><dd>${t(name)}</dd>`)}</dl>
  </dialog>`;
}
