// Choices of taste kept in the browser: language and theme.
import { html, useState } from "../ui/html.js";
import { choose, language } from "../ui/language.js";
import { forget, read, write } from "../ui/storage.js";
import { t } from "./words.js";

const THEME = "frontdesk:theme";

export function LanguageChoice() {
  return html`<select class="choice" aria-label=${t("language")} value=${language.value} onChange=${(event) => choose(event.currentTarget.value)}>
    <option value="en">English</option>
    <option value="zh">简体中文</option>
  </select>`;
}

export function ThemeChoice() {
  const [theme, setTheme] = useState(read(THEME) ?? "auto");
  const change = ({ currentTarget: { value } }) => {
    setTheme(value);
    if (value === "auto") {
      forget(THEME);
      delete document.documentElement.dataset.theme;
    } else {
      write(THEME, value);
      document.documentElement.dataset.theme = value;
    }
  };
  return html`<select class="choice" aria-label=${t("theme")} value=${theme} onChange=${change}>
    ${["auto", "light", "dark"].map((name) => html`<option key=${name} value=${name}>${t(`theme_${name}`)}</option>`)}
  </select>`;
}
