// Secrets that were just made: shown this once, to be copied.
import { html, useState } from "../ui/html.js";
import { Sheet } from "./form.js";
import { t } from "./words.js";

export function Once({ secrets, close }) {
  return html`<${Sheet} title=${t("secrets")} close=${close}>
    <p>${t("secrets_once")}</p>
    <dl class="once">${Object.entries(secrets).map(([name, secret]) => html`<${Secret} key=${name} name=${name} secret=${secret} />`)}</dl>
  <//>`;
}

function Secret({ name, secret }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret);
      setCopied(true);
    } catch {
      // No clipboard here: the text can be selected.
    }
  };
  return html`<dt>${name}</dt><dd><code tabindex="0">${secret}</code> <button onClick=${copy}>${t(copied ? "copied" : "copy")}</button></dd>`;
}
