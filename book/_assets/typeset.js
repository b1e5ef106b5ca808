// Typesets the formulas of a page with MathJax: those near the screen at once, the others when
// the reader does something, or after a while. A phone that shows the beginning of a page need
// not work through all of it first.
"use strict";

(() => {
  const NEAR = "10%"; // of a screen above and below
  const WHILE = 10000; // milliseconds until the others are typeset anyway
  const TIME = 8; // milliseconds of work before the page gets its turn
  const FEW = 20; // of the others at once, so that one that comes near waits for few
  const PLACES = ".math"; // one formula in each
  const EX = 0.475; // the height of an x in the font of the text, for places that are hidden
  const SIGNS = ["scroll", "pointermove", "pointerdown", "keydown", "focusin"];
  const TABLE = ".pst-scrollable-table-container"; // may have become wider or narrower
  const MOVES = ["wheel", "touchmove", "keydown", "pointerdown"];
  const PARTS = ["core", "input/tex", "output/chtml", "a11y/assistive-mml"]; // no menu
  const FOLDER = new URL("vendor/mathjax/", document.currentScript.src);

  let mathjax = null; // a promise, once something is to be typeset
  let queue = Promise.resolve();

  const turn = () => new Promise((resolve) => setTimeout(resolve));

  // The page's settings of MathJax stand in a script of their own.
  function load() {
    return new Promise((resolve, reject) => {
      const failed = (what) => reject(new Error(`The mathematics stays as written: no ${what}`));
      const script = document.createElement("script");
      Object.assign(MathJax, {
        loader: { load: PARTS, failed: (problem) => failed(problem.package ?? problem.message) },
        startup: { pageReady: resolve },
        chtml: { exFactor: EX },
      });
      script.src = new URL("startup.js", FOLDER);
      script.onerror = () => failed(script.src);
      document.head.append(script);
    });
  }

  async function inTurns(formulas, work) {
    let start = performance.now();
    for (const formula of formulas) {
      await work(formula);
      if (performance.now() - start < TIME) continue;
      await turn();
      start = performance.now();
    }
  }

  // What MathJax.typesetPromise does, but the page is measured once, and gets its turn in between.
  async function typesetIn(places) {
    const { document: page } = MathJax.startup;
    const { core: { MathItem: { STATE } }, mathjax: { mathjax: { handleRetriesFor } } } = MathJax._;
    page.reset();
    page.findMath({ elements: places });
    const formulas = [...page.math];
    try {
      await inTurns(formulas, (formula) => handleRetriesFor(() => formula.compile(page)));
      await turn();
      page.getMetrics();
      await inTurns(formulas, (formula) => {
        if (formula.state() >= STATE.INSERTED) return; // for print
        formula.rerender(page, STATE.TYPESET);
        page.addStyleSheet(); // with the letters of this formula
      });
    } finally {
      page.clear(); // it need not remember them
    }
    for (const place of places) {
      const boxes = [...place.querySelectorAll("mjx-container[display]"), place.closest(TABLE)];
      boxes.filter(Boolean).forEach((box) => window.reachByKeyboard?.(box));
    }
  }

  // The browser does not wait with its print: what can be done at once is done.
  function typesetForPrint() {
    const page = window.MathJax?.startup?.document;
    if (!page) return;
    page.reset();
    page.render(); // those in hand
    page.clear();
    page.findMath({ elements: [...document.querySelectorAll(PLACES)].filter(isLeft) });
    page.render();
    page.clear();
  }

  const isLeft = (place) => place.isConnected && !place.querySelector("mjx-container");

  function typeset(places) {
    queue = queue.catch(() => {}).then(async () => {
      const left = places.filter(isLeft);
      if (left.length === 0) return;
      mathjax ??= load();
      await mathjax;
      await typesetIn(left);
    });
    return queue;
  }

  async function typesetAll(within = document) {
    const left = [...within.querySelectorAll(PLACES)].filter(isLeft);
    while (left.length > 0) await typeset(left.splice(0, FEW));
  }

  const near = new IntersectionObserver((seen) => {
    const places = seen.filter((one) => one.isIntersecting).map((one) => one.target);
    places.forEach((place) => near.unobserve(place));
    typeset(places);
  }, { rootMargin: NEAR });

  function others() {
    SIGNS.forEach((sign) => removeEventListener(sign, others));
    clearTimeout(waiting);
    typesetAll();
  }

  // A link into a page ends where it was meant to, though what is above is typeset, and laid
  // out, only then; not if the reader has moved meanwhile.
  async function land() {
    const target = document.getElementById(location.hash.slice(1));
    if (!target) return;
    const moved = new AbortController();
    const options = { once: true, passive: true, signal: moved.signal };
    MOVES.forEach((move) => addEventListener(move, () => moved.abort(), options));
    await typesetAll();
    for (let time = 0; time < 3 && !moved.signal.aborted; time += 1) {
      target.scrollIntoView({ behavior: "instant" });
      await new Promise(requestAnimationFrame);
    }
    moved.abort();
  }

  const watch = () => document.querySelectorAll(PLACES).forEach((place) => near.observe(place));

  window.typesetAll = typesetAll; // for who prints, copies or photographs a page
  SIGNS.forEach((sign) => addEventListener(sign, others, { passive: true }));
  const waiting = setTimeout(others, WHILE);
  addEventListener("beforeprint", typesetForPrint);
  addEventListener("hashchange", land);
  addEventListener("load", () => { watch(); land(); });
})();
