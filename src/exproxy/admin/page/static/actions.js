// Asks in a dialog what would be asked on a page of its own; the page's HTML is what stands in it.

import { refresh } from "./live.js";

let dialog = null;
let opener = null;         // what the focus goes back to, by its address, since the page may be another one by then

export function listen() {
  document.addEventListener("click", event => {
    const link = event.target.closest("a[data-ask]");
    if (link && plain(event)) {
      event.preventDefault();
      ask(link);
    } else if (event.target.closest("dialog [data-no]")) {
      event.preventDefault();
      dialog.close();
    }
    for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", event => {
    const menu = event.key === "Escape" && event.target.closest?.(".menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

function plain(event) {
  return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
}

async function ask(link) {
  const address = link.getAttribute("href");
  const menu = link.closest(".menu");
  let form = null;
  try {
    form = formOf(await (await fetch(address, { headers: { Accept: "text/html" } })).text());
  } catch {
    // it is asked on a page of its own then
  }
  if (!form) {
    location.assign(address);
    return;
  }
  opener = menu ? menu.id : address;
  if (menu) menu.open = false;
  show(form);
}

function formOf(html) {
  return new DOMParser().parseFromString(html, "text/html").getElementById("question");
}

function show(form) {
  if (!dialog) {
    dialog = document.createElement("dialog");
    dialog.setAttribute("aria-labelledby", "question-title");
    dialog.addEventListener("close", back);
    dialog.addEventListener("submit", send);
    document.body.append(dialog);
  }
  dialog.replaceChildren(document.adoptNode(form));
  if (!dialog.open) dialog.showModal();
  // not the button that does it: nobody shall do anything by a stroke too many
  (dialog.querySelector("input:not([type=hidden])") ?? dialog.querySelector("[data-no]")).focus();
}

async function send(event) {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const answer = await fetch(form.action, {
      method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "text/html" }, redirect: "manual",
    });
    if (answer.type === "opaqueredirect") {
      dialog.close();
      await refresh();
      return;
    }
    const page = await answer.text();
    const again = formOf(page);
    if (again) show(again);
    else fault(form, new DOMParser().parseFromString(page, "text/html").querySelector(".fault")?.textContent);
  } catch {
    fault(form, "exproxy does not answer: nothing may have been done.");
  } finally {
    button.disabled = false;
  }
}

function fault(form, text) {
  const told = form.querySelector(".fault") ?? document.createElement("p");
  told.className = "fault";
  told.setAttribute("role", "alert");
  told.textContent = text ?? "That was refused.";
  form.querySelector(".buttons").before(told);
}

function back() {
  dialog.replaceChildren();
  const same = document.getElementById(opener)?.querySelector("summary")
    ?? [...document.querySelectorAll("a[data-ask]")].find(each => each.getAttribute("href") === opener);
  same?.focus();
}
