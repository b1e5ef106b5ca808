// Lighthouse on pages of the book: node lighthouse.mjs PORT ADDRESS…
//
// PORT is that of a running Chromium's debugger. One line of JSON for each address:
// the scores of 0 to 100, and what was found below a perfect score in the categories asked for.
// The packages come from the folder that it is run in, so that this file can stay with the book.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const here = createRequire(`${process.cwd()}/package.json`);
const { default: lighthouse } = await import(pathToFileURL(here.resolve("lighthouse")));

const CATEGORIES = ["accessibility", "best-practices", "seo", "performance"];
const [port, ...addresses] = process.argv.slice(2);

// What lowered a category, without performance's many measures.
function faults(report, category) {
  return report.categories[category].auditRefs
    .filter(({ weight }) => weight > 0)
    .map(({ id }) => report.audits[id])
    .filter(({ score }) => score !== null && score < 0.9)
    .map(({ id, displayValue }) => (displayValue ? `${id} (${displayValue})` : id));
}

for (const address of addresses) {
  const options = { port: Number(port), onlyCategories: CATEGORIES, logLevel: "silent" };
  const { lhr } = await lighthouse(address, options);
  const line = { address, scores: {}, faults: {}, error: lhr.runtimeError?.message };
  for (const category of CATEGORIES) {
    const { score } = lhr.categories[category];
    line.scores[category] = score === null ? null : Math.round(score * 100);
    line.faults[category] = faults(lhr, category);
  }
  console.log(JSON.stringify(line));
}
process.exit(0); // Lighthouse keeps the connection to the browser open
