/* One score, its probability, and two ways to charge for it: page "The log-loss",
   torchbook.scratch.activations and losses. */
"use strict";

(() => {
  const { draw, num, plane, curve, slider, choice, row, teller } = torchbookPlay;

  /** Without overflow: only exponentials of numbers up to 0 are taken. */
  const sigmoid = (z) => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));
  /** The log-loss of a score, for a label 0 or 1. */
  function logLoss(z, y) {
    const s = (2 * y - 1) * z;
    return Math.max(0, -s) + Math.log1p(Math.exp(-Math.abs(s)));
  }
  const square = (z, y) => (sigmoid(z) - y) ** 2;
  /** Slopes of the two in the score. */
  const slopes = (z, y) => {
    const p = sigmoid(z);
    return { log: p - y, square: 2 * (p - y) * p * (1 - p) };
  };

  function start(root) {
    const pair = row(root, "pair"), x = [-8, 8], xs = Array.from({ length: 161 }, (_, n) => n / 10 - 8);
    const left = plane(pair, { x, y: [0, 1], xlabel: "score z", ylabel: "probability",
      showX: (v) => num(v, 0), label: "The sigmoid, with a point at the chosen score" });
    const right = plane(pair, { x, y: [0, 8], xlabel: "score z", ylabel: "error",
      showX: (v) => num(v, 0), label: "Log-loss and squared error over the score, each with its slope" });
    const curves = [left.layer(), right.layer()], marks = [left.layer(), right.layer()];
    const controls = row(root), say = teller(root);
    const score = slider(controls, { label: "Score", min: -8, max: 8, step: 0.1, value: -2, show: (v) => num(v, 1) }, redraw);
    const label = choice(controls, "The truth", { 0: "label 0", 1: "label 1" }, redraw);
    label.value = "1";

    function redraw() {
      const z = score.value, y = Number(label.value), slope = slopes(z, y);
      const draws = (p, f, kind) => draw("path", { class: `play-curve ${kind}`, d: curve(p, xs.map((v) => [v, f(v, y)])) });
      const dot = (p, f, kind) => draw("circle", { cx: p.px(z), cy: p.py(f(z, y)), r: 6, class: kind });
      const touch = (f, s) => draw("path", { class: "play-curve play-old",
        d: curve(right, [-3, 3].map((d) => [z + d, f(z, y) + d * s])) });
      curves[0].replaceChildren(draws(left, sigmoid, "play-blue"));
      curves[1].replaceChildren(draws(right, logLoss, "play-blue"), draws(right, square, "play-orange"));
      marks[0].replaceChildren(dot(left, sigmoid, "play-zero"));
      marks[1].replaceChildren(touch(logLoss, slope.log), touch(square, slope.square),
        dot(right, logLoss, "play-zero"), dot(right, square, "play-one"));
      say(`Score ${num(z, 1)} is a probability of ${num(sigmoid(z), 3)}. Log-loss (blue) ${num(logLoss(z, y), 3)} ` +
        `with slope ${num(slope.log, 3)}; square (orange) ${num(square(z, y), 3)} with slope ${num(slope.square, 3)}.`);
    }
    redraw();
  }

  torchbookPlay.figure("sigmoid", { sigmoid, logLoss, square, slopes, start });
})();
