// The inbox's line icons, 24 by 24.
import { html } from "../ui/html.js";

const PATHS = {
  mine: "M4 20a8 8 0 0 1 16 0M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z",
  unassigned: "M3 13h5l1.5 3h5L16 13h5M5.5 5h13L21 13v6H3v-6z",
  all: "M4 6h16M4 12h16M4 18h16",
  waiting: "M12 7v5l3 2M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  bot: "M5 9h14v10H5zM12 9V5M12 5h.01M9 13.5v1.5M15 13.5v1.5M2 13v3M22 13v3",
  resolved: "M8 12.5l3 3 5.5-6M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  widget: "M21 12a8 8 0 0 1-11.6 7.1L4 20l1-4.8A8 8 0 1 1 21 12z",
  email: "M3 6h18v12H3zM3 7l9 6.5L21 7",
  telegram: "M21 4L3 11l6 2.5M21 4l-4 16-8-6.5M21 4L9 13.5V19l3-3",
  webhook: "M9 7l-5 5 5 5M15 7l5 5-5 5",
  back: "M15 5l-7 7 7 7",
  up: "M6 14l6-6 6 6",
  down: "M6 10l6 6 6-6",
  close: "M6 6l12 12M18 6L6 18",
  details: "M4 5h16v14H4zM14.5 5v14",
  article: "M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h11M9 8h6",
  attach: "M20 11.5l-8 8a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7L10 17a1.7 1.7 0 0 1-2.4-2.4l7.4-7.4",
  forward: "M14 6l6 6-6 6M20 12H9a5 5 0 0 0-5 5v1",
  quarantine: "M12 4l9 16H3zM12 10v4M12 17h.01",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4",
  leave: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
  new: "M12 5v14M5 12h14",
  merge: "M6 4v4a6 6 0 0 0 6 6h6M18 4v4a6 6 0 0 1-6 6M15 11l3 3-3 3M12 14v6",
  set_up: "M4 7h10M18 7h2M4 17h2M10 17h10M16 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM8 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  bell: "M6 16v-5a6 6 0 0 1 12 0v5l1.5 2h-15zM10 21h4",
  keys: "M3 7h18v10H3zM7 10.5h.01M11 10.5h.01M15 10.5h.01M8 14h8",
};

export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name] ?? PATHS.webhook} /></svg>`;
}
