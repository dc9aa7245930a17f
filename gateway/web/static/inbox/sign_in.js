// The sign-in form.
import { html, useState } from "../ui/html.js";
import { LanguageChoice } from "./choices.js";
import { signIn } from "./work.js";
import { t } from "./words.js";

export function SignIn() {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const { email, password } = event.currentTarget.elements;
    setBusy(true);
    try {
      await signIn(email.value.trim(), password.value);
    } catch (failed) {
      setProblem(failed.message);
      setBusy(false);
      password.select();
    }
  };
  return html`<main class="sign-in">
    <form onSubmit=${submit}>
      <img src="/static/ui/icon.svg" alt="" width="40" height="40" />
      <h1>Frontdesk</h1>
      <p>${t("sign_in_lead")}</p>
      <label for="email">${t("email")}</label>
      <input id="email" name="email" type="email" autocomplete="username" required autofocus />
      <label for="password">${t("password")}</label>
      <input id="password" name="password" type="password" autocomplete="current-password" required />
      <p class="problem" role="alert">${problem}</p>
      <button class="primary" disabled=${busy}>${t("sign_in")}</button>
    </form>
    <${LanguageChoice} />
  </main>`;
}
