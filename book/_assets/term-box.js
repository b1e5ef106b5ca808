// What a term means, in a box below its link: for those who point at it or move to it with Tab.
// The definitions are in terms.js, which the build writes from the glossary. Escape closes the
// box, the pointer may move onto it, and the link still leads to the glossary.
"use strict";

(() => {
  const terms = window.torchbookTerms;
  const links = "a.reference:has(> .std-term)";
  if (!terms || !CSS.supports("selector(:has(a))")) return;

  const WAIT = 150; // milliseconds: long enough to cross a link without a box, or to reach it
  const EDGE = 8; // pixels between the box and what is around it
  const box = document.createElement("div");
  box.id = "term-box";
  box.className = "term-box";
  box.setAttribute("role", "tooltip");
  box.hidden = true;
  (document.querySelector("main") || document.body).append(box); // all content lies in a landmark
  let shown = null; // the link that the box belongs to
  let timer = 0;

  const meaning = (link) => terms[decodeURIComponent(link.hash.slice(1))];

  function place(link) {
    const first = link.getClientRects()[0] || link.getBoundingClientRect();
    const room = document.documentElement.clientWidth - box.offsetWidth - EDGE;
    const above = first.bottom + box.offsetHeight + EDGE > window.innerHeight;
    const top = above ? first.top - box.offsetHeight - 2 : first.bottom + 2;
    const origin = box.offsetParent.getBoundingClientRect();
    box.style.left = `${Math.max(EDGE, Math.min(first.left, room)) - origin.left}px`;
    box.style.top = `${Math.max(EDGE, top) - origin.top}px`;
  }

  function show(link) {
    clearTimeout(timer);
    if (link === shown || !meaning(link)) return;
    hide();
    shown = link;
    box.textContent = meaning(link);
    box.hidden = false;
    link.setAttribute("aria-describedby", box.id);
    place(link);
  }

  function hide() {
    clearTimeout(timer);
    if (shown) shown.removeAttribute("aria-describedby");
    shown = null;
    box.hidden = true;
  }

  function later(action) {
    clearTimeout(timer);
    timer = setTimeout(action, WAIT);
  }

  const linkOf = (event) => event.target instanceof Element && event.target.closest(links);

  // A finger has no way to point without following the link, so it gets no box.
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const link = linkOf(event);
    if (link) later(() => show(link));
    else if (box.contains(event.target)) clearTimeout(timer);
    else if (shown && shown !== document.activeElement) later(hide);
  });
  document.addEventListener("focusin", (event) => {
    const link = linkOf(event);
    if (link && link.matches(":focus-visible")) show(link);
  });
  document.addEventListener("focusout", (event) => {
    if (event.target === shown) hide();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  window.addEventListener("resize", hide);
})();
