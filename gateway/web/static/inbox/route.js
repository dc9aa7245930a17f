// What the address says is open: `/tickets/tk_…?view=mine`, `/?view=bot&conversation=cv_…`, `/notifications`, or
// `/admin/rules?part=versions`.
import { signal } from "../ui/html.js";

export const VIEWS = ["mine", "unassigned", "all", "waiting", "bot", "resolved"];
const CONSOLE = /^\/admin(?:\/(\w+))?$/;

export const route = signal(read());

function read() {
  const query = new URLSearchParams(location.search);
  const view = VIEWS.includes(query.get("view")) ? query.get("view") : null;
  const ticket = location.pathname.match(/^\/tickets\/([\w-]+)$/)?.[1] ?? null;
  const admin = location.pathname.match(CONSOLE);
  if (admin) return { view: null, admin: admin[1] ?? "overview", part: query.get("part"), chosen: Boolean(admin[1]) && !query.has("sections"), ticket: null, conversation: null };
  if (location.pathname === "/notifications") return { view: null, notices: true, chosen: query.has("choices"), ticket: null, conversation: null };
  return { view: view ?? (ticket ? "all" : "mine"), ticket, conversation: query.get("conversation") };
}

export function address({ view, ticket, conversation, admin, part, chosen, notices }) {
  if (notices) return `/notifications${chosen ? "?choices" : ""}`;
  if (admin) return `/admin/${admin}${chosen === false ? "?sections" : part ? `?part=${part}` : ""}`;
  const query = new URLSearchParams({ view: view ?? "all" });
  if (conversation) query.set("conversation", conversation);
  return `${ticket ? `/tickets/${ticket}` : "/"}?${query}`;
}

export function go(to) {
  history.pushState(null, "", address({ view: route.value.view ?? "mine", ...to }));
  route.value = read();
}

/** For a link's click: follows it here unless the reader wants another tab. */
export function follow(event, to) {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go(to);
}

addEventListener("popstate", () => (route.value = read()));
