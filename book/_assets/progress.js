// Marks the list of exercises and questions with what this reader has passed. The exercises are
// in the file that the checks write, which the reader picks; the questions are those that
// quiz.js remembers. Nothing is sent anywhere: a browser reads a picked file by itself.
"use strict";

(() => {
  const EXERCISES = "torchbook-progress";
  const QUESTIONS = "torchbook-quiz";

  // Storage can be refused (a private window): the page works without, until it is left.
  function remembered(name) {
    try {
      const found = JSON.parse(localStorage.getItem(name));
      return found && typeof found === "object" ? found : {};
    } catch {
      return {};
    }
  }

  function remember(name, what) {
    try {
      if (what === null) localStorage.removeItem(name);
      else localStorage.setItem(name, JSON.stringify(what));
    } catch {
      // nothing is kept, and nothing else is amiss
    }
  }

  // {exercise: day} of a file's text; null when it is another kind of file.
  function readFile(text) {
    try {
      const { passed } = JSON.parse(text);
      if (passed === null || typeof passed !== "object") return null;
      return Object.values(passed).every((day) => typeof day === "string") ? passed : null;
    } catch {
      return null;
    }
  }

  function mark(item, text) {
    item.classList.toggle("is-passed", text !== "");
    item.querySelector(".progress-mark").textContent = text === "" ? "" : ` ✓ ${text}`;
  }

  function markExercises(part, passed) {
    const items = [...part.querySelectorAll("[data-exercise]")];
    for (const item of items) mark(item, (passed[item.dataset.exercise] || "").slice(0, 10));
    const done = items.filter((item) => item.classList.contains("is-passed")).length;
    part.querySelector(".progress-count").textContent = `(${done} of ${items.length})`;
    return [done, items.length];
  }

  function markQuestions(part, answers) {
    for (const item of part.querySelectorAll("[data-questions]")) {
      const keys = item.dataset.questions.split(" ");
      const right = keys.filter((key) => answers[key]?.right).length;
      mark(item, right > 0 ? `${right} of ${keys.length} right` : "");
    }
  }

  function markAll(passed) {
    const answers = remembered(QUESTIONS);
    let [done, all] = [0, 0];
    for (const part of document.querySelectorAll(".progress-part")) {
      const [some, many] = markExercises(part, passed);
      markQuestions(part, answers);
      [done, all] = [done + some, all + many];
    }
    return `${done} of ${all} exercises passed.`;
  }

  function start(tools) {
    const said = tools.querySelector(".progress-said");
    const picker = tools.querySelector("input");
    picker.addEventListener("change", async () => {
      if (picker.files.length === 0) return;
      const passed = readFile(await picker.files[0].text());
      if (passed === null) {
        said.textContent = `${picker.files[0].name} does not hold what was passed. ` +
          "torchbook progress names the right file.";
        return;
      }
      remember(EXERCISES, passed);
      said.textContent = markAll(passed);
    });
    tools.querySelector("button").addEventListener("click", () => {
      remember(EXERCISES, null);
      picker.value = "";
      said.textContent = `Forgotten on this page; the file is as it was. ${markAll({})}`;
    });
    said.textContent = markAll(remembered(EXERCISES));
    tools.hidden = false;
  }

  document.querySelectorAll(".progress-tools").forEach(start);
})();
