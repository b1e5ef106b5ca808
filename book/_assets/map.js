// The map of the book: point at a page, or move to it with Tab, and all that it builds on is
// marked. Without a script the picture and the list below it say the same.
"use strict";

(() => {
  const map = document.querySelector("svg.map");
  const said = document.querySelector(".map-said");
  if (!map || !said) return;
  const pages = new Map([...map.querySelectorAll(".map-page")].map((box) => [box.dataset.page, box]));
  const lines = [...map.querySelectorAll(".map-line")];
  const name = (page) => pages.get(page).textContent.trim();

  // Direct needs stand in the box; what those need follows.
  function allNeeded(page) {
    const found = new Set();
    const todo = [page];
    while (todo.length > 0) {
      for (const needed of pages.get(todo.pop()).dataset.needs.split(" ").filter(Boolean)) {
        if (!found.has(needed)) todo.push(needed);
        found.add(needed);
      }
    }
    return [...pages.keys()].filter((other) => found.has(other));
  }

  function tell(page, needed) {
    if (needed.length === 0) return `${name(page)} needs no other page.`;
    const direct = pages.get(page).dataset.needs.split(" ").map(name).join(", ");
    const count = needed.length === 1 ? "one page" : `${needed.length} pages`;
    return `${name(page)} needs ${direct}; with all that comes before, ${count}.`;
  }

  function mark(page) {
    const needed = allNeeded(page);
    const way = new Set([page, ...needed]);
    map.classList.add("is-pointing");
    for (const [other, box] of pages) {
      box.classList.toggle("is-needed", way.has(other));
      box.classList.toggle("is-here", other === page);
    }
    for (const line of lines) line.classList.toggle("is-needed", way.has(line.dataset.to));
    said.textContent = tell(page, needed);
  }

  function clear() {
    map.classList.remove("is-pointing");
    for (const part of map.querySelectorAll(".is-needed, .is-here")) part.classList.remove("is-needed", "is-here");
    said.textContent = said.dataset.first;
  }

  const boxOf = (event) => event.target.closest(".map-page");
  said.dataset.first = "Point at a page, or go to it with the Tab key, to see all that it builds on.";
  said.setAttribute("role", "status");
  clear();
  for (const kind of ["pointerover", "focusin"]) {
    map.addEventListener(kind, (event) => {
      if (boxOf(event)) mark(boxOf(event).dataset.page);
    });
  }
  for (const kind of ["pointerleave", "focusout"]) map.addEventListener(kind, clear);
})();
