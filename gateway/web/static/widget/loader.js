// <script src="…/widget.js" data-channel="ch_…" async></script>
(() => {
  const { src, dataset: { channel } } = document.currentScript;
  const base = new URL(src).origin;
  const language = document.documentElement.lang || navigator.language;
  const name = /^zh/i.test(language) ? "在线客服" : "Chat with us";
  const root = document.body || document.documentElement;
  const make = (tag) => document.createElement(tag);
  const draws = (tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);
  const button = make("button"), badge = make("span"), svg = draws("svg"), path = draws("path");
  let frame, ready, calls = [], open = false, count;

  // For a frame that is refused a storage of its own.
  function keep(value) {
    try {
      return value ? (localStorage[channel] = value) : localStorage[channel];
    } catch {}
  }

  const place = (element, shown, css) =>
    (element.style.cssText = `position:fixed;z-index:2147483647;border:0;right:20px;box-shadow:0 6px 24px #0004;display:${shown ? "block" : "none"};${css}`);

  function draw() {
    const small = innerWidth < 480, news = !open && count;
    path.setAttribute("d", open ? "M6 9l6 6 6-6" : "M21 12a8 8 0 0 1-11.6 7.1L4 20l1-4.8A8 8 0 1 1 21 12z");
    button.ariaLabel = name + (news ? ` (${count})` : "");
    button.ariaExpanded = open;
    place(button, !open || !small, "bottom:20px;width:56px;height:56px;padding:16px;border-radius:50%;background:#0b6e63;cursor:pointer");
    place(badge, news, "bottom:60px;padding:0 7px;border-radius:10px;background:#b3261e;color:#fff;font:12px/20px sans-serif");
    badge.textContent = count;
    if (frame) place(frame, open, small ? "inset:0;width:100%;height:100%" : "bottom:88px;width:384px;height:min(640px,100vh - 108px);border-radius:16px");
  }

  function tell() {
    if (!frame) {
      frame = make("iframe");
      frame.title = name;
      frame.src = base + "/widget/" + channel;
      root.append(frame);
    }
    draw();
    if (!ready) return;
    const { title, referrer } = document;
    frame.contentWindow.postMessage({ open, calls, kept: keep(), page: location.href, title, referrer, language }, base);
    calls = [];
  }

  function push(...given) {
    calls.push(...given);
    for (const [verb] of given) open = verb == "open" || verb == "ask" || (open && verb != "close");
    tell();
  }

  svg.style.cssText = "width:24px;height:24px;fill:none;stroke:#fff;stroke-width:2";
  svg.append(path);
  button.append(svg, badge);
  button.onclick = () => push([open ? "close" : "open"]);
  root.append(button);
  addEventListener("resize", draw);
  addEventListener("message", ({ origin, source, data }) => {
    if (origin != base || source != frame?.contentWindow) return;
    if (data.ready) ready = true, tell();
    if (data.close) push(["close"]), button.focus();
    if (data.keep) keep(data.keep);
    if ("unread" in data) count = data.unread, draw();
  });
  const early = self.frontdesk || [];
  self.frontdesk = { push };
  if (keep() || early[0]) push(...early);
  draw();
})();
