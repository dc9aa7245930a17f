// Messages that could not be taken in: why, putting them back, giving them up.
import { html } from "../ui/html.js";
import { all, call } from "../inbox/api.js";
import { complain } from "../inbox/desk.js";
import { full, moment } from "../inbox/when.js";
import { Loaded, useLoaded } from "./records.js";
import { t } from "./words.js";

export function Letters() {
  const state = useLoaded(() => all("/deadletters"), "letters");
  const act = async (method, path) => {
    try {
      await call(method, path);
    } catch (problem) {
      complain(problem);
    }
    state.again();
  };
  return html`<p class="muted lead">${t("letters_lead")}</p>
    <${Loaded} state=${state} empty=${t("no_letters")}>
      <ul class="records">${state.items?.map((letter) => html`<li key=${letter.id}><div class="record">
        <b>${letter.error}</b><span><code>${letter.message_id}</code> · ${t("attempts_n", { n: letter.attempts })} · <time datetime=${letter.created_at} title=${full(letter.created_at)}>${moment(letter.created_at)}</time></span>
        <span class="ends"><button class="danger" onClick=${() => act("DELETE", `/deadletters/${letter.id}`)}>${t("give_up")}</button>
          <button onClick=${() => act("POST", `/deadletters/${letter.id}/replay`)}>${t("put_back")}</button></span></div></li>`)}</ul>
    <//>`;
}
