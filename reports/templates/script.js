// Opens what a link leads to; adds search, copy buttons and "expand all". The page works without it.
"use strict";
const all = selector => [...document.querySelectorAll(selector)];
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let element = target; element; element = element.parentElement)
    if (element.matches("details")) element.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", openTarget);
openTarget();
const tools = document.getElementById("tools");
tools.hidden = false;
tools.querySelector("input").addEventListener("input", event => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const element of all("#matrix tbody tr, details.scenario, details.problem-card, .map a")) {
    const text = `${element.title} ${(element.querySelector("summary") || element).textContent}`;
    element.classList.toggle("unmatched", !words.every(word => text.toLowerCase().includes(word)));
  }
});
tools.querySelector("button").addEventListener("click", event => {
  const open = event.target.textContent === "Expand all";
  for (const element of all("main details")) element.open = open;
  event.target.textContent = open ? "Collapse all" : "Expand all";
});
for (const block of all("pre")) {
  const button = document.createElement("button");
  button.className = "copy";
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.textContent);
    button.textContent = "Copied";
  });
  block.before(button);
}
