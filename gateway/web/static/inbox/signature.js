// What an agent's own mails end with, in the dialog of their settings.
import { html, useEffect, useState } from "../ui/html.js";
import { call } from "./api.js";
import { t } from "./words.js";

export function Signature() {
  const [kept, setKept] = useState(null);
  const [said, setSaid] = useState("");
  const failed = (problem) => setSaid(problem.message);
  useEffect(() => void call("GET", "/agents/me/signature").then(setKept, failed), []);
  const save = async (event) => {
    event.preventDefault();
    try {
      setKept(await call("PUT", "/agents/me/signature", { body: kept }));
      setSaid(t("saved"));
    } catch (problem) {
      failed(problem);
    }
  };
  const area = (form) => html`<label for=${`signature-${form}`}>${t(`signature_${form}`)}</label>
    <textarea id=${`signature-${form}`} rows="3" maxlength="5000" value=${kept[form]} onInput=${({ currentTarget: { value } }) => {
      setKept({ ...kept, [form]: value });
      setSaid("");
    }}></textarea>`;
  return html`<form class="signature" onSubmit=${save}>
    <h3>${t("signature")}</h3><p class="muted">${t("signature_about")}</p>
    ${kept && html`${area("text")}<details open=${Boolean(kept.html)}><summary>HTML</summary>${area("html")}</details>`}
    <p class="line"><span role="status">${said}</span><button disabled=${!kept}>${t("save")}</button></p>
  </form>`;
}
