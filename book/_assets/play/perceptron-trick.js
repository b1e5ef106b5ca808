/* Points to drag, and a line that learns from one mistake at a time: page "Learning from
   mistakes", torchbook.scratch.perceptron. */
"use strict";

(() => {
  const { draw, num, count, plane, handle, slider, button, row, teller } = torchbookPlay;

  const score = (x, w, b) => w[0] * x[0] + w[1] * x[1] + b;
  const sign = (y) => 2 * y - 1;
  /** On the wrong side, or on the line itself. */
  const isMistake = (x, y, w, b) => sign(y) * score(x, w, b) <= 0;
  /** The line after it has moved towards a sample. */
  const trick = (x, y, w, b, lr) => ({
    w: [w[0] + lr * sign(y) * x[0], w[1] + lr * sign(y) * x[1]],
    b: b + lr * sign(y),
  });

  const POINTS = [
    [-0.7, 0.4, 0], [0.5, 0.75, 1], [-0.35, -0.45, 0], [0.75, 0.05, 1], [-0.8, -0.2, 0],
    [0.15, 0.35, 1], [0.1, -0.75, 0], [0.6, -0.45, 1], [-0.15, 0.8, 1], [-0.45, 0.05, 0],
  ];
  const LINE = { w: [-0.4, 1], b: -0.1 };

  /** Two ends of w · x + b = 0, far outside the picture; none where w is zero. */
  function ends({ w, b }) {
    const size = w[0] ** 2 + w[1] ** 2;
    if (!size) return null;
    const foot = w.map((v) => (-b * v) / size), far = 9 / Math.sqrt(size);
    return [[foot[0] - far * w[1], foot[1] + far * w[0]], [foot[0] + far * w[1], foot[1] - far * w[0]]];
  }

  function start(root) {
    const p = plane(root, { x: [-1.1, 1.1], y: [-1.1, 1.1], height: 350, interactive: true,
      xlabel: "x\u2081", ylabel: "x\u2082", xticks: [-1, -0.5, 0, 0.5, 1], yticks: [-1, -0.5, 0, 0.5, 1],
      label: "Points of two classes and a line that should part them" });
    const side = p.layer(), lines = p.layer(), marks = p.layer(), dots = p.layer();
    const buttons = row(root, "buttons"), controls = row(root), say = teller(root);
    let points, line, before, last, next, steps;

    const rate = slider(controls, { label: "Learning rate", min: 0.05, max: 1, step: 0.05, value: 0.2,
      show: (v) => num(v) }, () => tell("The next correction uses this rate."));
    button(buttons, "Next mistake", step);
    button(buttons, "A whole pass", () => { for (let n = points.length; n && step(); n--); });
    button(buttons, "Start again", reset);

    const wrong = () => points.filter((q) => isMistake(q.at, q.y, line.w, line.b)).length;

    function reset() {
      [line, before, last, next, steps] = [LINE, null, null, 0, 0];
      dots.replaceChildren();
      points = POINTS.map(([x1, x2, y], n) => ({ at: [x1, x2], y, name: n + 1 }));
      points.forEach(place);
      redraw();
      tell("Press \u201cNext mistake\u201d for a correction, or move a point.");
    }

    /** A dot for class 0, a square for class 1. */
    function place(q) {
      q.handle = handle(p, dots, { at: q.at, step: 0.05, shape: [
        draw("circle", { r: 6, class: "play-zero" }),
        draw("rect", { x: -6, y: -6, width: 12, height: 12, class: "play-one" })],
        move: (at) => { q.at = at; redraw(); tell(`Point ${q.name} moved.`); },
        press: () => { q.y = 1 - q.y; dress(q); redraw(); tell(`Point ${q.name} is now of class ${q.y}.`); } });
      dress(q);
    }

    function dress(q) {
      q.handle.node.classList.toggle("play-is-one", q.y === 1);
      q.handle.node.setAttribute("aria-label",
        `Point ${q.name}, class ${q.y}; arrow keys move it, Enter changes its class`);
    }

    /** Use the trick on the next sample that is wrong; false when there is none. */
    function step() {
      for (let n = 0; n < points.length; n++) {
        const q = points[(next + n) % points.length];
        if (!isMistake(q.at, q.y, line.w, line.b)) continue;
        const old = score(q.at, line.w, line.b);
        [before, last, next, steps] = [line, q, q.name % points.length, steps + 1];
        line = trick(q.at, q.y, line.w, line.b, rate.value);
        redraw();
        tell(`Correction ${steps}: point ${q.name}, class ${q.y}, had the score ${num(old)}, ` +
          `and has ${num(score(q.at, line.w, line.b))} now.`);
        return true;
      }
      tell("There is nothing to correct.");
      return false;
    }

    function tell(text) {
      const left = wrong();
      say(`${text} ${left ? `${count(left, "mistake")} left` : "No mistake left"}. ` +
        `w = (${num(line.w[0])}, ${num(line.w[1])}), b = ${num(line.b)}.`);
    }

    function redraw() {
      const path = (at) => at ? `M${at.map((v) => `${p.px(v[0])} ${p.py(v[1])}`).join("L")}` : "";
      const now = ends(line), far = 9 / Math.hypot(...line.w);
      const over = now && [...now, ...now.map((v) => v.map((c, k) => c + far * line.w[k])).reverse()];
      side.replaceChildren(draw("path", { d: path(over), class: "play-side" }));
      lines.replaceChildren(
        draw("path", { d: path(before && ends(before)), class: "play-line play-old" }),
        draw("path", { d: path(now), class: "play-line" }));
      marks.replaceChildren(...(last ? [draw("circle", { cx: p.px(last.at[0]), cy: p.py(last.at[1]),
        r: 12, class: "play-ring" })] : []));
      for (const q of points)
        q.handle.node.classList.toggle("play-wrong", isMistake(q.at, q.y, line.w, line.b));
    }
    reset();
  }

  torchbookPlay.figure("perceptron-trick", { score, isMistake, trick, start });
})();
