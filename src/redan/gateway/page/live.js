"use strict";
// Puts fresh parts into the page; a part that somebody reads with the keyboard or has marked is left alone.
const held = new Map(), news = document.getElementById("news"), pause = document.getElementById("pause");
let source = null, heard = Date.now();
const busy = (part) => {
  const marked = document.getSelection();
  return part.contains(document.activeElement) || (!marked.isCollapsed && marked.intersectsNode(part));
};
const put = (event) => {
  heard = Date.now();
  for (const [id, html] of Object.entries(JSON.parse(event.data))) {
    const part = document.getElementById(id);
    if (!part || held.get(id) === html || busy(part)) continue;
    const open = [...part.querySelectorAll("details")].map((one) => one.open);
    part.innerHTML = html;
    part.querySelectorAll("details").forEach((one, place) => { one.open = Boolean(open[place]); });
    held.set(id, html);
  }
};
const turn = (on) => {
  if (source) source.close();
  source = on ? new EventSource("/live") : null;
  if (on) source.onmessage = put;
  heard = Date.now();
  pause.textContent = on ? "Pause updates" : "Go on with updates";
  news.textContent = on ? "Live" : "Paused";
};
setInterval(() => {
  if (source) news.textContent = Date.now() - heard > 10000 ? "No news for a while: is the gateway there?" : "Live";
}, 1000);
pause.addEventListener("click", () => turn(!source));
pause.hidden = false;
turn(true);
