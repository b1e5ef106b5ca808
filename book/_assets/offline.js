"use strict";
// What the theme does with code in attributes, which the pages' policy refuses, and what
// its search does with requests, which a page opened from disk cannot make.
(() => {
  const PATIENCE = 5000; // milliseconds
  const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
  const does = {
    screen: () => window.toggleFullScreen(),
    print: () => Promise.race([window.typesetAll?.(), wait(PATIENCE)]).catch(() => {}).then(() => window.print()),
  };

  function listenToButtons() {
    for (const button of document.querySelectorAll("button[data-does]")) {
      button.addEventListener("click", () => does[button.dataset.does]());
    }
  }

  // The theme brings back where the list of pages stood, even if the page of now is not in sight.
  function showCurrentPage() {
    const list = document.querySelector(".bd-sidebar-primary");
    const link = [...document.querySelectorAll(".bd-sidebar-primary .bd-docs-nav .active")].at(-1);
    if (!link) return;
    const [seen, place] = [list.getBoundingClientRect(), link.getBoundingClientRect()];
    if (place.top >= seen.top && place.bottom <= Math.min(seen.bottom, window.innerHeight)) return;
    list.scrollTop += place.top - seen.top - list.clientHeight / 4;
  }

  // On a phone the list is in a box of its own, which opens at its beginning.
  function showCurrentPageInBox() {
    const box = document.getElementById("pst-primary-sidebar-modal");
    if (!box) return;
    new MutationObserver(() => {
      if (box.open) box.querySelector(".bd-docs-nav .current.active > a")?.scrollIntoView({ block: "center" });
    }).observe(box, { attributes: true, attributeFilter: ["open"] });
  }

  // The words that search shows of a page: its text, without formulas as they are written.
  function textAlone(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const text = page.querySelector("article.bd-article");
    if (!text) return html;
    for (const formula of text.querySelectorAll(".math")) formula.textContent = "…";
    return `<main role="main">${text.outerHTML}</main>`;
  }

  function mendSearch() {
    if (typeof Search !== "object") return; // not the search page
    const toText = Search.htmlToText;
    Search.htmlToText = (html, anchor) => toText(textAlone(html), anchor);
  }

  // Search reads some words of every page that it found: from disk it lists titles alone.
  if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS === "object") {
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  }
  // What is wider than the page scrolls: by keyboard, too. Each is looked at when it is laid
  // out; the theme looked at all at once (offline.py), which lays out the whole page.
  const BOXES = "pre, .cell_output > .output, .pst-scrollable-table-container";
  const reach = new ResizeObserver((changes) => {
    for (const { target } of changes) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  window.reachByKeyboard = (box) => {
    reach.unobserve(box); // looked at again, if it was before
    reach.observe(box);
  };
  const reachAll = () => document.querySelectorAll(BOXES).forEach(window.reachByKeyboard);

  mendSearch();
  listenToButtons();
  showCurrentPageInBox();
  window.addEventListener("load", showCurrentPage);
  window.addEventListener("load", reachAll);
  document.fonts.addEventListener("loadingdone", reachAll); // letters of another width
})();
