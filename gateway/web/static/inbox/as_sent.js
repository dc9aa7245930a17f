// A mail as its sender formatted it: a page of its own that can do nothing, and loads pictures when it is asked to.
import { html, useState } from "../ui/html.js";
import { t } from "./words.js";

export function AsSent({ message }) {
  const [shown, setShown] = useState(false);
  const [images, setImages] = useState(false);
  const remote = message.html.includes('data-remote-src="');
  return html`<p class="formatted"><button class="plain" aria-expanded=${shown} onClick=${() => setShown(!shown)}>${t(shown ? "hide_formatted" : "show_formatted")}</button>
      ${shown && remote && !images && html`<button class="plain" onClick=${() => setImages(true)} title=${t("load_images_tells")}>${t("load_images")}</button>`}</p>
    ${shown && html`<iframe class="formatted" title=${t("formatted")} src=${`/api/v1/messages/${message.id}/html${images ? "?images=true" : ""}`}></iframe>`}`;
}
