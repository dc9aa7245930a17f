// The demo shop: its language, the questions to try, and the chat, whose channel the desk names.
const wanted = new URLSearchParams(location.search).get("lang") ?? navigator.language;
const chinese = /^zh/i.test(wanted);
document.documentElement.lang = chinese ? "zh-CN" : "en";

document.getElementById("switch").onclick = () => {
  location.search = `?lang=${chinese ? "en" : "zh"}`;
};

for (const button of document.querySelectorAll(".questions button")) {
  button.onclick = () => (window.frontdesk ||= []).push(["ask", button.textContent.trim()]);
}

async function addChat() {
  const answer = await fetch("/demo/config.json");
  if (!answer.ok) return;
  const { channel_id } = await answer.json();
  const script = document.createElement("script");
  script.src = "/widget.js";
  script.dataset.channel = channel_id;
  document.head.append(script);
}

addChat();
