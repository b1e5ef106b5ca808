/* Three scores, their probabilities, and what the truth costs: page "Softmax",
   torchbook.scratch.activations and losses. */
"use strict";

(() => {
  const { draw, num, plane, curve, slider, choice, row, teller } = torchbookPlay;
  const CLASSES = ["cat", "dog", "fox"];

  /** Probabilities of scores; the largest is subtracted first, so nothing overflows. */
  function softmax(z, temperature = 1) {
    const most = Math.max(...z), e = z.map((v) => Math.exp((v - most) / temperature));
    const sum = e.reduce((a, b) => a + b, 0);
    return e.map((v) => v / sum);
  }
  /** Minus the logarithm of what the true class gets, from the scores in one piece. */
  function crossEntropy(z, truth, temperature = 1) {
    const most = Math.max(...z);
    const sum = z.reduce((a, v) => a + Math.exp((v - most) / temperature), 0);
    return Math.log(sum) - (z[truth] - most) / temperature;
  }

  function start(root) {
    const pair = row(root, "pair");
    const p = plane(pair, { x: [-0.5, 2.5], y: [0, 1], xticks: [0, 1, 2], ylabel: "probability",
      showX: (v) => CLASSES[v], label: "A bar for the probability of each class" });
    const cost = plane(pair, { x: [0, 1], y: [0, 6], xlabel: "probability of the truth", ylabel: "cross-entropy",
      label: "Cross-entropy falls as the probability of the true class rises" });
    const bars = p.layer(), line = cost.layer(), mark = cost.layer();
    const xs = Array.from({ length: 200 }, (_, n) => ((n + 0.5) / 200) ** 2);
    line.append(draw("path", { class: "play-curve", d: curve(cost, xs.map((x) => [x, -Math.log(x)])) }));
    const controls = row(root), say = teller(root);
    const scores = [2, 1, -1].map((value, k) => slider(controls, { label: `Score of ${CLASSES[k]}`,
      min: -6, max: 6, step: 0.1, value, show: (v) => num(v, 1) }, redraw));
    const warm = slider(controls, { label: "Temperature", min: -1, max: 1, step: 0.05, value: 0,
      show: (v) => num(10 ** v) }, redraw);
    const truth = choice(controls, "The truth", { ...CLASSES }, redraw);

    function redraw() {
      const z = scores.map((s) => s.value), T = 10 ** warm.value, y = Number(truth.value);
      const probs = softmax(z, T), loss = crossEntropy(z, y, T);
      bars.replaceChildren(...probs.flatMap((v, k) => [
        draw("rect", { x: p.px(k - 0.3), width: p.px(0.3) - p.px(-0.3), y: p.py(v), height: p.height - p.py(v),
          class: `play-fill-${k}` }),
        draw("text", { x: p.px(k), y: Math.max(26, p.py(v) - 5), "text-anchor": "middle", class: "play-strong" }, num(v))]));
      mark.replaceChildren(draw("circle", { cx: cost.px(probs[y]), cy: cost.py(Math.min(loss, 6)), r: 6, class: "play-one" }));
      const slopes = probs.map((v, k) => num((v - (k === y)) / T));
      say(`${CLASSES[y]} is true and gets ${num(probs[y], 3)}: cross-entropy ${num(loss, 3)}. ` +
        `Slopes in the three scores: ${slopes.join(", ")}.`);
    }
    redraw();
  }

  torchbookPlay.figure("softmax", { softmax, crossEntropy, start });
})();
