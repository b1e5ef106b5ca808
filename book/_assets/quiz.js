// Checks the quizzes of a page, in the page. The questions and what is said of each answer are
// in the HTML that book/_ext/quiz.py writes; this reads them there, so nothing stands twice.
"use strict";

(() => {
  const STORE = "torchbook-quiz";
  const RIGHT = "Right. ";
  const WRONG = "Not yet. ";

  // Storage can be refused (a private window, a file opened from disk): the quiz works without.
  function remembered() {
    try {
      return JSON.parse(localStorage.getItem(STORE)) || {};
    } catch {
      return {};
    }
  }

  function remember(question, answer) {
    const all = remembered();
    if (answer === null) delete all[question];
    else all[question] = answer;
    try {
      localStorage.setItem(STORE, JSON.stringify(all));
    } catch {
      // nothing is kept, and nothing else is amiss
    }
  }

  // "0,5", "1/4", "1e-3", "−2" and "1 000" are numbers to a reader.
  function asNumber(text) {
    const plain = text.trim().replace(/\u2212/g, "-").replace(/\s/g, "");
    const [over, under, more] = plain.includes(".") ? plain.split("/") : plain.replace(/,/g, ".").split("/");
    const form = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
    if (more !== undefined || !form.test(over)) return NaN;
    if (under === undefined) return Number(over);
    return form.test(under) ? Number(over) / Number(under) : NaN;
  }

  const inputs = (form) => [...form.querySelectorAll("fieldset input")];
  const answers = (form) => [...form.querySelectorAll(".quiz-answers > ul > li")];
  const isRight = (item) => item.dataset.right === "true";

  function given(form) {
    if (form.dataset.kind === "number") return inputs(form)[0].value.trim();
    return inputs(form).flatMap((box, n) => (box.checked ? [n] : []));
  }

  function judgeNumber(form, text) {
    const value = asNumber(text);
    if (!Number.isFinite(value)) return { say: "Write a number, such as 0.25, 3 or 1/4.", because: [] };
    const list = answers(form);
    const tolerance = Number(list[0].parentElement.dataset.tolerance);
    const near = (item) => {
      const wanted = Number(item.dataset.value);
      // the last bit of a fraction is not the reader's affair
      return Math.abs(value - wanted) <= tolerance + 1e-9 * Math.max(1, Math.abs(wanted));
    };
    const found = list.find((item) => "value" in item.dataset && near(item)) || list[list.length - 1];
    return { right: isRight(found), say: isRight(found) ? RIGHT : WRONG, because: [found] };
  }

  function judgeChoices(form, picked) {
    const list = answers(form);
    if (picked.length === 0) return { say: "Choose an answer first.", because: [] };
    const wrong = picked.filter((n) => !isRight(list[n]));
    const missing = list.filter((item, n) => isRight(item) && !picked.includes(n)).length;
    if (wrong.length === 0 && missing === 0) {
      return { right: true, say: RIGHT, because: picked.map((n) => list[n]) };
    }
    const several = form.dataset.kind === "several";
    const more = several && wrong.length === 0 ? "What you chose is right, and there is more. " : "";
    return { right: false, say: WRONG + more, because: wrong.map((n) => list[n]) };
  }

  // The reasons are copies of those in the folded answers, mathematics and all.
  function say(form, { right, say: text, because }) {
    const place = form.querySelector(".quiz-said");
    const first = document.createElement("p");
    const word = document.createElement("strong");
    word.textContent = text;
    first.append(word);
    place.replaceChildren(first);
    for (const item of because) {
      const reason = item.querySelector(".quiz-why").cloneNode(true);
      const repeated = item.querySelector(".quiz-repeated");
      if (repeated && because.length > 1) {
        const what = document.createElement("p");
        what.className = "quiz-about";
        what.append(...repeated.cloneNode(true).childNodes);
        place.append(what);
      }
      place.append(reason);
    }
    place.ariaBusy = "true"; // else a screen reader would read formulas as they are written
    Promise.resolve(window.typesetAll?.(place)).catch(() => {}).then(() => { place.ariaBusy = "false"; });
    if (right === undefined) delete form.dataset.state;
    else form.dataset.state = right ? "right" : "wrong";
  }

  function check(form) {
    const answer = given(form);
    const verdict = form.dataset.kind === "number" ? judgeNumber(form, answer) : judgeChoices(form, answer);
    say(form, verdict);
    if (verdict.right !== undefined) {
      form.querySelector(".quiz-answers").hidden = false;
      remember(form.dataset.question, { given: answer, right: verdict.right });
    }
    count(form.closest(".quiz"));
  }

  function clear(form) {
    form.querySelector(".quiz-said").replaceChildren();
    delete form.dataset.state;
    count(form.closest(".quiz"));
  }

  function fill(form, answer) {
    if (form.dataset.kind === "number") inputs(form)[0].value = answer;
    else inputs(form).forEach((box, n) => { box.checked = answer.includes(n); });
  }

  function count(quiz) {
    const forms = [...quiz.querySelectorAll(".quiz-question")];
    const right = forms.filter((form) => form.dataset.state === "right").length;
    quiz.querySelector(".quiz-count").textContent = `${right} of ${forms.length} right. `;
  }

  function startAgain(quiz) {
    for (const form of quiz.querySelectorAll(".quiz-question")) {
      form.reset();
      form.querySelector(".quiz-answers").hidden = true;
      form.querySelector(".quiz-answers").open = false;
      remember(form.dataset.question, null);
      clear(form);
    }
    quiz.querySelector(".quiz-question input").focus();
  }

  function prepareScore(quiz) {
    const line = quiz.querySelector(".quiz-score");
    const counted = document.createElement("span");
    counted.className = "quiz-count";
    const again = document.createElement("button");
    again.type = "button";
    again.className = "btn btn-outline-secondary";
    again.textContent = "Start again";
    again.addEventListener("click", () => startAgain(quiz));
    line.append(counted, again);
    line.hidden = false;
  }

  function prepareForm(form, before) {
    form.querySelector(".quiz-check").hidden = false;
    form.querySelector(".quiz-answers").hidden = true; // until a first try
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      check(form);
    });
    form.addEventListener("input", () => clear(form));
    form.reset(); // a browser may bring back ticks of its own after a reload
    if (before) {
      fill(form, before.given);
      check(form);
    }
  }

  function prepare(quiz) {
    prepareScore(quiz);
    const before = remembered();
    for (const form of quiz.querySelectorAll(".quiz-question")) {
      prepareForm(form, before[form.dataset.question]);
    }
    count(quiz);
  }

  document.querySelectorAll(".quiz").forEach(prepare);
})();
